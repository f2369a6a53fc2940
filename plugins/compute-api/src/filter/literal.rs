//! A value that a filter holds a field against by an operator of AIP-160.

use super::link;
use super::number::Number;
use super::pattern::Pattern;
use fogbank_sdk::Timestamp;
use serde_json::Value;
use std::cmp::Ordering;

/// A value as the filter gives it, read as all that it may be.
#[derive(Debug, Clone)]
pub struct Literal {
    text: String,
    /// Of the text, without the host where it is a URL of a resource.
    pattern: Pattern,
    /// Of the same in lower case.
    words: Pattern,
    number: Option<Number>,
    moment: Option<Timestamp>,
}

impl Literal {
    /// A literal.
    pub fn new(text: String) -> Self {
        let path = link::without_host(&text);
        Self {
            pattern: Pattern::new(path),
            words: Pattern::new(&path.to_lowercase()),
            number: Number::parse(&text),
            moment: moment(&text),
            text,
        }
    }

    /// The text, where no star stands in it.
    pub fn exact(&self) -> Option<&str> {
        self.pattern.is_literal().then_some(self.text.as_str())
    }

    /// Whether the text is one star.
    pub fn is_star(&self) -> bool {
        self.text == "*"
    }

    /// `=`: texts as they are written, by their value what is none, and references by any end of their path.
    pub fn equals(&self, value: &Value) -> bool {
        match value {
            Value::Bool(value) => self.is_bool(*value),
            Value::Number(value) => self.is_number(value),
            Value::String(text) => self.pattern.is(text) || self.is_link(text) || self.is_moment(text),
            _ => false,
        }
    }

    /// What a field that has no value is equal to: the default value of its type.
    pub fn is_default(&self) -> bool {
        self.text.is_empty() || self.is_bool(false) || self.number.is_some_and(Number::is_zero)
    }

    /// `:`: words of a text without regard to case, a key of a map, and else as `=`. Of a reference the name counts, or the path
    /// where the literal has a slash.
    pub fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_words_of(text) || self.is_moment(text),
            Value::Object(fields) => fields.keys().any(|key| self.pattern.is(key)),
            other => self.equals(other),
        }
    }

    /// How a value compares with the literal: as numbers or moments where both are, else as texts. Others do not compare.
    pub fn order(&self, value: &Value) -> Option<Ordering> {
        match value {
            Value::Number(value) => Number::of(value)?.compare(self.number?),
            Value::String(text) => {
                let numbers = || Number::parse(text)?.compare(self.number?);
                let moments = || Some(Timestamp::parse(text).ok()?.cmp(&self.moment?));
                numbers().or_else(moments).or_else(|| Some(text.as_str().cmp(&self.text)))
            }
            _ => None,
        }
    }

    fn is_bool(&self, value: bool) -> bool {
        self.text.eq_ignore_ascii_case(if value { "true" } else { "false" })
    }

    fn is_number(&self, value: &serde_json::Number) -> bool {
        let numbers = || Number::of(value)?.compare(self.number?);
        numbers() == Some(Ordering::Equal) || (!self.pattern.is_literal() && self.pattern.is(&value.to_string()))
    }

    fn is_link(&self, text: &str) -> bool {
        link::path(text).is_some_and(|path| link::ends(path).any(|end| self.pattern.is(end)))
    }

    fn is_moment(&self, text: &str) -> bool {
        self.moment.is_some() && Timestamp::parse(text).ok() == self.moment
    }

    fn is_words_of(&self, text: &str) -> bool {
        let part = match link::path(text) {
            Some(path) if self.text.contains('/') => path,
            Some(path) => link::last(path),
            None => text,
        };
        self.words.is_words_of(&part.to_lowercase())
    }
}

/// A moment, or a day's beginning.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse_date(text)).ok()
}

/// Whether a field has a value at all, for `field:*`. What is empty is what a field is when nobody sets it.
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
