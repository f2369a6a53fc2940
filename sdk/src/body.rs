//! Bytes of a request or an answer, wherever they are: none, in memory, or held by the host.

use std::rc::Rc;

use crate::bindings::fogbank::http::bodies;
use crate::error::{Error, Result};
use crate::files::Source;

pub use bodies::{Body as BodyHandle, BodyError};

/// Bytes that are read once, front to back.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Memory(Memory),
    Stream(BodyHandle),
}

/// A body in memory that behaves as one of the host's.
#[derive(Debug, Default)]
struct Memory {
    data: Rc<[u8]>,
    position: usize,
    end: usize,
    /// The bytes end because the delimiter never came.
    cut: bool,
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Memory(Memory::default()))
    }

    /// Whether it is known that nothing is left to read.
    pub fn is_empty(&self) -> bool {
        self.length() == Some(0)
    }

    /// The number of bytes left to read, where it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Memory(memory) => (!memory.cut).then(|| memory.rest().len() as u64),
            Kind::Stream(handle) => handle.length(),
        }
    }

    /// Between 1 and `max` bytes (at most 1 MiB), none at the end.
    ///
    /// Errors: what the sender did wrong, as [`Error`] says it.
    pub fn read(&mut self, max: u32) -> Result<Option<Vec<u8>>> {
        Ok(self.try_read(max)?)
    }

    pub(crate) fn try_read(&mut self, max: u32) -> Result<Option<Vec<u8>>, BodyError> {
        match &mut self.0 {
            Kind::Memory(memory) => memory.read(max as usize),
            Kind::Stream(handle) => handle.read(max),
        }
    }

    /// All that is left.
    ///
    /// Errors: 413 when that is more than `limit` bytes; what the sender did wrong.
    pub fn read_to_end(&mut self, limit: u64) -> Result<Vec<u8>> {
        match &mut self.0 {
            Kind::Memory(memory) if memory.rest().len() as u64 > limit => Err(Error::too_large(limit)),
            Kind::Memory(memory) => Ok(memory.take()?),
            Kind::Stream(handle) => Ok(handle.read_to_end(limit)?),
        }
    }

    /// A body of its own that ends before `delimiter` (1 to 256 bytes); this one goes on behind it once the other has been read or
    /// dropped. Both end with an error where this one ends without the delimiter.
    pub fn until(&mut self, delimiter: &[u8]) -> Self {
        match &mut self.0 {
            Kind::Memory(memory) => Self(Kind::Memory(memory.until(delimiter))),
            Kind::Stream(handle) => Self(Kind::Stream(handle.until(delimiter))),
        }
    }

    /// What is left, as a source of bytes for [`crate::files::stage`]. Bytes that the host holds never enter this component.
    ///
    /// Errors: 400 where the bytes are in memory and end without the delimiter that they should end with; a stream says so
    /// when it is staged.
    pub fn as_source(&mut self) -> Result<Source<'_>> {
        match &mut self.0 {
            Kind::Memory(memory) => Ok(Source::Bytes(memory.take()?)),
            Kind::Stream(handle) => Ok(Source::Body(handle)),
        }
    }

    /// The host's handle, where the host holds the bytes.
    ///
    /// Errors: the body itself, where it is in memory.
    pub fn into_stream(self) -> std::result::Result<BodyHandle, Self> {
        match self.0 {
            Kind::Stream(handle) => Ok(handle),
            Kind::Memory(_) => Err(self),
        }
    }

    /// Takes bytes in memory out, or the handle.
    pub(crate) fn into_parts(self) -> std::result::Result<BodyHandle, Vec<u8>> {
        match self.0 {
            Kind::Stream(handle) => Ok(handle),
            Kind::Memory(mut memory) => Err(memory.drain()),
        }
    }

    /// The bytes, where they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Memory(memory) => Some(memory.rest()),
            Kind::Stream(_) => None,
        }
    }
}

impl Memory {
    fn new(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Self { data: bytes.into(), position: 0, end, cut: false }
    }

    fn rest(&self) -> &[u8] {
        &self.data[self.position..self.end]
    }

    fn drain(&mut self) -> Vec<u8> {
        let bytes = self.rest().to_vec();
        self.position = self.end;
        bytes
    }

    fn take(&mut self) -> Result<Vec<u8>, BodyError> {
        match self.cut {
            true => Err(BodyError::Incomplete),
            false => Ok(self.drain()),
        }
    }

    fn read(&mut self, max: usize) -> Result<Option<Vec<u8>>, BodyError> {
        let bytes = &self.rest()[..max.min(self.rest().len())];
        if bytes.is_empty() {
            return if self.cut { Err(BodyError::Incomplete) } else { Ok(None) };
        }
        let bytes = bytes.to_vec();
        self.position += bytes.len();
        Ok(Some(bytes))
    }

    fn until(&mut self, delimiter: &[u8]) -> Self {
        let rest = self.rest();
        let found = rest.windows(delimiter.len().max(1)).position(|window| window == delimiter);
        let length = found.unwrap_or(rest.len());
        let child = Self {
            data: Rc::clone(&self.data),
            position: self.position,
            end: self.position + length,
            cut: found.is_none(),
        };
        self.position = found.map_or(self.end, |_| child.end + delimiter.len());
        self.cut |= found.is_none();
        child
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Memory(Memory::new(bytes)))
    }
}

impl From<BodyHandle> for Body {
    fn from(handle: BodyHandle) -> Self {
        Self(Kind::Stream(handle))
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Incomplete => Self::invalid("The request ended before its end."),
            BodyError::TooLarge(limit) => Self::too_large(limit),
            BodyError::Timeout => {
                Self::new(crate::Code::DeadlineExceeded, "requestTimeout", "No byte of the request came for too long.")
            }
            BodyError::Malformed(what) => Self::invalid(format!("The request cannot be decoded: {what}")),
            BodyError::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        Body::from(text.as_bytes().to_vec())
    }

    #[test]
    fn reads_in_pieces_and_then_none() {
        let mut body = body("abc");
        assert_eq!(body.length(), Some(3));
        assert_eq!(body.read(2).unwrap().unwrap(), b"ab");
        assert_eq!(body.read(2).unwrap().unwrap(), b"c");
        assert_eq!(body.read(2).unwrap(), None);
    }

    #[test]
    fn f06_more_than_the_limit_is_413() {
        assert_eq!(body("abc").read_to_end(2).unwrap_err().http_status(), 413);
        assert_eq!(body("abc").read_to_end(3).unwrap(), b"abc");
    }

    #[test]
    fn goes_on_behind_a_delimiter() {
        let mut whole = body("one--two--three");
        assert_eq!(whole.until(b"--").read_to_end(9).unwrap(), b"one");
        drop(whole.until(b"--"));
        let mut last = whole.until(b"--");
        assert_eq!(last.read(9).unwrap().unwrap(), b"three");
        assert_eq!(last.read(9).unwrap_err().http_status(), 400);
        assert_eq!(last.length(), None);
    }

    #[test]
    fn f35_a_part_without_its_end_is_no_source() {
        let mut whole = Body::from(b"abc--def".to_vec());
        assert!(matches!(whole.until(b"--").as_source(), Ok(Source::Bytes(bytes)) if bytes == b"abc"));
        assert_eq!(whole.until(b"--").as_source().unwrap_err().http_status(), 400);
    }
}
