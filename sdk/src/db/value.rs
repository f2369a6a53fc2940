//! Values between Rust and the database.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result, wit};
use crate::time::Timestamp;

/// A value of a row or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL
    Null,
    /// BOOLEAN
    Boolean(bool),
    /// BIGINT
    Integer(i64),
    /// DOUBLE PRECISION
    Double(f64),
    /// TEXT
    Text(String),
    /// BYTEA or BLOB
    Bytes(Vec<u8>),
}

/// A column of JSON text: `params![Json(&labels)]`, `row.get::<Json<Labels>>("labels")?.0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl Value {
    pub(super) fn into_wit(self) -> wit::Value {
        match self {
            Self::Null => wit::Value::Null,
            Self::Boolean(value) => wit::Value::Boolean(value),
            Self::Integer(value) => wit::Value::Integer(value),
            Self::Double(value) => wit::Value::Double(value),
            Self::Text(value) => wit::Value::Text(value),
            Self::Bytes(value) => wit::Value::Bytes(value),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Double(_) => "double",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Null => Self::Null,
            wit::Value::Boolean(value) => Self::Boolean(value),
            wit::Value::Integer(value) => Self::Integer(value),
            wit::Value::Double(value) => Self::Double(value),
            wit::Value::Text(value) => Self::Text(value),
            wit::Value::Bytes(value) => Self::Bytes(value),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

value_from! {
    bool => |value| Self::Boolean(value);
    i32 => |value| Self::Integer(value.into());
    u32 => |value| Self::Integer(value.into());
    u16 => |value| Self::Integer(value.into());
    i64 => |value| Self::Integer(value);
    f64 => |value| Self::Double(value);
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    &str => |value| Self::Text(value.to_owned());
    Vec<u8> => |value| Self::Bytes(value);
    &Vec<u8> => |value| Self::Bytes(value.clone());
    &[u8] => |value| Self::Bytes(value.to_vec());
    Timestamp => |value| Self::Integer(value.millis());
}

impl From<u64> for Value {
    /// A number beyond 2^63 - 1 becomes 2^63 - 1: no column holds more.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    /// As for `u64`.
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Serialize> From<Json<T>> for Value {
    /// NULL, with a line in the log, where it cannot be written as JSON (a map with keys that are not text).
    fn from(value: Json<T>) -> Self {
        serde_json::to_string(&value.0).map_or_else(
            |error| {
                crate::log::error!("a column cannot be written as JSON: {error}");
                Self::Null
            },
            Self::Text,
        )
    }
}

impl<T> From<Option<T>> for Value
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// Takes the value.
    ///
    /// Errors: `other`, saying what was there, for a value of another kind.
    fn from_value(value: Value) -> Result<Self>;
}

fn mismatch<T>(value: &Value, wanted: &str) -> Result<T> {
    Err(Error::Other(format!("a column holds {} where {wanted} was expected", value.kind())))
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Integer(value) => Ok(value),
            Value::Boolean(value) => Ok(value.into()),
            value => mismatch(&value, "an integer"),
        }
    }
}

macro_rules! narrower_integers {
    ($($type:ty)*) => {
        $(impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self> {
                let wide = i64::from_value(value)?;
                Self::try_from(wide).map_err(|_| Error::Other(format!("a column holds {wide}, which is out of range")))
            }
        })*
    };
}

narrower_integers!(u64 u32 i32 u16 usize);

impl FromValue for bool {
    /// SQLite has no booleans of its own: a number that is not 0 is true.
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Boolean(value) => Ok(value),
            Value::Integer(value) => Ok(value != 0),
            value => mismatch(&value, "a boolean"),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Double(value) => Ok(value),
            Value::Integer(value) => Ok(value as Self),
            value => mismatch(&value, "a double"),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(value) => Ok(value),
            value => mismatch(&value, "text"),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Bytes(value) => Ok(value),
            value => mismatch(&value, "bytes"),
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value) -> Result<Self> {
        let read = match &value {
            Value::Text(text) => serde_json::from_str(text),
            Value::Bytes(bytes) => serde_json::from_slice(bytes),
            value => return mismatch(value, "JSON text"),
        };
        read.map(Self).map_err(|error| Error::Other(format!("a column's JSON does not read: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    #[test]
    fn params_take_what_handlers_have() {
        let name = "n".to_owned();
        let labels = std::collections::BTreeMap::from([("a", 1)]);
        assert_eq!(
            params![&name, 1_i64, u64::MAX, None::<&str>, Some(2_u32), true, [1_u8, 2], Json(&labels)],
            [
                Value::Text("n".into()),
                Value::Integer(1),
                Value::Integer(i64::MAX),
                Value::Null,
                Value::Integer(2),
                Value::Boolean(true),
                Value::Bytes(vec![1, 2]),
                Value::Text("{\"a\":1}".into()),
            ]
        );
        assert!(params![].is_empty());
    }

    #[test]
    fn columns_are_read_as_what_is_asked_for() {
        assert!(bool::from_value(Value::Integer(1)).unwrap());
        assert_eq!(u32::from_value(Value::Integer(7)).unwrap(), 7);
        assert!(u32::from_value(Value::Integer(-7)).is_err());
        assert_eq!(Option::<String>::from_value(Value::Null).unwrap(), None);
        assert!(String::from_value(Value::Null).is_err());
        assert_eq!(Json::<Vec<u8>>::from_value(Value::Text("[1]".into())).unwrap().0, [1]);
        assert!(Json::<Vec<u8>>::from_value(Value::Text("[".into())).is_err());
    }
}
