//! Labels. <https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels>

use crate::model::config::Config;
use fogbank_sdk::{Error, Result};

const MOST: usize = 64;
const LONGEST: usize = 63;

pub(super) fn settle(wanted: &mut Config) -> Result<()> {
    let Some(labels) = &wanted.labels else { return Ok(()) };
    if labels.len() > MOST {
        return Err(Error::invalid(format!("A bucket can have at most {MOST} labels.")));
    }
    for (key, value) in labels {
        if !is_key(key) {
            return Err(Error::invalid(format!("Invalid label key: {key:?}")));
        }
        if !is_word(value) {
            return Err(Error::invalid(format!("Invalid label value: {value:?}")));
        }
    }
    if labels.is_empty() {
        wanted.labels = None;
    }
    Ok(())
}

fn is_key(key: &str) -> bool {
    key.chars().next().is_some_and(|first| first.is_alphabetic() && !first.is_uppercase()) && is_word(key)
}

fn is_word(word: &str) -> bool {
    let allowed = |letter: char| (letter.is_alphanumeric() && !letter.is_uppercase()) || letter == '_' || letter == '-';
    word.chars().count() <= LONGEST && word.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refusal, settled};
    use serde_json::json;

    #[test]
    fn labels_are_lower_case_words() {
        let config = settled(None, json!({"labels": {"env": "dev", "größe": "", "a_b-1": "1-x"}})).unwrap();
        assert_eq!(config.labels.unwrap().len(), 3);
        for bad in [json!({"Env": "x"}), json!({"": "x"}), json!({"1a": "x"}), json!({"a": "X"}), json!({"a": "b c"})] {
            assert_eq!(refusal(settled(None, json!({"labels": bad}))).0, 400);
        }
        assert_eq!(refusal(settled(None, json!({"labels": {"a": "x".repeat(64)}}))).0, 400);
    }

    #[test]
    fn no_labels_is_no_field() {
        assert_eq!(settled(None, json!({"labels": {}})).unwrap().labels, None);
    }
}
