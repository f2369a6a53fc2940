//! Separate clouds on one machine.
use crate::capability::context::Clock;
pub struct Tenant {
    pub name: std::sync::Arc<str>,
    pub clock: Clock,
}
