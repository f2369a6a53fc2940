//! Durable work: operations that clients see and background work that they do not, as rows of the service's own database,
//! and schedules. Granted with `operations = true`, which needs `database = true`.
//!
//! - [`table`]: the rows.
//! - [`domain`]: services that see each other's.
//! - [`worker`]: one task for each service in each tenant, which wakes the service's runner.

pub mod domain;
mod host;
pub mod table;
pub mod worker;

pub use worker::{RunStep, Step, Workers};

use crate::plugin::state::Scope;
use std::sync::Arc;
use std::time::Duration;

/// Waits until an operation of the scope's service, or of another of its domain, has ended, at most for `limit`.
pub async fn wait(scope: &Arc<Scope>, operation: &str, limit: Duration) {
    let deadline = tokio::time::Instant::now() + limit;
    let Some(workers) = scope.process.workers.get() else { return };
    let Ok(Some((home, _))) = domain::find(scope, operation).await else { return };
    let ended = workers.ended(&scope.tenant.name, &home.plugin);
    // What is held open is not closed when it is idle.
    drop(home);
    loop {
        let notified = ended.notified();
        let over = !matches!(domain::find(scope, operation).await, Ok(Some((_, row))) if !row.is_done());
        if over || tokio::time::timeout_at(deadline, notified).await.is_err() {
            return;
        }
    }
}
