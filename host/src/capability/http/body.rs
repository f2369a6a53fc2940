//! A stream of bytes that is read once, front to back. Memory stays bounded by a few chunks whatever its length.

mod answer;
mod error;
mod file;
mod gzip;
mod incoming;
mod part;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};

pub use answer::Answer;
pub use error::BodyError;
pub(crate) use file::read_at;
pub use incoming::Limits;
use part::{Delimiter, Part};

/// The longest answer of [`Body::read`] in bytes.
pub const MAX_READ: usize = 1 << 20;
/// The longest delimiter of [`Body::until`] in bytes.
pub const MAX_DELIMITER: usize = 256;

/// Where the chunks of a body come from.
pub trait Source: Send + 'static {
    /// The next chunk, or none at the end. Empty chunks are allowed; nothing is asked behind an error or the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>>;

    /// How many bytes are to come, where that is known.
    fn length(&self) -> Option<u64>;
}

/// A place where a part that has ended leaves the rest of its parent.
type Home = Arc<Mutex<Option<Reader>>>;

/// A body as a service holds it. See `fogbank:http/bodies`.
pub struct Body {
    state: State,
}

enum State {
    Here(Reader),
    /// A part of this body is being read, which owns the rest meanwhile.
    Lent(Home),
}

impl Body {
    /// A body with chunks from anywhere.
    pub fn from_source(source: impl Source) -> Self {
        Self { state: State::Here(Reader::new(Box::new(source))) }
    }

    /// The body of a request, or of a client's answer: `limits` are its greatest size and how long a chunk may take.
    pub fn from_incoming(incoming: hyper::body::Incoming, limits: Limits) -> Self {
        Self::from_http_body(incoming, limits)
    }

    /// As [`Body::from_incoming`], for any HTTP body.
    pub fn from_http_body<B>(body: B, limits: Limits) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::from_source(incoming::Incoming::new(body, limits))
    }

    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let mut reader = Reader::new(Box::new(Empty));
        reader.push_back(bytes.into());
        Self { state: State::Here(reader) }
    }

    pub fn empty() -> Self {
        Self::from_bytes(Bytes::new())
    }

    /// `length` bytes of `file` from `offset`; ends with `incomplete` where the file has fewer.
    pub fn from_file(file: impl Into<Arc<File>>, offset: u64, length: u64) -> Self {
        Self::from_source(file::FileRange::new(file.into(), offset, length))
    }

    /// A body that fails at once.
    pub fn failed(error: BodyError) -> Self {
        let mut reader = Reader::new(Box::new(Empty));
        reader.end = Some(Err(error));
        Self { state: State::Here(reader) }
    }

    /// The number of bytes left to read, where it is known.
    pub fn length(&mut self) -> Option<u64> {
        self.reader().ok()?.length()
    }

    /// The next chunk as it comes, or none at the end. After an error the same error again.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// See [`Body::chunk`].
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        match self.reader() {
            Ok(reader) => reader.poll_chunk(cx),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Between 1 and `max` bytes (at most [`MAX_READ`]); none at the end.
    pub async fn read(&mut self, max: usize) -> Result<Option<Bytes>, BodyError> {
        let Some(mut chunk) = self.chunk().await? else {
            return Ok(None);
        };
        let max = max.clamp(1, MAX_READ);
        if chunk.len() > max {
            let rest = chunk.split_off(max);
            self.reader()?.push_back(rest);
        }
        Ok(Some(chunk))
    }

    /// Everything that is left, or `too-large` when that is more than `limit` bytes.
    pub async fn read_to_end(&mut self, limit: u64) -> Result<Bytes, BodyError> {
        if self.length().is_some_and(|length| length > limit) {
            return Err(BodyError::TooLarge(limit));
        }
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let mut all = BytesMut::from(first);
        loop {
            if all.len() as u64 > limit {
                return Err(BodyError::TooLarge(limit));
            }
            match self.chunk().await? {
                Some(chunk) => all.extend_from_slice(&chunk),
                None => return Ok(all.freeze()),
            }
        }
    }

    /// A body of its own that ends before `delimiter`; this one goes on behind it once the part was read to its end
    /// or dropped. The part fails with `incomplete` where this body ends without the delimiter, and so does this one.
    pub fn until(&mut self, delimiter: &[u8]) -> Body {
        if delimiter.is_empty() || delimiter.len() > MAX_DELIMITER {
            return Body::failed(BodyError::other(format!("a delimiter has 1 to {MAX_DELIMITER} bytes")));
        }
        if let Err(error) = self.reader() {
            return Body::failed(error);
        }
        let home = Home::default();
        match std::mem::replace(&mut self.state, State::Lent(home.clone())) {
            State::Here(rest) => Body::from_source(Part::new(rest, Box::new(Delimiter::new(delimiter)), home)),
            State::Lent(_) => Body::failed(BodyError::other("a part of this body is being read")),
        }
    }

    /// The rest of this body, decompressed as it is read (RFC 1952); this one is at its end then.
    pub fn gunzip(&mut self) -> Body {
        match self.take() {
            Ok(body) => Body::from_source(gzip::Gunzip::new(body)),
            Err(error) => Body::failed(error),
        }
    }

    /// The rest of this body as one of its own; this one is at its end then.
    pub fn take(&mut self) -> Result<Body, BodyError> {
        self.reader()?;
        Ok(std::mem::replace(self, Body::empty()))
    }

    /// For an answer: of exact size where the length is known, and an error breaks the connection.
    pub fn into_http_body(self) -> Answer {
        Answer::new(self)
    }

    /// The rest of this body, fetched home when the part that had it has ended.
    fn reader(&mut self) -> Result<&mut Reader, BodyError> {
        if let State::Lent(home) = &self.state {
            let back = home.lock().map_err(|_| BodyError::other("a reader of this body panicked"))?.take();
            let reader = back.ok_or_else(|| BodyError::other("a part of this body is being read"))?;
            self.state = State::Here(reader);
        }
        match &mut self.state {
            State::Here(reader) => Ok(reader),
            State::Lent(_) => Err(BodyError::other("a part of this body is being read")),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.state {
            State::Here(_) => "Body",
            State::Lent(_) => "Body(lent)",
        })
    }
}

