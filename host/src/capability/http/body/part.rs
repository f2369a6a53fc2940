//! A part of a body that ends before a delimiter.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::{BodyError, Home, Reader, Source};

/// Looks for a delimiter in chunks as they come, across their borders.
pub(super) struct Delimiter {
    finder: Finder<'static>,
    /// The end of what was seen, as long as it may be the begin of the delimiter.
    held: Bytes,
}

/// What a chunk brought.
pub(super) enum Found {
    NotYet {
        content: Bytes,
    },
    /// The delimiter stood between the two.
    Behind {
        content: Bytes,
        rest: Bytes,
    },
}

impl Delimiter {
    pub(super) fn new(delimiter: &[u8]) -> Self {
        Self { finder: Finder::new(delimiter).into_owned(), held: Bytes::new() }
    }

    pub(super) fn pass(&mut self, chunk: Bytes) -> Found {
        let mut content = self.join_held(chunk);
        if let Some(at) = self.finder.find(&content) {
            let rest = content.slice(at + self.finder.needle().len()..);
            content.truncate(at);
            return Found::Behind { content, rest };
        }
        self.held = content.split_off(content.len() - self.begun(&content));
        Found::NotYet { content }
    }

    /// Copies only where the last chunk ended in what may be the delimiter.
    fn join_held(&mut self, chunk: Bytes) -> Bytes {
        if self.held.is_empty() {
            return chunk;
        }
        let mut joined = BytesMut::with_capacity(self.held.len() + chunk.len());
        joined.extend_from_slice(&std::mem::take(&mut self.held));
        joined.extend_from_slice(&chunk);
        joined.freeze()
    }

    /// How many bytes at the end of `content` may be the begin of the delimiter.
    fn begun(&self, content: &[u8]) -> usize {
        let needle = self.finder.needle();
        let most = content.len().min(needle.len() - 1);
        (1..=most).rev().find(|&n| content.ends_with(&needle[..n])).unwrap_or(0)
    }

    /// What was held back, for somebody else to look at.
    fn give_up(&mut self) -> Bytes {
        std::mem::take(&mut self.held)
    }
}

/// The part: it owns the rest of its parent until it has ended, or is dropped.
pub(super) struct Part {
    rest: Option<(Reader, Box<Delimiter>)>,
    home: Home,
    /// How it ended.
    end: Option<BodyError>,
}

impl Part {
    pub(super) fn new(rest: Reader, delimiter: Box<Delimiter>, home: Home) -> Self {
        Self { rest: Some((rest, delimiter)), home, end: None }
    }

    fn go_home(&mut self, reader: Reader) {
        // A poisoned lock means that the parent is past use; it says so itself.
        if let Ok(mut home) = self.home.lock() {
            *home = Some(reader);
        }
    }

    fn found(&mut self, rest: Bytes) {
        if let Some((mut reader, _)) = self.rest.take() {
            reader.push_back(rest);
            self.go_home(reader);
        }
    }

    fn failed(&mut self, error: BodyError) -> BodyError {
        if let Some((mut reader, _)) = self.rest.take() {
            let error = reader.fail(error);
            self.go_home(reader);
            self.end = Some(error.clone());
            return error;
        }
        error
    }
}

impl Source for Part {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let Some((reader, delimiter)) = &mut self.rest else {
            return Poll::Ready(self.end.clone().map_or(Ok(None), Err));
        };
        match ready!(reader.poll_chunk(cx)) {
            Ok(Some(chunk)) => match delimiter.pass(chunk) {
                Found::NotYet { content } => Poll::Ready(Ok(Some(content))),
                Found::Behind { content, rest } => {
                    self.found(rest);
                    Poll::Ready(Ok(Some(content)))
                }
            },
            Ok(None) => Poll::Ready(Err(self.failed(BodyError::Incomplete))),
            Err(error) => Poll::Ready(Err(self.failed(error))),
        }
    }

    fn length(&self) -> Option<u64> {
        if self.rest.is_none() && self.end.is_none() { Some(0) } else { None }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let Some((mut reader, mut delimiter)) = self.rest.take() else { return };
        reader.push_back(delimiter.give_up());
        reader.skip = Some(delimiter);
        self.go_home(reader);
    }
}
