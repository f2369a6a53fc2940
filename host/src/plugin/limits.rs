//! The memory limit of a store, and why it was enforced: a guest's failure reaches the caller as one opaque error, so
//! the limiter leaves the cause behind.

use wasmtime::{Error, ResourceLimiter, Result};

/// Elements that all tables of one guest may have.
const TABLE_ELEMENTS: usize = 20_000;

/// Bounds one store's memory and tables.
#[derive(Debug)]
pub struct Limiter {
    limit: u64,
    used: u64,
    exceeded: bool,
}

impl Limiter {
    /// A limiter that allows `limit` bytes of linear memory.
    pub fn new(limit: u64) -> Self {
        Self { limit, used: 0, exceeded: false }
    }

    /// The limit in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes of linear memory in use.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Whether the guest failed because it wanted more.
    pub fn exceeded(&self) -> bool {
        self.exceeded
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let wanted = self.used.saturating_add((desired - current) as u64);
        if wanted > self.limit {
            self.exceeded = true;
            return Err(Error::msg("memory limit of the service"));
        }
        self.used = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
