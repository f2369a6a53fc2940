//! The list of tenants on the disk: one small JSON file, replaced as a whole.

use super::{Quotas, Tenant};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// One tenant, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Record {
    pub name: String,
    /// How far its clock is ahead of the machine's.
    #[serde(default)]
    pub clock_offset_ms: i64,
    /// Its own quotas; the configuration's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Quotas>,
}

impl Record {
    pub fn tenant(&self, defaults: Quotas) -> Tenant {
        Tenant::with_clock(self.name.as_str(), self.quotas.unwrap_or(defaults), self.clock_offset_ms)
    }
}

/// What the file has; nothing where there is none.
pub(super) fn read(path: &Path) -> io::Result<Vec<Record>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(error),
    }
}

/// Replaces the file, so that a crash leaves the old one or the new one.
pub(super) fn write(path: &Path, records: &[Record]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec_pretty(records)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
