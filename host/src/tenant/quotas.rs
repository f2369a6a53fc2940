//! What one tenant may use, so that it does not slow another.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Bounds of one tenant; what is absent is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Quotas {
    /// Requests at once.
    pub in_flight: Option<u32>,
    /// Requests in a second, on average; as many may come at once.
    pub per_second: Option<u32>,
    /// Stored bytes of all its services.
    pub bytes: Option<u64>,
    /// Bytes of one request's body.
    pub body: Option<u64>,
    /// Processor time; 100 is one processor.
    pub cpu_percent: Option<u32>,
    /// Containers of all its services.
    pub containers: Option<u32>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// More than so many requests at once.
    InFlight(u32),
    /// More than so many requests in a second.
    PerSecond(u32),
    /// The tenant is being reset or deleted.
    Closed,
}

/// Counts the requests of a tenant.
#[derive(Debug)]
pub(super) struct Meter {
    in_flight: AtomicUsize,
    closed: AtomicBool,
    limit: Option<u32>,
    bucket: Option<Mutex<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    rate: u32,
    tokens: f64,
    filled: Instant,
}

/// A request under way.
#[derive(Debug)]
pub struct Permit(Arc<Meter>);

impl Meter {
    pub fn new(quotas: &Quotas) -> Self {
        let bucket = |rate: u32| Mutex::new(Bucket { rate, tokens: f64::from(rate), filled: Instant::now() });
        Self {
            in_flight: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            limit: quotas.in_flight,
            bucket: quotas.per_second.map(bucket),
        }
    }

    pub fn enter(meter: &Arc<Self>) -> Result<Permit, Exceeded> {
        let before = meter.in_flight.fetch_add(1, Ordering::AcqRel);
        let permit = Permit(Arc::clone(meter));
        if meter.is_closed() {
            return Err(Exceeded::Closed);
        }
        match meter.limit {
            Some(limit) if before >= limit as usize => return Err(Exceeded::InFlight(limit)),
            _ => {}
        }
        if let Some(bucket) = &meter.bucket {
            bucket.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        }
        Ok(permit)
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Bucket {
    fn take(&mut self) -> Result<(), Exceeded> {
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * f64::from(self.rate);
        self.tokens = (self.tokens + gained).min(f64::from(self.rate));
        self.filled = now;
        if self.tokens < 1.0 {
            return Err(Exceeded::PerSecond(self.rate));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(quotas: Quotas) -> Arc<Meter> {
        Arc::new(Meter::new(&quotas))
    }

    #[test]
    fn requests_at_once_are_counted_until_they_end() {
        let meter = meter(Quotas { in_flight: Some(2), ..Quotas::default() });
        let first = Meter::enter(&meter).expect("first");
        let _second = Meter::enter(&meter).expect("second");
        assert_eq!(Meter::enter(&meter).err(), Some(Exceeded::InFlight(2)));
        drop(first);
        assert!(Meter::enter(&meter).is_ok());
        assert_eq!(meter.in_flight(), 1);
    }

    #[test]
    fn requests_in_a_second_are_bounded() {
        let meter = meter(Quotas { per_second: Some(3), ..Quotas::default() });
        let refused = (0..10).filter(|_| Meter::enter(&meter).is_err()).count();
        assert!((6..=7).contains(&refused), "{refused}");
    }

    #[test]
    fn a_closed_tenant_takes_nothing() {
        let meter = meter(Quotas::default());
        meter.close();
        assert_eq!(Meter::enter(&meter).err(), Some(Exceeded::Closed));
        assert_eq!(meter.in_flight(), 0);
    }
}
