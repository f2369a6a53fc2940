//! Immutable files.
pub struct Staged;
pub struct OpenFile;
pub struct Upload;
pub struct FileStores;
