//! What can be told of a manifest at a glance, whatever is wrong there: the included files are not read.

use crate::plugin::package::Package;
use toml::{Table, Value};

/// A manifest's name, and the files beside it that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    pub name: Option<String>,
    /// Included files and assets, as they are written.
    pub files: Vec<String>,
}

impl Glance {
    /// Nothing where there is no manifest that reads.
    pub fn at(package: &dyn Package) -> Self {
        let table = super::text(package, "plugin.toml").ok().and_then(|text| text.parse::<Table>().ok());
        let table = table.unwrap_or_default();
        let list = |key: &str| table.get(key).and_then(Value::as_array).into_iter().flatten();
        let included = list("include").filter_map(Value::as_str);
        let assets = list("asset").filter_map(|asset| asset.get("file")?.as_str());
        Self {
            name: table.get("name").and_then(Value::as_str).map(str::to_owned),
            files: included.chain(assets).map(str::to_owned).collect(),
        }
    }
}
