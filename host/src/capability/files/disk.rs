//! Work on threads that may block, with a limit on the wait and the processor time charged to the tenant.

use super::error::FileError;
use super::quota::TenantUsage;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// Starts `work`. It runs to its end, whoever waits for it.
pub(super) fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    spawn_blocking(work)
}

/// Waits for work. When that takes longer than `limit`, what the work gives is dropped where it ends.
pub(super) async fn wait<T>(work: &mut JoinHandle<T>, limit: Duration) -> Result<T, FileError> {
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(FileError::Other(format!("work with a file did not end: {error}"))),
        Err(_) => Err(FileError::Timeout),
    }
}

/// [`start`] and [`wait`] in one.
pub(super) async fn run<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    wait(&mut start(work), limit).await?
}

/// Cleans up where nobody waits, away from threads that must not block.
pub(super) fn detach(work: impl FnOnce() + Send + 'static) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(work)),
        Err(_) => work(),
    }
}

/// Does `work` at the expense of the tenant.
pub(super) fn charged<T>(usage: &TenantUsage, work: impl FnOnce() -> T) -> T {
    let began = thread_cpu_ns();
    let outcome = work();
    usage.charge_cpu(thread_cpu_ns().saturating_sub(began));
    outcome
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64) * 1_000_000_000 + time.tv_nsec as u64
}
