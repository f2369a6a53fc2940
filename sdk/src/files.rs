//! Immutable files in the service's own folder. Bytes go from a body to the disk inside the host.

use crate::bindings::fogbank::files::files as wit;
use crate::body::{Body, BodyHandle};
use crate::error::{Code, Error as Failure};

pub use wit::{Entry, Error, Usage};

/// What the files answer. `?` in a handler turns the error into one for the client.
pub type Result<T> = std::result::Result<T, Error>;

/// Where bytes come from.
#[derive(Debug)]
pub enum Source<'b> {
    /// Bytes of this component's.
    Bytes(Vec<u8>),
    /// What is left of a body that the host holds. Consumed also where staging fails.
    Body(&'b BodyHandle),
    /// A range of a committed file.
    File {
        /// The file.
        id: String,
        /// The first byte.
        offset: u64,
        /// How many bytes; all that follow where absent.
        length: Option<u64>,
    },
}

impl Source<'_> {
    /// A whole committed file, which is linked and not copied where it is the only source.
    pub fn file(id: impl Into<String>) -> Self {
        Self::File { id: id.into(), offset: 0, length: None }
    }

    fn to_wit(&self) -> wit::Source<'_> {
        match self {
            Self::Bytes(bytes) => wit::Source::Bytes(bytes.clone()),
            Self::Body(handle) => wit::Source::Body(handle),
            Self::File { id, offset, length } => wit::Source::File((id.clone(), *offset, *length)),
        }
    }
}

/// What staged bytes have to be.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The most bytes that all sources together may have.
    pub max_size: Option<u64>,
    /// The bytes that they must have.
    pub exact_size: Option<u64>,
    /// Whether to compute MD5, which costs more than all the rest.
    pub md5: bool,
}

/// What is known of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// Bytes.
    pub size: u64,
    /// CRC-32C (Castagnoli).
    pub crc32c: u32,
    /// Where it was asked for.
    pub md5: Option<[u8; 16]>,
}

/// Bytes that are safe on the disk and not yet a file. Dropped without [`Self::commit`], they are removed.
#[derive(Debug)]
pub struct Staged(wit::Staged);

impl Staged {
    /// Size and hashes.
    pub fn digest(&self) -> Digest {
        let wit::Digest { size, crc32c, md5 } = self.0.digest();
        Digest { size, crc32c, md5: md5.and_then(|bytes| bytes.try_into().ok()) }
    }

    /// Up to `max` bytes from `offset`.
    ///
    /// Errors: the disk's.
    pub fn read(&self, offset: u64, max: u32) -> Result<Vec<u8>> {
        self.0.read(offset, max)
    }

    /// Makes it a file and gives its id. Ids order by time of commit.
    ///
    /// Errors: the disk's.
    pub fn commit(&self) -> Result<String> {
        self.0.commit()
    }
}

