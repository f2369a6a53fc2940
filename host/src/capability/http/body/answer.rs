//! A body on its way to a client.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Body, BodyError};

/// The HTTP body of an answer. An error breaks the connection, so that a short answer never looks complete.
#[derive(Debug)]
pub struct Answer {
    body: Body,
    left: Option<u64>,
}

impl Answer {
    pub(super) fn new(mut body: Body) -> Self {
        let left = body.length();
        Self { body, left }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.body.poll_chunk(cx).map(|chunk| {
            let chunk = chunk.transpose()?;
            if let (Ok(chunk), Some(left)) = (&chunk, &mut self.left) {
                *left = left.saturating_sub(chunk.len() as u64);
            }
            Some(chunk.map(Frame::data))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
