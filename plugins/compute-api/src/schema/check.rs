//! Holds a request's body against its schema. No schema contains itself, so a body is followed as deep as they go and no further.

use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

use super::{Field, Kind, Schema, labels, pattern};

/// Checks the body of a request and brings it into the form that is stored: numbers of 64 bits as strings, fields that only the
/// API sets and `null`s removed.
///
/// Errors: 400 naming the field that is unknown, has a wrong type, or a value that it may not have.
pub fn check(schema: &'static Schema, body: &mut Value) -> Result<()> {
    Check { keep_null: false }.object(schema, body, &mut Place::default())
}

/// As [`check`] for the body of a patch: `null`s stay, they say what to remove.
pub fn check_patch(schema: &'static Schema, body: &mut Value) -> Result<()> {
    Check { keep_null: true }.object(schema, body, &mut Place::default())
}

/// Whether the fields are there that the specification asks for in `insert`.
///
/// Errors: 400 `required` naming the first that is missing.
pub fn check_required(schema: &'static Schema, body: &Value) -> Result<()> {
    let missing = |field: &&Field| field.required && body.get(field.name).is_none_or(Value::is_null);
    match schema.fields.iter().find(missing) {
        None => Ok(()),
        Some(field) => {
            let message = format!("Required field 'resource.{}' not specified", field.name);
            Err(Error::invalid(message).with_reason("required"))
        }
    }
}

/// Where in the body we are: `resource.disks[0].boot`.
#[derive(Default)]
struct Place {
    path: String,
}

impl Place {
    fn within<T>(&mut self, step: &str, inside: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let length = self.path.len();
        self.path.push_str(step);
        let result = inside(self);
        self.path.truncate(length);
        result
    }

    fn name(&self) -> String {
        format!("resource{}", self.path)
    }
}

struct Check {
    keep_null: bool,
}

impl Check {
    fn object(&self, schema: &'static Schema, value: &mut Value, place: &mut Place) -> Result<()> {
        let Value::Object(object) = value else { return Err(wrong_type(place, schema.name, value)) };
        self.drop_ignored(schema, object, place)?;
        for (name, value) in object.iter_mut().filter(|(_, value)| !value.is_null()) {
            let Some(field) = schema.field(name) else { continue };
            place.within(&format!(".{name}"), |place| self.value(field, &field.kind, value, place))?;
        }
        Ok(())
    }

    /// Refuses unknown fields, removes what only the API sets, and `null`s.
    fn drop_ignored(&self, schema: &Schema, object: &mut Map<String, Value>, place: &Place) -> Result<()> {
        if let Some(name) = object.keys().find(|name| schema.field(name).is_none()) {
            return Err(unknown(place, name));
        }
        let output_only = |name: &String| schema.field(name).is_some_and(|field| field.output_only);
        object.retain(|name, value| !output_only(name) && (self.keep_null || !value.is_null()));
        Ok(())
    }

    fn value(&self, field: &'static Field, kind: &Kind, value: &mut Value, place: &mut Place) -> Result<()> {
        match kind {
            Kind::Any => Ok(()),
            Kind::Object(at) => self.object(super::at(*at), value, place),
            Kind::List(item) => self.list(field, item, value, place),
            Kind::Map(item) => self.map(field, item, value, place),
            Kind::Text => text(field, value, place),
            Kind::Bool => bool(value, place),
            Kind::Double => double(value, place),
            Kind::Int32 => small(value, i32::MIN.into(), i32::MAX.into(), "TYPE_INT32", place),
            Kind::Uint32 => small(value, 0, u32::MAX.into(), "TYPE_UINT32", place),
            Kind::Int64 => large(value, i64::MIN.into(), i64::MAX.into(), "TYPE_INT64", place),
            Kind::Uint64 => large(value, 0, u64::MAX.into(), "TYPE_UINT64", place),
        }
    }

