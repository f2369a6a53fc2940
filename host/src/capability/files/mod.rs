//! `fogbank:files`: immutable files in a folder that belongs to one tenant and one service. Granted by the manifest's
//! `capabilities` and the operator's configuration; without the grant none of it is linked.
//!
//! A [`FileStore`] is that folder, opened once: `files/` holds what was committed, `staging/` what is being written,
//! `uploads/` what a client may continue after a restart. Names in it are ours; nothing a client sends is a path.

mod committed;
mod disk;
mod error;
mod folder;
mod hashing;
mod host;
mod id;
mod open;
mod pump;
mod quota;
mod rehash;
mod sink;
mod space;
mod stage;
mod staged;
mod store;
mod stores;
mod sync;
#[cfg(test)]
mod tests;
mod upload;
mod uploads;

pub use committed::CommittedFiles;
pub use error::FileError;
pub use hashing::Digest;
pub use id::FileId;
pub use open::OpenFile;
pub use quota::{Quota, TenantUsage};
pub use space::Disk;
pub use stage::{Source, StageOptions};
pub use staged::Staged;
pub use store::{Entry, FileStore, Space};
pub use stores::{FileStores, FilesConfig, FilesLimits};
pub use sync::{Counts, counts};
pub use upload::Upload;
