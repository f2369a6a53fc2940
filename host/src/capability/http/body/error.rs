//! Why a body ended before its end.

use std::error::Error;
use std::io;

/// As `fogbank:http/bodies.body-error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the sender left before the end of the body")]
    Incomplete,
    #[error("the body has more than {0} bytes")]
    TooLarge(u64),
    #[error("no byte of the body came for too long")]
    Timeout,
    #[error("the body is malformed: {0}")]
    Malformed(String),
    #[error("{0}")]
    Other(String),
}

impl BodyError {
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }

    /// What went wrong below, in our terms: hyper reports a sender that left in many ways, and bad framing as an
    /// I/O error of the kind `InvalidInput` or `InvalidData`.
    pub(super) fn from_transport(error: Box<dyn Error + Send + Sync>) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*error);
        while let Some(error) = cause {
            if let Some(own) = error.downcast_ref::<BodyError>() {
                return own.clone();
            }
            if let Some(hyper) = error.downcast_ref::<hyper::Error>()
                && hyper.is_timeout()
            {
                return Self::Timeout;
            }
            if let Some(io) = error.downcast_ref::<io::Error>() {
                match io.kind() {
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                        return Self::Malformed(io.to_string());
                    }
                    io::ErrorKind::TimedOut => return Self::Timeout,
                    _ => {}
                }
            }
            cause = error.source();
        }
        if error.is::<hyper::Error>() { Self::Incomplete } else { Self::Other(error.to_string()) }
    }

    /// What a decoder says: its source's own error, or that the content is wrong.
    pub(super) fn from_decoder(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<BodyError>()) {
            Some(own) => own.clone(),
            None => Self::Malformed(error.to_string()),
        }
    }
}

impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        io::Error::other(error)
    }
}
