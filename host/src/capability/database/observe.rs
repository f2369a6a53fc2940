//! Who is told what the databases did: metrics, and the charge to a tenant's share of the CPU.

use super::value::Backend;
use std::time::Duration;

/// One use of a database: a query, or a batch, or the end of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    pub tenant: &'a str,
    pub plugin: &'a str,
    pub backend: Backend,
    /// `query`, `execute`, `begin`, `commit` or `rollback`.
    pub call: &'static str,
    /// From the moment that a connection was there to the answer.
    pub elapsed: Duration,
    /// Rows in the answer.
    pub rows: usize,
    /// See [`super::Error::kind`].
    pub error: Option<&'static str>,
}

/// Is told of every use. Called on the path of a request: it may not block.
pub trait Observe: Send + Sync {
    /// After each use.
    fn sample(&self, _sample: Sample<'_>) {}
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observe for Unobserved {}
