//! Answers that begin before their end is known.

use crate::bindings::fogbank::http::responses;
use crate::error::{Error, Result};

pub use responses::WriteError;

/// Takes an answer's bytes. The answer ends when it is dropped, and is broken off when the handler fails.
#[derive(Debug)]
pub struct Writer(responses::Writer);

/// Sends the head of an answer. At most once a request; the handler then gives [`crate::Reply::Written`]. Header names in lower
/// case.
///
/// Errors: 500 for a second head; whatever it is, the client will hardly see it.
pub fn start(status: u16, headers: &[(String, String)]) -> Result<Writer> {
    Ok(Writer(responses::start(status, headers)?))
}

impl Writer {
    /// Sends bytes, waiting while the client is slower.
    ///
    /// Errors: the client left or took too long.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write(bytes)?)
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Closed => Self::new(crate::Code::Cancelled, "clientClosedRequest", "The client left."),
            WriteError::Timeout => Self::deadline("The client took too long."),
            WriteError::Other(log) => Self::internal(log),
        }
    }
}
