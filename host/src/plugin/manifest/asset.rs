//! `[[asset]]`: files of the package that capabilities use, such as a program to be put into a container.

use super::problem::Problems;
use super::raw::RawAsset;
use crate::plugin::package::check_inside;
use std::collections::BTreeSet;

/// A file and the name that the service calls it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub name: String,
    /// Relative to `plugin.toml`.
    pub file: String,
}

/// Checks what the manifest says; that the files are there is known when the service is loaded.
pub(super) fn assets(raw: Vec<RawAsset>, problems: &mut Problems) -> Vec<Asset> {
    let mut names = BTreeSet::new();
    let mut assets = Vec::new();
    for RawAsset { name, file } in raw {
        if name.is_empty() {
            problems.add("asset: the name is empty");
        } else if !names.insert(name.clone()) {
            problems.add(format!("asset {name}: two have this name"));
        } else if problems.take(&format!("asset {name}"), check_inside(&file)).is_some() {
            assets.push(Asset { name, file });
        }
    }
    assets
}
