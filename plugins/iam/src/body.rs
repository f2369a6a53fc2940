//! Bodies as protocol buffers' JSON has them: `null` is as good as nothing.

use fogbank_sdk::{Error, Request, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a request's body.
///
/// Errors: 400 for what is no JSON, or of another shape.
pub fn read<T: DeserializeOwned>(request: &mut Request) -> Result<T> {
    let mut sent: Value = request.json()?;
    forget_nulls(&mut sent);
    serde_json::from_value(sent).map_err(|error| Error::invalid(format!("Invalid value: {error}")))
}

fn forget_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(forget_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::RequestHead;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sent {
        delegates: Vec<String>,
        inner: Option<Box<Sent>>,
    }

    #[test]
    fn null_is_nothing_and_other_shapes_are_400() {
        let read = |text: &str| {
            let head = RequestHead::new("x", "POST", "/").unwrap();
            read::<Sent>(&mut Request::new(head, text.as_bytes().to_vec()))
        };
        let inner = Some(Box::new(Sent::default()));
        assert_eq!(
            read(r#"{"delegates": null, "inner": {"delegates": null}}"#).unwrap(),
            Sent { delegates: vec![], inner }
        );
        assert_eq!(read("").unwrap(), Sent::default());
        assert_eq!(read(r#"{"delegates": 1}"#).unwrap_err().http_status(), 400);
        assert_eq!(read("[").unwrap_err().http_status(), 400);
    }
}
