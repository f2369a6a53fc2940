//! Why something with files did not work, one variant a cause.

use crate::capability::http::BodyError;
use std::io;

/// As `fogbank:files/files.error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("there is no such file")]
    NotFound,
    #[error("the disk has no room above its reserve")]
    NoSpace,
    #[error("the tenant may store {0} bytes")]
    Quota(u64),
    #[error("there are more than {0} bytes")]
    TooLarge(u64),
    #[error("the source failed: {0}")]
    Source(BodyError),
    #[error("the upload ends at {0}")]
    WrongOffset(u64),
    #[error("the disk, or another holder, took too long")]
    Timeout,
    #[error("{0}")]
    Other(String),
}

impl FileError {
    pub(super) fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<rustix::io::Errno> for FileError {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl From<BodyError> for FileError {
    fn from(error: BodyError) -> Self {
        Self::Source(error)
    }
}
