//! The wall-clock limit of a call: time in which nothing moves. A body that flows is progress, so that a large transfer
//! takes as long as it takes.

use super::failure::Failure;
use crate::capability::http::body::Source;
use crate::capability::http::{Body, BodyError};
use bytes::Bytes;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// How often work of the host says that it goes on.
const BEAT: Duration = Duration::from_millis(500);

/// Counts the steps of one call that are visible from outside.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Something moved.
    pub fn made(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Does `work` of the host, every step of which has a time limit of its own: while they hold, the call moves.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            match tokio::time::timeout(BEAT, &mut work).await {
                Ok(outcome) => return outcome,
                Err(_) => self.made(),
            }
        }
    }

    /// `body`, each of whose chunks is progress.
    pub fn watch(&self, mut body: Body) -> Body {
        let length = body.length();
        Body::from_source(Watched { body, left: length, progress: self.clone() })
    }
}

struct Watched {
    body: Body,
    left: Option<u64>,
    progress: Progress,
}

impl Source for Watched {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let chunk = std::task::ready!(self.body.poll_chunk(context));
        self.progress.made();
        if let (Ok(Some(bytes)), Some(left)) = (&chunk, &mut self.left) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(chunk)
    }

    fn length(&self) -> Option<u64> {
        self.left
    }
}

/// `call`, or `WallClock` when it makes no progress for `limit`.
pub(super) async fn guard<T>(
    call: impl Future<Output = Result<T, Failure>>,
    limit: Duration,
    progress: Progress,
) -> Result<T, Failure> {
    let mut call = pin!(call);
    loop {
        let before = progress.count();
        match tokio::time::timeout(limit, &mut call).await {
            Ok(outcome) => return outcome,
            Err(_) if progress.count() != before => {}
            Err(_) => return Err(Failure::WallClock { limit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_does_not_move_ends_at_its_limit() {
        let limit = Duration::from_millis(20);
        let stuck = std::future::pending::<Result<(), Failure>>();
        assert_eq!(guard(stuck, limit, Progress::default()).await, Err(Failure::WallClock { limit }));
    }

    #[tokio::test]
    async fn a_call_that_moves_takes_as_long_as_it_takes() {
        let progress = Progress::default();
        let moving = progress.clone();
        let call = async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(80)).await;
                moving.made();
            }
            Ok(())
        };
        assert_eq!(guard(call, Duration::from_millis(200), progress).await, Ok(()));
    }
}
