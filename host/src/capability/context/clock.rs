//! A tenant's clock: the machine's, moved by an offset that tests set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// Milliseconds since 1970-01-01T00:00:00Z on the machine's own clock.
pub fn machine_now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis() as u64)
}

/// The clock of one tenant. Cheap to read from any thread.
#[derive(Debug, Default)]
pub struct Clock {
    offset_ms: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// A clock that runs `offset_ms` ahead of the machine's (behind it, when negative).
    pub fn with_offset(offset_ms: i64) -> Self {
        Self { offset_ms: AtomicI64::new(offset_ms), moved: Notify::new() }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, never negative.
    pub fn now_ms(&self) -> u64 {
        machine_now_ms().saturating_add_signed(self.offset_ms())
    }

    /// As [`Self::now_ms`], as finely as the machine tells it: two moments that differ there differ here.
    pub fn now(&self) -> Duration {
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let offset = Duration::from_millis(self.offset_ms().unsigned_abs());
        if self.offset_ms() < 0 { machine.saturating_sub(offset) } else { machine.saturating_add(offset) }
    }

    /// How far this clock is ahead of the machine's, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock so that it is `offset_ms` ahead of the machine's.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// Moves the clock by `delta_ms` and gives the new offset.
    pub fn advance_ms(&self, delta_ms: i64) -> i64 {
        let offset_ms = self.offset_ms().saturating_add(delta_ms);
        self.set_offset_ms(offset_ms);
        offset_ms
    }

    /// Waits until the clock is moved.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_stays_ahead_of_the_machine() {
        let clock = Clock::default();
        assert_eq!(clock.advance_ms(86_400_000), 86_400_000);
        let ahead = clock.now_ms() - machine_now_ms();
        assert!((86_399_000..=86_401_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn f38_a_clock_before_1970_reads_zero() {
        assert_eq!(Clock::with_offset(i64::MIN / 2).now_ms(), 0);
    }
}
