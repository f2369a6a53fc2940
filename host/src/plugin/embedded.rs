//! The services inside this binary.

use super::package::MemoryPackage;
use std::borrow::Cow;

type Files = &'static [(&'static str, &'static [u8])];

/// Name and files of each, as the build script listed them.
const EMBEDDED: &[(&str, Files)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The embedded services, in order of their names.
pub fn packages() -> Vec<MemoryPackage> {
    let package = |(name, files): &(&str, Files)| MemoryPackage {
        name: (*name).to_owned(),
        files: files.iter().map(|(path, bytes)| ((*path).to_owned(), Cow::Borrowed(*bytes))).collect(),
    };
    EMBEDDED.iter().map(package).collect()
}
