//! A tenant's share of the processors: a token bucket in nanoseconds of processor time. Guests, hashing and SQL draw on it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How much unused time may be saved up.
const BURST: Duration = Duration::from_secs(2);

/// The bucket. Unlimited unless the tenant has a quota.
#[derive(Debug)]
pub struct CpuShare {
    bucket: Option<Mutex<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// Processors, as a fraction.
    rate: f64,
    tokens_ns: f64,
    filled: Instant,
}

impl CpuShare {
    /// A share without a limit, which costs nothing to draw on.
    pub fn unlimited() -> Self {
        Self { bucket: None }
    }

    /// `rate` processors on average: 0.5 is half of one.
    pub fn new(rate: f64) -> Self {
        let tokens_ns = rate * BURST.as_nanos() as f64;
        Self { bucket: Some(Mutex::new(Bucket { rate, tokens_ns, filled: Instant::now() })) }
    }

    /// Takes `nanoseconds` of processor time out, also where that leaves a debt.
    pub fn charge(&self, nanoseconds: u64) {
        if let Some(bucket) = &self.bucket {
            let mut bucket = bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            bucket.fill();
            bucket.tokens_ns -= nanoseconds as f64;
        }
    }

    /// How long to wait until nothing is owed; none where nothing is.
    pub fn debt(&self) -> Option<Duration> {
        let mut bucket = self.bucket.as_ref()?.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bucket.fill();
        let owed = -bucket.tokens_ns;
        (owed > 0.0).then(|| Duration::from_nanos((owed / bucket.rate) as u64 + 1))
    }
}

impl Bucket {
    fn fill(&mut self) {
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_nanos() as f64 * self.rate;
        self.tokens_ns = (self.tokens_ns + gained).min(self.rate * BURST.as_nanos() as f64);
        self.filled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_paid_at_the_rate_of_the_share() {
        let share = CpuShare::new(0.5);
        share.charge(2_000_000_000);
        let debt = share.debt().expect("owed");
        assert!(debt > Duration::from_millis(1900) && debt < Duration::from_millis(2100), "{debt:?}");
    }

    #[test]
    fn f38_an_unlimited_share_never_owes() {
        let share = CpuShare::unlimited();
        share.charge(u64::MAX);
        assert_eq!(share.debt(), None);
    }
}
