//! The path of a field, `scheduling.automaticRestart`, and the values that a resource has there.

use serde_json::Value;

/// How many segments a path may have.
const SEGMENTS: usize = 16;
/// Fields whose keys people choose. A key that is not there has no value, whereas a field that is not there has the default one.
const MAPS: [&str; 3] = ["labels", "annotations", "resourceManagerTags"];

/// A path: one segment at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<String>);

/// What [`Path::find`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The resource has no value there.
    Nothing,
    /// There are values, none of them the right one.
    Others,
    /// One of the values is the right one.
    It,
}

impl Path {
    /// A path of these segments; none where there are none or too many.
    pub fn new(segments: Vec<String>) -> Option<Self> {
        let fine = (1..=SEGMENTS).contains(&segments.len()) && segments.iter().all(|segment| !segment.is_empty());
        fine.then_some(Self(segments))
    }

    /// The segments.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether the path is this one field of the resource itself.
    pub fn is(&self, field: &str) -> bool {
        matches!(self.0.as_slice(), [only] if only == field)
    }

    /// Whether the last segment is a key that somebody chose.
    pub fn is_key(&self) -> bool {
        let before = self.0.len().checked_sub(2).and_then(|at| self.0.get(at));
        before.is_some_and(|field| MAPS.contains(&field.as_str()))
    }

    /// Looks for a value for which `right` holds. Lists on the way stand for all that is in them.
    pub fn find(&self, resource: &Value, right: &dyn Fn(&Value) -> bool) -> Found {
        find(&self.0, resource, right)
    }
}

fn find(segments: &[String], value: &Value, right: &dyn Fn(&Value) -> bool) -> Found {
    match (value, segments) {
        (Value::Null, _) => Found::Nothing,
        (Value::Array(items), _) => {
            let all = items.iter().map(|item| find(segments, item, right));
            all.fold(Found::Nothing, Found::better)
        }
        (Value::Object(fields), [first, rest @ ..]) => {
            fields.get(first).map_or(Found::Nothing, |value| find(rest, value, right))
        }
        (_, []) if right(value) => Found::It,
        (_, []) => Found::Others,
        _ => Found::Nothing,
    }
}

impl Found {
    fn better(self, other: Self) -> Self {
        match (self, other) {
            (Self::It, _) | (_, Self::It) => Self::It,
            (Self::Others, _) | (_, Self::Others) => Self::Others,
            _ => Self::Nothing,
        }
    }
}
