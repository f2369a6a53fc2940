//! A body that comes over the network, with its limits.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use tokio::time::{Instant, Sleep, sleep};

use super::{BodyError, Source};

/// What a sender may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The greatest size in bytes.
    pub max_size: u64,
    /// How long a chunk may take, counted while somebody waits for it.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // The largest object of Cloud Storage.
        Self { max_size: 5 << 40, idle: Duration::from_secs(60) }
    }
}

pub(super) struct Incoming<B> {
    body: Pin<Box<B>>,
    limits: Limits,
    taken: u64,
    declared: Option<u64>,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<B> Incoming<B>
where
    B: HttpBody<Data = Bytes>,
{
    pub(super) fn new(body: B, limits: Limits) -> Self {
        let declared = body.size_hint().exact();
        Self { body: Box::pin(body), limits, taken: 0, declared, timer: None, waiting: false }
    }

    /// Pending, until the time for this chunk is over.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let idle = self.limits.idle;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle)));
        if !self.waiting {
            self.waiting = true;
            timer.as_mut().reset(Instant::now() + idle);
        }
        timer.as_mut().poll(cx).map(|()| BodyError::Timeout)
    }
}

impl<B> Source for Incoming<B>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let max = self.limits.max_size;
        if self.declared.is_some_and(|size| size > max) {
            return Poll::Ready(Err(BodyError::TooLarge(max)));
        }
        loop {
            let Poll::Ready(frame) = self.body.as_mut().poll_frame(cx) else {
                return Poll::Ready(Err(ready!(self.poll_idle(cx))));
            };
            self.waiting = false;
            let frame = match frame {
                None => return Poll::Ready(Ok(None)),
                Some(Err(error)) => {
                    return Poll::Ready(Err(BodyError::from_transport(error.into())));
                }
                Some(Ok(frame)) => frame,
            };
            // Trailers say nothing that a service could ask for.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.taken += data.len() as u64;
            if self.taken > max {
                return Poll::Ready(Err(BodyError::TooLarge(max)));
            }
            return Poll::Ready(Ok(Some(data)));
        }
    }

    fn length(&self) -> Option<u64> {
        self.declared.map(|declared| declared.saturating_sub(self.taken))
    }
}
