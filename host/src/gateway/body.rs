//! A request's body before its limits are known.

use crate::capability::http::{Body, Limits};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// What is read of a body that nobody wanted, so that the client reads its answer and the connection can be used again.
const DRAIN_BYTES: u64 = 64 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Where a body comes from.
pub enum RawBody {
    /// A connection; `expects` is whether the client waits for `100 Continue`.
    Network { incoming: hyper::body::Incoming, expects: bool },
    /// A part of a batch, a seed.
    Whole(Bytes),
}

impl RawBody {
    /// The declared length in bytes.
    pub fn declared(&self) -> Option<u64> {
        match self {
            RawBody::Network { incoming, .. } => incoming.size_hint().exact(),
            RawBody::Whole(bytes) => Some(bytes.len() as u64),
        }
    }

    /// The body, with its limits.
    pub fn limited(self, limits: Limits) -> Body {
        match self {
            RawBody::Network { incoming, .. } if incoming.is_end_stream() => Body::empty(),
            RawBody::Network { incoming, expects } => {
                Body::from_http_body(Drained { incoming: Some(incoming), started: !expects }, limits)
            }
            RawBody::Whole(bytes) if bytes.len() as u64 > limits.max_size => {
                Body::failed(crate::capability::http::BodyError::TooLarge(limits.max_size))
            }
            RawBody::Whole(bytes) => Body::from_bytes(bytes),
        }
    }

    /// Passes over a body that nobody wants.
    pub fn discard(self) {
        if let RawBody::Network { incoming, expects } = self {
            drop(Drained { incoming: Some(incoming), started: !expects });
        }
    }
}

/// A body whose rest is passed over when it is dropped: a client that is still sending would otherwise find its
/// connection reset, and not read the answer.
struct Drained {
    incoming: Option<hyper::body::Incoming>,
    /// Whether the client is sending: one that waits for `100 Continue` is not, and must not be told to.
    started: bool,
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.started = true;
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let Some(mut incoming) = self.incoming.take() else { return };
        let short = incoming.size_hint().exact().is_none_or(|left| left <= DRAIN_BYTES);
        if incoming.is_end_stream() || !self.started || !short {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(tokio::time::timeout(DRAIN_TIME, async move {
            let mut left = DRAIN_BYTES;
            while let Some(Ok(frame)) = incoming.frame().await {
                let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                left = match left.checked_sub(size) {
                    Some(left) => left,
                    None => return,
                };
            }
        }));
    }
}
