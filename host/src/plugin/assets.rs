//! The bytes of a service's `[[asset]]` files. They are read when the service is loaded: what a version carries does not change
//! under it.

use super::manifest::Manifest;
use super::package::Package;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a version of a service carries for capabilities, by name.
#[derive(Debug, Clone, Default)]
pub struct Assets(BTreeMap<String, Bytes>);

impl Assets {
    /// Reads what the manifest names. The error has every file that is not there, each a sentence.
    pub fn read(package: &dyn Package, manifest: &Manifest) -> Result<Self, Vec<String>> {
        let (mut assets, mut problems) = (BTreeMap::new(), Vec::new());
        for asset in &manifest.assets {
            match package.read(&asset.file) {
                Ok(Some(Cow::Borrowed(bytes))) => drop(assets.insert(asset.name.clone(), Bytes::from_static(bytes))),
                Ok(Some(Cow::Owned(bytes))) => drop(assets.insert(asset.name.clone(), bytes.into())),
                Ok(None) => problems.push(format!("asset {}: there is no {}", asset.name, asset.file)),
                Err(error) => problems.push(format!("asset {}: {} cannot be read: {error}", asset.name, asset.file)),
            }
        }
        if problems.is_empty() { Ok(Self(assets)) } else { Err(problems) }
    }

    /// The bytes of the asset called `name`.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        self.0.get(name).cloned()
    }

    /// All of them, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::package::MemoryPackage;

    #[test]
    fn assets_are_read_and_missing_ones_named() {
        let text = "name = \"things\"\nversion = \"0.1.0\"\n[[asset]]\nname = \"nic\"\nfile = \"assets/nic\"\n\
                    [[asset]]\nname = \"agent\"\nfile = \"assets/agent\"\n";
        let mut package = MemoryPackage::of_manifest("things", text);
        let manifest = Manifest::read(&package).expect("manifest");
        package.files.insert("assets/nic".into(), b"a program".as_slice().into());
        let problems = Assets::read(&package, &manifest).expect_err("one is missing");
        assert_eq!(problems, ["asset agent: there is no assets/agent"]);
        package.files.insert("assets/agent".into(), vec![7; 3].into());
        let assets = Assets::read(&package, &manifest).expect("both");
        assert_eq!(assets.get("nic").as_deref(), Some(b"a program".as_slice()));
        assert_eq!((assets.get("agent").as_deref(), assets.get("other")), (Some([7_u8; 3].as_slice()), None));
    }
}
