//! Whose database it is, and who is told what it does.

use super::error::Error;
use super::observe::{Observe, Sample};
use super::value::Backend;
use std::sync::Arc;
use std::time::Instant;

/// Tells the observer about the uses of one database.
#[derive(Clone)]
pub struct Watch {
    pub tenant: Arc<str>,
    pub plugin: Arc<str>,
    pub backend: Backend,
    pub observer: Arc<dyn Observe>,
}

impl Watch {
    /// One use that began at `began` and has just ended. What a client is not told stands in the log.
    pub fn tell(&self, call: &'static str, began: Instant, rows: usize, error: Option<&Error>) {
        let elapsed = began.elapsed();
        let (tenant, plugin) = (&*self.tenant, &*self.plugin);
        match error {
            Some(error @ (Error::Unavailable(_) | Error::Other(_))) => {
                tracing::warn!(tenant, plugin, call, %error, "database");
            }
            Some(error) => tracing::debug!(tenant, plugin, call, %error, "database"),
            None => {}
        }
        let error = error.map(Error::kind);
        self.observer.sample(Sample { tenant, plugin, backend: self.backend, call, elapsed, rows, error });
    }
}