/// A source together with what was read from it too early, and how it ended.
struct Reader {
    source: Box<dyn Source>,
    /// Chunks to give out before the source's, the last one first.
    pushed_back: Vec<Bytes>,
    /// What has to be passed over first: a part of this body that nobody read to its end.
    skip: Option<Box<Delimiter>>,
    end: Option<Result<(), BodyError>>,
}

impl Reader {
    fn new(source: Box<dyn Source>) -> Self {
        Self { source, pushed_back: Vec::new(), skip: None, end: None }
    }

    fn push_back(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.pushed_back.push(chunk);
        }
    }

    fn length(&self) -> Option<u64> {
        let ahead: u64 = self.pushed_back.iter().map(|chunk| chunk.len() as u64).sum();
        match (&self.skip, &self.end) {
            (Some(_), _) | (_, Some(Err(_))) => None,
            (None, Some(Ok(()))) => Some(ahead),
            (None, None) => self.source.length().map(|left| left + ahead),
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        while let Some(mut delimiter) = self.skip.take() {
            match self.poll_raw(cx) {
                Poll::Pending => {
                    self.skip = Some(delimiter);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(Some(chunk))) => match delimiter.pass(chunk) {
                    part::Found::Behind { rest, .. } => self.push_back(rest),
                    part::Found::NotYet { .. } => self.skip = Some(delimiter),
                },
                Poll::Ready(Ok(None)) => return Poll::Ready(Err(self.fail(BodyError::Incomplete))),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        self.poll_raw(cx)
    }

    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(chunk) = self.pushed_back.pop() {
            return Poll::Ready(Ok(Some(chunk)));
        }
        loop {
            if let Some(end) = &self.end {
                return Poll::Ready(end.clone().map(|()| None));
            }
            match std::task::ready!(self.source.poll_chunk(cx)) {
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(Some(chunk)) => return Poll::Ready(Ok(Some(chunk))),
                Ok(None) => self.end = Some(self.source_ended()),
                Err(error) => self.end = Some(Err(error)),
            }
        }
    }

    fn source_ended(&self) -> Result<(), BodyError> {
        match self.source.length() {
            None | Some(0) => Ok(()),
            Some(_) => Err(BodyError::Incomplete),
        }
    }

    fn fail(&mut self, error: BodyError) -> BodyError {
        self.end = Some(Err(error.clone()));
        error
    }
}

struct Empty;

impl Source for Empty {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        Poll::Ready(Ok(None))
    }

    fn length(&self) -> Option<u64> {
        Some(0)
    }
}
