//! What the specification says that requests and resources are made of.
//!
//! The tables are made from `spec/schemas.tsv` when the crate is built; nothing is read at run time.

mod check;
mod labels;
mod pattern;
#[cfg(test)]
mod tests;

pub use check::{check, check_patch, check_required};
pub use pattern::matches;

include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// An object's form.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// `Firewall`; an object without a name of its own is called after its field, `Firewall.allowed`.
    pub name: &'static str,
    /// Sorted by name.
    pub fields: &'static [Field],
}

/// A field of an object.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As it stands in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether the API sets it and ignores what clients send.
    pub output_only: bool,
    /// Whether the specification asks for it in `insert`.
    pub required: bool,
    /// The values of an enumeration; empty where any text will do. Of a list they are those of its items.
    pub values: &'static [&'static str],
    /// A regular expression that the whole text has to match.
    pub pattern: Option<&'static str>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string; times, durations and bytes in base64 as well.
    Text,
    /// A number in JSON.
    Int32,
    /// A number in JSON, not negative.
    Uint32,
    /// A string of digits in JSON.
    Int64,
    /// A string of digits in JSON, not negative.
    Uint64,
    /// `true` or `false`.
    Bool,
    /// A number.
    Double,
    /// Any JSON.
    Any,
    /// An object of the schema at that place of the table: [`Kind::object`].
    Object(u16),
    /// A list of one kind.
    List(&'static Kind),
    /// An object whose names are free.
    Map(&'static Kind),
}

/// The schema of a name, `Firewall`.
pub fn named(name: &str) -> Option<&'static Schema> {
    SCHEMAS.binary_search_by(|schema| schema.name.cmp(name)).ok().map(|at| &SCHEMAS[at])
}

/// The schema at a place of the table.
pub(crate) fn at(place: u16) -> &'static Schema {
    &SCHEMAS[usize::from(place)]
}

// === impl Schema ===

impl Schema {
    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| &self.fields[at])
    }
}

// === impl Kind ===

impl Kind {
    /// The schema of an object.
    pub fn object(&self) -> Option<&'static Schema> {
        match self {
            Self::Object(place) => Some(at(*place)),
            _ => None,
        }
    }
}
