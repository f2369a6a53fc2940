//! How many requests one caller may make in a second, so that one program in a loop does not take everybody's turn.
//!
//! The generic cell rate algorithm: of each caller one number is kept, the time at which all its requests so far would have
//! been made at the even rate. It may lie ahead of the clock by the burst: as many at once as in a second. A caller whose
//! time has come is like one that was never seen, and is forgotten; so there are no more entries than requests of the
//! last second, twice over.

use super::error::ApiError;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Entries that are not worth looking through.
const FEW: usize = 1024;

const SECOND: u64 = 1_000_000_000;

/// Counts the requests of callers.
#[derive(Debug)]
pub struct Limiter {
    /// Requests in a second; none for no limit.
    rate: Option<u32>,
    began: Instant,
    /// Callers are kept as numbers, under a key of this process: nobody can choose two names with the same one.
    names: RandomState,
    callers: Mutex<Callers>,
}

#[derive(Debug)]
struct Callers {
    /// Nanoseconds since the limiter began.
    due: HashMap<u64, u64>,
    /// How many entries there are before those are dropped whose time has come.
    sweep_at: usize,
}

/// A refusal: how many seconds later the same request would pass, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter {
    pub seconds: u32,
    /// Requests in a second.
    pub rate: u32,
}

impl Limiter {
    /// At most `rate` requests in a second for each caller.
    pub fn new(rate: Option<u32>) -> Self {
        let callers = Mutex::new(Callers { due: HashMap::new(), sweep_at: FEW });
        Self { rate, began: Instant::now(), names: RandomState::new(), callers }
    }

    /// Counts a request of `caller` (an account, or the address of somebody unknown) in `tenant`, or refuses it. A
    /// refused request does not count.
    pub fn check(&self, tenant: &str, caller: &str) -> Result<(), RetryAfter> {
        self.check_at(self.began.elapsed(), tenant, caller)
    }

    /// Whether there is a limit at all.
    pub fn is_on(&self) -> bool {
        self.rate.is_some()
    }

    fn check_at(&self, now: Duration, tenant: &str, caller: &str) -> Result<(), RetryAfter> {
        let Some(rate) = self.rate else { return Ok(()) };
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let step = SECOND / u64::from(rate);
        let name = self.names.hash_one((tenant, caller));
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let due = callers.due.get(&name).copied().unwrap_or(0).max(now);
        // The burst is a second's requests: the last of them may be a second less one step ahead.
        let ahead = (due - now).saturating_sub(SECOND - step);
        if ahead > 0 {
            return Err(RetryAfter { seconds: u32::try_from(ahead.div_ceil(SECOND)).unwrap_or(u32::MAX), rate });
        }
        callers.due.insert(name, due + step);
        callers.sweep(now);
        Ok(())
    }
}

impl Callers {
    fn sweep(&mut self, now: u64) {
        if self.due.len() > self.sweep_at {
            self.due.retain(|_, due| *due > now);
            self.sweep_at = FEW.max(2 * self.due.len());
        }
    }
}

impl From<RetryAfter> for ApiError {
    fn from(RetryAfter { seconds, rate }: RetryAfter) -> Self {
        let message = format!("This caller has made {rate} requests in this second (limits.per-caller).");
        Self { retry_after: seconds, ..Self::too_many(message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(limiter: &Limiter, at_ms: u64, tries: u32, caller: &str) -> usize {
        let at = Duration::from_millis(at_ms);
        (0..tries).filter(|_| limiter.check_at(at, "default", caller).is_ok()).count()
    }

    #[test]
    fn a_burst_of_a_second_passes_and_then_the_even_rate() {
        let limiter = Limiter::new(Some(10));
        assert_eq!(passed(&limiter, 0, 100, "a"), 10);
        assert_eq!(passed(&limiter, 99, 100, "a"), 0);
        assert_eq!(passed(&limiter, 100, 100, "a"), 1);
        assert_eq!(passed(&limiter, 400, 100, "a"), 3);
        assert_eq!(passed(&limiter, 60_000, 100, "a"), 10, "a long rest is not saved up");
    }

    #[test]
    fn callers_and_tenants_do_not_take_each_others_turn() {
        let limiter = Limiter::new(Some(1));
        let now = Duration::ZERO;
        assert!(limiter.check_at(now, "default", "a").is_ok());
        assert!(limiter.check_at(now, "default", "a").is_err());
        assert!(limiter.check_at(now, "default", "b").is_ok());
        assert!(limiter.check_at(now, "blue", "a").is_ok());
        // Names that look alike when put together.
        assert!(limiter.check_at(now, "blu", "ea").is_ok());
    }

    #[test]
    fn the_time_that_is_said_is_the_time_that_it_takes() {
        let limiter = Limiter::new(Some(2));
        assert_eq!(passed(&limiter, 0, 10, "a"), 2);
        let refused = limiter.check_at(Duration::ZERO, "default", "a").expect_err("too many");
        assert_eq!(refused.seconds, 1);
        assert!(limiter.check_at(Duration::from_secs(refused.seconds.into()), "default", "a").is_ok());
        let error = ApiError::from(refused);
        assert_eq!((error.code.as_u16(), error.status, error.reason), (429, "RESOURCE_EXHAUSTED", "rateLimitExceeded"));
        assert_eq!(error.answer().headers()["retry-after"], "1");
    }

    #[test]
    fn callers_whose_time_has_come_are_forgotten() {
        let limiter = Limiter::new(Some(1));
        for caller in 0..100_000_u64 {
            let at = Duration::from_millis(caller * 10);
            assert!(limiter.check_at(at, "default", &caller.to_string()).is_ok());
        }
        let kept = limiter.callers.lock().expect("lock").due.len();
        assert!(kept <= FEW + 1, "{kept}");
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let limiter = Limiter::new(None);
        assert!((0..1000).all(|_| limiter.check("default", "a").is_ok()) && !limiter.is_on());
        assert!(limiter.callers.lock().expect("lock").due.is_empty());
    }
}
