//! The parameter `filter` of lists, in both of Google's languages.
//!
//! | language | example | in |
//! |---|---|---|
//! | AIP-160 | `(status = RUNNING) OR labels.env:* AND -zone:us-central1-a` | [`aip160`] |
//! | regular expressions, which gcloud sends | `(status eq RUNNING)(name ne ".*web.*")` | [`legacy`] |
//!
//! One filter is in one of them. Source: the description of `filter` in `specs/compute.v1.json`.
//!
//! A field that is a list stands for each of its elements: one of them has to be right. A reference to a resource (a whole URL) may
//! be named by any end of its path. A field that a resource does not have is equal to the default value of its type (`false`, `0`,
//! the empty text), but a label that it does not have is equal to nothing. `!=`, `ne`, and `NOT` hold where the other does not.

mod aip160;
mod legacy;
mod link;
mod literal;
mod number;
mod path;
mod pattern;
mod regex;
mod scan;
#[cfg(test)]
mod tests;

use fogbank_sdk::{Error, Result};
use literal::Literal;
use path::{Found, Path};
use regex::Whole;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// How long a filter may be, in bytes.
const LONGEST: usize = 8192;
/// How deep brackets may nest. gcloud opens one for each condition behind the first.
const DEPTH: usize = 100;
/// How much of a filter an error tells again, in characters.
const SHOWN: usize = 512;

/// A filter.
#[derive(Debug, Clone)]
pub struct Filter(Expression);

#[derive(Debug, Clone)]
enum Expression {
    /// All hold; none at all hold always.
    All(Vec<Expression>),
    /// One holds.
    Any(Vec<Expression>),
    /// The other does not hold.
    Not(Box<Expression>),
    /// A field and what it has to be.
    Field(Path, Test),
}

#[derive(Debug, Clone)]
enum Test {
    /// `:*`
    IsSet,
    /// `=`
    Is(Literal),
    /// `:`
    Has(Literal),
    /// `<`, `<=`, `>`, `>=`
    Compares(fn(Ordering) -> bool, Literal),
    /// `eq`
    Matches(Whole),
}

/// Why a text is no filter: a sentence for people.
type Malformed = String;

/// A place that a filter keeps a list to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// This zone, by its name.
    Zone(&'a str),
    /// This region, by its name.
    Region(&'a str),
}

impl Filter {
    /// Reads a filter. An empty one lets everything through.
    ///
    /// Errors: 400 `invalid`, as Compute Engine words it; why is in `details`.
    pub fn parse(text: &str) -> Result<Self> {
        let read = || match text.len() {
            length if length > LONGEST => Err(format!("It is longer than {LONGEST} bytes.")),
            _ if text.trim().is_empty() => Ok(Expression::All(Vec::new())),
            _ if legacy::is_it(text) => legacy::read(text),
            _ => aip160::read(text),
        };
        read().map(Self).map_err(|why| invalid(text, &why))
    }

    /// Whether the filter lets a resource through, given as the API shows it.
    pub fn matches(&self, resource: &Value) -> bool {
        self.0.holds(resource)
    }

    /// The name that all resources have which the filter lets through, where it says so: a list may look it up.
    pub fn exact_name(&self) -> Option<&str> {
        self.0.exact("name")
    }

    /// The zone or region that all resources are in which the filter lets through, where it says so.
    pub fn scope(&self) -> Option<Scope<'_>> {
        let place = |field| self.0.exact(field).map(link::last).filter(|name| !name.is_empty());
        place("zone").map(Scope::Zone).or_else(|| place("region").map(Scope::Region))
    }

    /// The fields that the filter looks at, each as the segments of its path: for those who know which fields there are.
    pub fn fields(&self) -> Vec<&[String]> {
        let mut fields = Vec::new();
        self.0.collect_fields(&mut fields);
        fields
    }
}

impl Expression {
    fn holds(&self, resource: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|expression| expression.holds(resource)),
            Self::Any(any) => any.iter().any(|expression| expression.holds(resource)),
            Self::Not(expression) => !expression.holds(resource),
            Self::Field(path, test) => match path.find(resource, &|value| test.holds(value)) {
                Found::It => true,
                Found::Others => false,
                Found::Nothing => !path.is_key() && test.holds_by_default(),
            },
        }
    }

    fn exact(&self, field: &str) -> Option<&str> {
        match self {
            Self::All(all) => all.iter().find_map(|expression| expression.exact(field)),
            // What holds for a field without a value, too, does not pin it.
            Self::Field(path, test) if path.is(field) && !test.holds_by_default() => match test {
                Test::Is(literal) => literal.exact(),
                Test::Matches(whole) => whole.exact(),
                _ => None,
            },
            _ => None,
        }
    }

    fn collect_fields<'a>(&'a self, fields: &mut Vec<&'a [String]>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_fields(fields)),
            Self::Not(expression) => expression.collect_fields(fields),
            Self::Field(path, _) => fields.push(path.segments()),
        }
    }

    /// `NOT`
    fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// All of these, or the only one.
    fn all(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::IsSet => literal::is_set(value),
            Self::Is(literal) => literal.equals(value),
            Self::Has(literal) => literal.is_in(value),
            Self::Compares(fine, literal) => literal.order(value).is_some_and(fine),
            Self::Matches(whole) => whole.matches(value),
        }
    }

    /// Whether it holds for a field that nobody set.
    fn holds_by_default(&self) -> bool {
        match self {
            Self::Is(literal) => literal.is_default(),
            Self::Matches(whole) => whole.matches_default(),
            Self::IsSet | Self::Has(_) | Self::Compares(..) => false,
        }
    }
}

fn invalid(text: &str, why: &str) -> Error {
    let shown: String = text.chars().take(SHOWN).collect();
    Error::invalid(format!("Invalid value for field 'filter': '{shown}'. Invalid list filter expression."))
        .with_details(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "filter", "description": why}],
        }))
}
