//! What a caller carries beside the name: what the token's scopes and its access boundary leave, and what a federated identity is a
//! member of. The host keeps it as a text and brings it back with each question.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::boundary::Boundary;

/// The parts, each absent where there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Restriction {
    /// OAuth scopes with spaces between them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Boundary>,
    /// Groups that the identity provider names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Attributes that the provider's mapping gives (`attribute.NAME`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl Restriction {
    /// Reads the text. What does not read comes from no version of this service: nothing is left of the caller's rights then.
    pub fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        serde_json::from_str(text).ok()
    }

    /// The text; empty where nothing is restricted.
    pub fn text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        serde_json::to_string(self).unwrap_or_else(|_| "unreadable".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_reads_back_and_nothing_is_an_empty_text() {
        assert_eq!(Restriction::default().text(), "");
        let restriction = Restriction {
            scope: "https://www.googleapis.com/auth/devstorage.read_only".into(),
            groups: vec!["devs".into()],
            attributes: BTreeMap::from([("branch".into(), "main".into())]),
            boundary: None,
        };
        assert_eq!(Restriction::read(&restriction.text()), Some(restriction));
        assert_eq!(Restriction::read(""), Some(Restriction::default()));
        assert_eq!(Restriction::read("{"), None);
    }
}
