//! Durable work.

use crate::plugin::state::Scope;
use std::sync::Arc;
use std::time::Duration;

/// Waits until the operation has ended, at most for `limit`.
pub async fn wait(_scope: &Arc<Scope>, _operation: &str, limit: Duration) {
    tokio::time::sleep(limit.min(Duration::from_millis(200))).await;
}
