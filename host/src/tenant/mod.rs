//! Separate clouds on one machine.
use crate::capability::context::Clock;
use crate::plugin::share::CpuShare;
use std::sync::Arc;

/// A whole separate cloud.
pub struct Tenant {
    pub name: Arc<str>,
    pub clock: Clock,
    /// What its guests may draw on the processors.
    pub cpu: Arc<CpuShare>,
}