    fn list(&self, field: &'static Field, item: &Kind, value: &mut Value, place: &mut Place) -> Result<()> {
        let Value::Array(items) = value else { return Err(wrong_type(place, "a list", value)) };
        for (at, value) in items.iter_mut().enumerate() {
            place.within(&format!("[{at}]"), |place| self.value(field, item, value, place))?;
        }
        Ok(())
    }

    fn map(&self, field: &'static Field, item: &Kind, value: &mut Value, place: &mut Place) -> Result<()> {
        let Value::Object(object) = value else { return Err(wrong_type(place, "a map", value)) };
        object.retain(|_, value| self.keep_null || !value.is_null());
        for (name, value) in object.iter_mut().filter(|(_, value)| !value.is_null()) {
            place.within(&format!(".{name}"), |place| self.value(field, item, value, place))?;
        }
        if field.name == "labels" { labels::check(&place.name(), object) } else { Ok(()) }
    }
}

fn text(field: &Field, value: &Value, place: &Place) -> Result<()> {
    let Value::String(text) = value else { return Err(wrong_type(place, "TYPE_STRING", value)) };
    if !field.values.is_empty() && !field.values.contains(&text.as_str()) {
        let values = field.values.join("', '");
        return Err(invalid(place, text, &format!("Must be one of ['{values}'].")));
    }
    match field.pattern.filter(|pattern| !pattern::matches(pattern, text)) {
        Some(pattern) => Err(invalid(place, text, &format!("Must be a match of regex '(?:{pattern})'"))),
        None => Ok(()),
    }
}

fn bool(value: &mut Value, place: &Place) -> Result<()> {
    let known = match &*value {
        Value::Bool(known) => Some(*known),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    *value = Value::Bool(known.ok_or_else(|| wrong_type(place, "TYPE_BOOL", value))?);
    Ok(())
}

fn double(value: &mut Value, place: &Place) -> Result<()> {
    let number = match &*value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    };
    let number = number.ok_or_else(|| wrong_type(place, "TYPE_DOUBLE", value))?;
    if value.is_string() {
        *value = json!(number);
    }
    Ok(())
}

/// Up to 32 bits: a number, or digits in a string; stored as a number.
fn small(value: &mut Value, least: i128, most: i128, kind: &str, place: &Place) -> Result<()> {
    let number = integer(value).filter(|number| (least..=most).contains(number));
    let number = number.and_then(|number| i64::try_from(number).ok());
    *value = json!(number.ok_or_else(|| wrong_type(place, kind, value))?);
    Ok(())
}

/// 64 bits: a number, or digits in a string; stored as a string, for JavaScript's numbers do not hold them.
fn large(value: &mut Value, least: i128, most: i128, kind: &str, place: &Place) -> Result<()> {
    let number = integer(value).filter(|number| (least..=most).contains(number));
    *value = Value::String(number.ok_or_else(|| wrong_type(place, kind, value))?.to_string());
    Ok(())
}

/// A whole number in any of the ways to write one (`10`, `"10"`, `10.0`).
fn integer(value: &Value) -> Option<i128> {
    /// Whole numbers up to here are exact in a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
                let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
                Some(whole as i128)
            })
        }
        _ => None,
    }
}

fn unknown(place: &Place, name: &str) -> Error {
    bad(
        place,
        format!("Invalid JSON payload received. Unknown name {name:?} at '{}': Cannot find field.", place.name()),
    )
}

fn wrong_type(place: &Place, kind: &str, value: &Value) -> Error {
    bad(place, format!("Invalid value at '{}' ({kind}), {}", place.name(), shown(value)))
}

/// A value in an error, cut where it is long.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 100;
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        _ => value.to_string().chars().take(LONGEST).collect(),
    }
}

/// A body that cannot be read: as the layer before the API tells it.
fn bad(place: &Place, message: String) -> Error {
    let violation = json!({ "field": place.name(), "description": message });
    Error::invalid(message)
        .with_reason("badRequest")
        .with_details(json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation] }))
}

/// A value that the API refuses.
fn invalid(place: &Place, value: &str, why: &str) -> Error {
    Error::invalid(format!("Invalid value for field '{}': '{value}'. {why}", place.name()))
}
