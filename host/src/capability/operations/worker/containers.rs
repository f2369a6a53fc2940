//! What a service has to be told of its containers, collected until it is.

use std::collections::BTreeSet;

/// Containers to be told of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Containers {
    #[default]
    None,
    Named(BTreeSet<String>),
    /// Without naming any.
    All,
}

impl Containers {
    /// Adds these; all, where none is named.
    pub fn add(&mut self, names: &BTreeSet<String>) {
        match self {
            _ if names.is_empty() => *self = Self::All,
            Self::All => {}
            Self::Named(known) => known.extend(names.iter().cloned()),
            Self::None => *self = Self::Named(names.clone()),
        }
    }

    /// What there is to tell, which is none after that.
    pub fn take(&mut self) -> Option<BTreeSet<String>> {
        match std::mem::take(self) {
            Self::None => None,
            Self::Named(names) => Some(names),
            Self::All => Some(BTreeSet::new()),
        }
    }
}
