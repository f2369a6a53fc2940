//! Separate clouds on one machine.
//!
//! A tenant has its own data, clock and quotas. Which one a request belongs to is said by its path (`/_tenants/NAME/`) or its
//! host name (`NAME.localhost`); otherwise it is [`DEFAULT`], which always exists.

mod name;
mod quotas;
mod registry;
mod store;

pub use name::{DEFAULT, check_name};
pub use quotas::{Exceeded, Permit, Quotas};
pub use registry::{TenantData, TenantError, Tenants};

use crate::capability::context::Clock;
use crate::plugin::share::CpuShare;
use quotas::Meter;
use std::fmt;
use std::sync::Arc;

/// A whole separate cloud.
pub struct Tenant {
    pub name: Arc<str>,
    pub clock: Clock,
    /// What its guests may draw on the processors.
    pub cpu: Arc<CpuShare>,
    pub quotas: Quotas,
    meter: Arc<Meter>,
}

impl Tenant {
    /// A tenant whose clock is the machine's.
    pub fn new(name: impl Into<Arc<str>>, quotas: Quotas) -> Self {
        Self::with_clock(name, quotas, 0)
    }

    /// A tenant whose clock is `offset_ms` ahead of the machine's.
    pub fn with_clock(name: impl Into<Arc<str>>, quotas: Quotas, offset_ms: i64) -> Self {
        let cpu =
            quotas.cpu_percent.map_or_else(CpuShare::unlimited, |percent| CpuShare::new(f64::from(percent) / 100.0));
        let meter = Arc::new(Meter::new(&quotas));
        Self { name: name.into(), clock: Clock::with_offset(offset_ms), cpu: Arc::new(cpu), quotas, meter }
    }

    /// Counts a request of this tenant until the permit is dropped; refuses one that is too much.
    pub fn enter(&self) -> Result<Permit, Exceeded> {
        Meter::enter(&self.meter)
    }

    /// Requests of this tenant that are under way.
    pub fn in_flight(&self) -> usize {
        self.meter.in_flight()
    }

    /// Refuses every request from now on.
    pub fn close(&self) {
        self.meter.close();
    }

    /// Whether it is going away.
    pub fn is_closed(&self) -> bool {
        self.meter.is_closed()
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.name)
    }
}
