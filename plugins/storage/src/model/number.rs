//! Integers of the wire: int64 travels as a string, int32 as a number, and clients send either form of both.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An int64: written as a string, read from a string or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Int64(pub i64);

/// An int32: written as a number, read from a number or a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Int32(pub i32);

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
}

fn read<'de, D: Deserializer<'de>>(source: D) -> Result<i64, D::Error> {
    match Either::deserialize(source)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => {
            text.trim().parse().map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"an integer"))
        }
    }
}

// === impl Int64 ===

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, target: S) -> Result<S::Ok, S::Error> {
        target.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        read(source).map(Self)
    }
}

// === impl Int32 ===

impl Serialize for Int32 {
    fn serialize<S: Serializer>(&self, target: S) -> Result<S::Ok, S::Error> {
        target.serialize_i32(self.0)
    }
}

impl<'de> Deserialize<'de> for Int32 {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let number = read(source)?;
        i32::try_from(number).map(Self).map_err(|_| D::Error::invalid_value(Unexpected::Signed(number), &"an int32"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int64_is_written_as_a_string_and_read_from_both() {
        assert_eq!(serde_json::to_string(&Int64(604_800)).unwrap(), "\"604800\"");
        assert_eq!(serde_json::from_str::<Int64>("604800").unwrap(), Int64(604_800));
        assert_eq!(serde_json::from_str::<Int64>("\"604800\"").unwrap(), Int64(604_800));
        assert!(serde_json::from_str::<Int64>("\"week\"").is_err());
    }

    #[test]
    fn int32_stays_in_its_range() {
        assert_eq!(serde_json::to_string(&Int32(30)).unwrap(), "30");
        assert_eq!(serde_json::from_str::<Int32>("\"30\"").unwrap(), Int32(30));
        assert!(serde_json::from_str::<Int32>("4294967296").is_err());
    }
}