/// Writes the sources, one behind the other.
///
/// Errors: no room, a quota, more or fewer bytes than `options` allow, a sender that left. Nothing is kept then.
pub fn stage(sources: &[Source<'_>], options: Options) -> Result<Staged> {
    let sources: Vec<_> = sources.iter().map(Source::to_wit).collect();
    let Options { max_size, exact_size, md5 } = options;
    wit::stage(&sources, wit::StageOptions { max_size, exact_size, md5 }).map(Staged)
}

/// A file open for reading. It stays readable when it is removed meanwhile.
#[derive(Debug)]
pub struct File(wit::File);

/// Opens a committed file.
///
/// Errors: `not-found`, the disk's.
pub fn open(id: &str) -> Result<File> {
    wit::open(id).map(File)
}

impl File {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// Up to `max` bytes (at most 1 MiB) from `offset`.
    ///
    /// Errors: the disk's.
    pub fn read(&self, offset: u64, max: u32) -> Result<Vec<u8>> {
        self.0.read(offset, max)
    }

    /// `length` bytes from `offset` (to the end where absent), for an answer or as a source. Cut at the end of the file.
    pub fn body(&self, offset: u64, length: Option<u64>) -> BodyHandle {
        self.0.body(offset, length)
    }
}

/// Removes files; ids that do not exist are passed over. Gives the ids that could not be removed, to be tried again.
pub fn remove(ids: &[String]) -> Vec<String> {
    if ids.is_empty() { Vec::new() } else { wit::remove(ids) }
}

/// Committed files in order of id, behind `after`, at most `limit` (10,000). `leftover` gives only those that were committed
/// before the host's process started.
///
/// Errors: the disk's.
pub fn list(after: Option<&str>, limit: u32, leftover: bool) -> Result<Vec<Entry>> {
    wit::list(after, limit, leftover)
}

/// Bytes used by this tenant, its quota, bytes free.
///
/// Errors: the disk's.
pub fn space() -> Result<Usage> {
    wit::space()
}

/// A durable upload: what a cut connection delivered is kept, also over a restart of the host.
#[derive(Debug)]
pub struct Upload(wit::Upload);

impl Upload {
    /// Begins an upload that the host removes `ttl_ms` milliseconds after its last append.
    ///
    /// Errors: no room, a quota, the disk's.
    pub fn create(ttl_ms: u64) -> Result<Self> {
        wit::create_upload(ttl_ms).map(Self)
    }

    /// Opens an upload again. One instance at a time may hold it.
    ///
    /// Errors: `not-found`; `timeout` while another instance holds it.
    pub fn open(id: &str) -> Result<Self> {
        wit::open_upload(id).map(Self)
    }

    /// Removes an upload.
    ///
    /// Errors: `not-found`, the disk's.
    pub fn remove(id: &str) -> Result<()> {
        wit::remove_upload(id)
    }

    /// The name to open it by.
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// Bytes that are safe on the disk.
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// Appends a source at `offset`, which has to be the present size, up to `max_size` bytes in all. Gives the new size.
    ///
    /// Errors: `wrong-offset`; `source` when the sender left, and [`Self::size`] says how much was kept; `too-large`.
    pub fn append(&self, offset: u64, source: &Source<'_>, max_size: Option<u64>) -> Result<u64> {
        self.0.append(offset, &source.to_wit(), max_size)
    }

    /// Cuts back to `size` bytes.
    ///
    /// Errors: `wrong-offset` when there are fewer.
    pub fn truncate(&self, size: u64) -> Result<()> {
        self.0.truncate(size)
    }

    /// The whole upload as staged bytes. The upload is gone when those are committed.
    ///
    /// Errors: the disk's.
    pub fn finish(&self, md5: bool) -> Result<Staged> {
        self.0.finish(md5).map(Staged)
    }
}

impl From<File> for Body {
    /// The whole file.
    fn from(file: File) -> Self {
        file.body(0, None).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("The content does not exist."),
            Error::NoSpace => {
                Self::new(Code::InsufficientStorage, "insufficientStorage", "There is no room on the disk.")
            }
            Error::Quota(bytes) => Self::new(
                Code::ResourceExhausted,
                "quotaExceeded",
                format!("The quota of {bytes} stored bytes is reached."),
            ),
            Error::TooLarge(limit) => Self::too_large(limit),
            Error::Source(error) => error.into(),
            Error::WrongOffset(at) => Self::invalid(format!("The upload ends at byte {at}.")),
            Error::Timeout => Self::deadline("The content took too long."),
            Error::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_each_cause_has_its_status() {
        let statuses = [
            (Error::NoSpace, 507),
            (Error::Quota(5), 429),
            (Error::TooLarge(5), 413),
            (Error::Source(crate::body::BodyError::Incomplete), 400),
            (Error::Other("/data/x: EIO".into()), 500),
        ];
        for (error, status) in statuses {
            assert_eq!(Failure::from(error).http_status(), status);
        }
    }
}
