//! How many instances may live at once. Each depth of calls between services has permits of its own, so that a call never
//! waits for what its caller holds.

use super::failure::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits by depth: 0 is a client's request. Together they stay below [`super::engine::POOL`].
const PERMITS: [usize; 4] = [640, 160, 80, 40];

/// Permits of background work, apart from requests.
const BACKGROUND: usize = 40;

/// Permits of the authority, which calls of every depth may ask.
const AUTHORITY: usize = 32;

/// How long a request waits for a permit before it is answered 429.
const PATIENCE: Duration = Duration::from_secs(1);

/// The permits of the process.
#[derive(Debug, Clone)]
pub struct Permits {
    by_depth: [Arc<Semaphore>; PERMITS.len()],
    background: Arc<Semaphore>,
    authority: Arc<Semaphore>,
}

impl Default for Permits {
    fn default() -> Self {
        Self {
            by_depth: PERMITS.map(|count| Arc::new(Semaphore::new(count))),
            background: Arc::new(Semaphore::new(BACKGROUND)),
            authority: Arc::new(Semaphore::new(AUTHORITY)),
        }
    }
}

impl Permits {
    /// A permit for a call at `depth`. `TooDeep` beyond the deepest, `NoInstance` when none gets free in time.
    pub async fn take(&self, depth: u32) -> Result<OwnedSemaphorePermit, Failure> {
        let permits = self.by_depth.get(depth as usize).ok_or(Failure::TooDeep)?;
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        match tokio::time::timeout(PATIENCE, Arc::clone(permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Failure::NoInstance),
        }
    }

    /// A permit for background work; waits as long as it takes.
    pub async fn take_background(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.background).acquire_owned().await.map_err(|_| Failure::NoInstance)
    }

    /// A permit for a question to the authority, which asks nobody itself: it gets free.
    pub async fn take_authority(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.authority).acquire_owned().await.map_err(|_| Failure::NoInstance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::engine::POOL;

    #[test]
    fn permits_stay_below_the_pool() {
        assert!(PERMITS.iter().sum::<usize>() + BACKGROUND + AUTHORITY < POOL as usize);
    }

    #[tokio::test]
    async fn a_deep_call_does_not_wait_for_its_callers() {
        let permits = Permits::default();
        let mut held = Vec::new();
        for _ in 0..PERMITS[0] {
            held.push(permits.take(0).await.expect("free"));
        }
        assert_eq!(permits.take(0).await.err(), Some(Failure::NoInstance));
        assert!(permits.take(1).await.is_ok());
        assert_eq!(permits.take(9).await.err(), Some(Failure::TooDeep));
    }
}
