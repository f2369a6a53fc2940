//! What a tenant stores, and how much it may.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of one tenant, over all services, and who is told of the processor time that they cost.
pub struct TenantUsage {
    used: AtomicU64,
    quota: AtomicU64,
    on_cpu: Box<dyn Fn(u64) + Send + Sync>,
}

/// The tenant's quota in bytes would be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota(pub u64);

/// Stands for "no quota".
const UNLIMITED: u64 = u64::MAX;

impl TenantUsage {
    /// Nothing used yet; `quota` in bytes.
    pub fn new(quota: Option<u64>) -> Self {
        Self::charging(quota, |_| {})
    }

    /// As [`TenantUsage::new`], telling `on_cpu` the nanoseconds that hashing and writing took on a thread.
    pub fn charging(quota: Option<u64>, on_cpu: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let quota = AtomicU64::new(quota.unwrap_or(UNLIMITED));
        Self { used: AtomicU64::new(0), quota, on_cpu: Box::new(on_cpu) }
    }

    /// Bytes in files, staged bytes and uploads, and bytes that were reserved for what is on its way.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    pub fn quota(&self) -> Option<u64> {
        Some(self.quota.load(Ordering::Acquire)).filter(|quota| *quota != UNLIMITED)
    }

    /// Another quota from now on. What is stored already stays.
    pub fn set_quota(&self, quota: Option<u64>) {
        self.quota.store(quota.unwrap_or(UNLIMITED), Ordering::Release);
    }

    /// Bytes that are there whatever the quota says: found at start.
    pub(super) fn add(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn release(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }

    pub(super) fn charge_cpu(&self, nanoseconds: u64) {
        (self.on_cpu)(nanoseconds);
    }

    fn reserve(&self, bytes: u64) -> Result<(), Quota> {
        let quota = self.quota.load(Ordering::Acquire);
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= quota);
        self.used.try_update(Ordering::AcqRel, Ordering::Acquire, fits).map(|_| ()).map_err(|_| Quota(quota))
    }
}

impl fmt::Debug for TenantUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantUsage").field("used", &self.used()).field("quota", &self.quota()).finish()
    }
}

/// Bytes that were reserved and may not be needed; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    usage: Arc<TenantUsage>,
    bytes: u64,
}

impl Reservation {
    pub(super) fn new(usage: Arc<TenantUsage>) -> Self {
        Self { usage, bytes: 0 }
    }

    /// At least `bytes` in all, in steps of `step` where the quota has room for that.
    pub(super) fn ensure(&mut self, bytes: u64, step: u64) -> Result<(), Quota> {
        let Some(missing) = bytes.checked_sub(self.bytes).filter(|missing| *missing > 0) else { return Ok(()) };
        let wanted = missing.max(step);
        let got = match self.usage.reserve(wanted) {
            Ok(()) => wanted,
            Err(_) if wanted > missing => self.usage.reserve(missing).map(|()| missing)?,
            Err(error) => return Err(error),
        };
        self.bytes += got;
        Ok(())
    }

    /// Gives back what is more than `bytes`.
    pub(super) fn shrink(&mut self, bytes: u64) {
        let excess = self.bytes.saturating_sub(bytes);
        self.usage.release(excess);
        self.bytes -= excess;
    }

    /// Keeps `bytes` reserved for good, gives the rest back, and stands for nothing any more.
    pub(super) fn settle(&mut self, bytes: u64) {
        self.usage.release(self.bytes.saturating_sub(bytes));
        self.bytes = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.usage.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_a_quota_is_used_to_the_last_byte_and_not_passed() {
        let usage = Arc::new(TenantUsage::new(Some(100)));
        let mut first = Reservation::new(usage.clone());
        first.ensure(60, 8).expect("room");
        let mut second = Reservation::new(usage.clone());
        assert_eq!(second.ensure(41, 8), Err(Quota(100)));
        second.ensure(40, 8).expect("exactly the room that is left");
        assert_eq!(usage.used(), 100);
        drop(second);
        first.settle(50);
        assert_eq!(usage.used(), 50);
        usage.set_quota(None);
        assert_eq!(usage.quota(), None);
        first.ensure(1 << 40, 8).expect("no quota");
    }

    #[test]
    fn a_step_is_taken_only_where_it_fits() {
        let usage = Arc::new(TenantUsage::new(Some(10)));
        let mut reservation = Reservation::new(usage.clone());
        reservation.ensure(1, 8).expect("room");
        assert_eq!(usage.used(), 8);
        reservation.ensure(9, 8).expect("room");
        assert_eq!(usage.used(), 9);
        drop(reservation);
        assert_eq!(usage.used(), 0);
    }
}
