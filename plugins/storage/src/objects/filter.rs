//! `filter` of `objects.list`: objects by their contexts.
//!
//! `contexts."KEY":*` has the key, `contexts."KEY"="VALUE"` has it with this value; a `-` in front says the opposite.
//!
//! <https://cloud.google.com/storage/docs/listing-objects#filter-by-object-contexts>

use super::record::Object;
use fogbank_sdk::{Error, Result};
use serde_json::Value;

/// A condition on an object's contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    negated: bool,
    key: String,
    /// Absent: any value.
    value: Option<String>,
}

impl Filter {
    /// Reads the parameter; 400 for what is not one condition on contexts.
    pub fn parse(text: &str) -> Result<Filter> {
        read(text.trim())
            .ok_or_else(|| Error::invalid(format!("Invalid filter: {text}")).with_location("parameter", "filter"))
    }

    /// Whether the object is listed.
    pub fn keeps(&self, object: &Object) -> bool {
        let payload = object.contexts.as_ref().map(|contexts| &contexts["custom"][&self.key]["value"]);
        let has = match (payload.and_then(Value::as_str), &self.value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(value), Some(wanted)) => value == wanted,
        };
        has != self.negated
    }
}

fn read(text: &str) -> Option<Filter> {
    let (negated, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (key, rest) = quoted(text.strip_prefix("contexts.")?)?;
    let value = match rest {
        ":*" => None,
        rest => {
            let (value, behind) = quoted(rest.strip_prefix('=')?)?;
            behind.is_empty().then_some(Some(value))?
        }
    };
    Some(Filter { negated, key, value })
}

/// The text in the double quotes at the beginning, and what follows them.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut content = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((content, &text[at + 1..])),
            '\\' => content.push(letters.next()?.1),
            letter => content.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keeps(filter: &str) -> bool {
        let contexts = json!({"custom": {"team \"a\"": {"value": "x"}, "k": {"value": "v"}}});
        Filter::parse(filter).unwrap().keeps(&Object { contexts: Some(contexts), ..Object::default() })
    }

    #[test]
    fn contexts_decide() {
        assert!(keeps("contexts.\"k\":*") && keeps("contexts.\"k\"=\"v\"") && keeps("contexts.\"team \\\"a\\\"\":*"));
        assert!(!keeps("contexts.\"k\"=\"w\"") && !keeps("-contexts.\"k\":*") && !keeps("contexts.\"other\":*"));
        assert!(keeps("-contexts.\"k\"=\"w\"") && keeps("-contexts.\"other\":*"));
        assert!(!Filter::parse("contexts.\"k\":*").unwrap().keeps(&Object::default()));
    }

    #[test]
    fn f35_what_is_no_condition_is_refused() {
        for text in [
            "",
            "name=\"a\"",
            "contexts.k:*",
            "contexts.\"k\"",
            "contexts.\"k\"=\"v\" AND x",
            "contexts.\"k",
            "contexts.\"k\"=v",
        ] {
            assert_eq!(Filter::parse(text).unwrap_err().http_status(), 400, "{text}");
        }
    }
}
