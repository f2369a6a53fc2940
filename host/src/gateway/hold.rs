//! Keeps something until a body has been sent.

use crate::capability::http::Body;
use crate::capability::http::body::{BodyError, Source};
use bytes::Bytes;
use std::task::{Context, Poll};

/// A body that short is as good as sent.
const SHORT: u64 = 64 << 10;

/// `body`, holding `held` until it has been read to its end or dropped.
pub fn hold(mut body: Body, held: impl Send + 'static) -> Body {
    match body.length() {
        Some(length) if length <= SHORT => body,
        left => Body::from_source(Held { body, left, _held: held }),
    }
}

struct Held<T> {
    body: Body,
    left: Option<u64>,
    _held: T,
}

impl<T: Send + 'static> Source for Held<T> {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let chunk = std::task::ready!(self.body.poll_chunk(cx));
        if let (Ok(Some(bytes)), Some(left)) = (&chunk, &mut self.left) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(chunk)
    }

    fn length(&self) -> Option<u64> {
        self.left
    }
}
