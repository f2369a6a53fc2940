//! The filter language of lists and searches: `lifecycleState:ACTIVE AND (id=shop-* OR labels.env:test)`.
//!
//! Restrictions that only a space stands between all have to hold (AIP-160). Everything is compared without regard to case; `*`
//! stands for any run of characters. `field:(a b)` holds where one of the values does. A filter is evaluated here and never becomes
//! SQL.

mod parse;
mod pattern;
mod scan;

use fogbank_sdk::{Result, Timestamp};
use pattern::Pattern;

/// What a filter looks at.
pub trait Fields {
    /// The values of a field, whose name is in lower case but for the keys of labels.
    fn values(&self, field: &str) -> Vec<String>;

    /// What a word without a field is looked for in.
    fn texts(&self) -> Vec<String>;
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All hold; none at all hold always.
    All(Vec<Filter>),
    /// One holds.
    Any(Vec<Filter>),
    /// The other does not hold.
    Not(Box<Filter>),
    /// A field and what it is held against.
    Field {
        /// In lower case, but for the key of a label.
        name: String,
        /// How.
        operator: Operator,
        /// Against what.
        pattern: Pattern,
    },
    /// A word somewhere.
    Word(Pattern),
}

/// How a field is held against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=` and `:`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Filter {
    /// Reads a filter; `known` says which fields there are, in lower case.
    ///
    /// Errors: 400 for what is none, and for fields that nobody knows.
    pub fn parse(text: &str, known: fn(&str) -> bool) -> Result<Self> {
        parse::filter(text, known)
    }

    /// Whether the filter lets something through.
    pub fn matches(&self, subject: &impl Fields) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(subject)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(subject)),
            Self::Not(filter) => !filter.matches(subject),
            Self::Field { name, operator, pattern } => holds(&subject.values(name), *operator, pattern),
            Self::Word(pattern) => subject.texts().iter().any(|text| pattern.is_within(text)),
        }
    }

    /// The one value that a field named one of `names` has to have, where the filter says so.
    pub fn exact(&self, names: &[&str]) -> Option<&str> {
        match self {
            Self::All(filters) => filters.iter().find_map(|filter| filter.exact(names)),
            Self::Field { name, operator: Operator::Is, pattern } if names.contains(&name.as_str()) => {
                pattern.literal()
            }
            _ => None,
        }
    }
}

fn holds(values: &[String], operator: Operator, pattern: &Pattern) -> bool {
    let compare =
        |fine: fn(std::cmp::Ordering) -> bool| values.iter().any(|value| pattern.compare(value).is_some_and(fine));
    match operator {
        Operator::Is => values.iter().any(|value| pattern.is(value)),
        Operator::IsNot => !values.iter().any(|value| pattern.is(value)),
        Operator::Less => compare(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => compare(std::cmp::Ordering::is_le),
        Operator::Greater => compare(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => compare(std::cmp::Ordering::is_ge),
    }
}

/// Moments compare as instants, everything else as lower-case text.
fn order(value: &str, other: &str) -> std::cmp::Ordering {
    match (Timestamp::parse(value), Timestamp::parse(other)) {
        (Ok(value), Ok(other)) => value.cmp(&other),
        _ => value.to_lowercase().cmp(&other.to_lowercase()),
    }
}
