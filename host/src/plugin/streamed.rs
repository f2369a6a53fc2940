//! An answer whose guest is still running: the body drives the guest, and drops it with itself when the client leaves.

use super::failure::Failure;
use super::progress::Progress;
use crate::capability::http::BodyError;
use crate::capability::http::body::Source;
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The rest of a call whose answer has started.
pub(super) type Rest = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// The chunks of a running guest. Complete only when the guest ends well.
pub(super) struct Streamed {
    pub chunks: mpsc::Receiver<Bytes>,
    pub rest: Option<Rest>,
    pub progress: Progress,
}

impl Source for Streamed {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(rest) = &mut self.rest
            && let Poll::Ready(outcome) = rest.as_mut().poll(context)
        {
            self.rest = None;
            if let Err(failure) = outcome {
                tracing::error!(%failure, "a service failed in the middle of its answer");
                return Poll::Ready(Err(BodyError::Incomplete));
            }
        }
        match self.chunks.poll_recv(context) {
            Poll::Ready(None) if self.rest.is_some() => Poll::Pending,
            chunk => {
                self.progress.made();
                chunk.map(Ok)
            }
        }
    }

    fn length(&self) -> Option<u64> {
        None
    }
}
