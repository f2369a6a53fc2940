//! What labels may be. <https://cloud.google.com/compute/docs/labeling-resources#requirements>

use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

/// Labels of one resource, and characters of a key or a value.
const MOST: usize = 64;
const LONGEST: usize = 63;

/// Refuses labels that cannot be.
///
/// Errors: 400 naming the key.
pub fn check(place: &str, labels: &Map<String, Value>) -> Result<()> {
    if labels.len() > MOST {
        return Err(Error::invalid(format!("Invalid value for field '{place}': there are more than {MOST} labels.")));
    }
    for (key, value) in labels {
        if !is_key(key) {
            let why = "A key begins with a lowercase letter and has at most 63 lowercase letters, digits, '_' and '-'.";
            return Err(Error::invalid(format!("Invalid value for field '{place}': '{key}'. {why}")));
        }
        if !value.as_str().is_none_or(is_value) {
            let why = "A value has at most 63 lowercase letters, digits, '_' and '-'.";
            return Err(Error::invalid(format!(
                "Invalid value for field '{place}.{key}': '{}'. {why}",
                value.as_str().unwrap_or_default()
            )));
        }
    }
    Ok(())
}

fn is_key(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_alphabetic() && !first.is_uppercase()) && is_value(text)
}

fn is_value(text: &str) -> bool {
    let may = |character: char| (character.is_alphanumeric() && !character.is_uppercase()) || "_-".contains(character);
    text.chars().count() <= LONGEST && text.chars().all(may)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_are_lower_case_and_short() {
        let check = |labels: Value| {
            check("resource.labels", labels.as_object().unwrap()).map_err(|error| error.message().to_owned())
        };
        assert!(check(json!({"env": "dev-1_a", "größe": "", "a": null})).is_ok());
        for bad in [
            json!({"Not a key": "x"}),
            json!({"1st": "x"}),
            json!({"": "x"}),
            json!({"a": "X"}),
            json!({"a": "x".repeat(64)}),
        ] {
            assert!(check(bad.clone()).unwrap_err().contains("resource.labels"), "{bad}");
        }
        let many: Map<String, Value> = (0..65).map(|at| (format!("k{at}"), json!(""))).collect();
        assert!(check(Value::Object(many)).is_err());
    }
}
