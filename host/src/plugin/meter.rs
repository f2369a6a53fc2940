//! Counts what a call computes and shares the processors: each poll of a guest is measured, its budget enforced, its
//! tenant charged. A guest in an endless loop ends a poll at each epoch, so that no poll is much longer than a tick.

use super::failure::Failure;
use super::share::CpuShare;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;

/// After so much computing a call is heavy: it goes on in the slow lane.
const HEAVY: Duration = Duration::from_millis(20);

/// The processor time of this thread, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64) * 1_000_000_000 + time.tv_nsec as u64
}

/// The lane of heavy calls: fewer of them run at once than there are processors, so that a light call never waits for
/// a whole round of heavy ones. Measured without it: four endless loops made everybody else thirty times slower.
#[derive(Debug, Clone)]
pub struct SlowLane(Arc<Semaphore>);

impl SlowLane {
    /// A lane for a machine with `processors`.
    pub fn new(processors: usize) -> Self {
        Self(Arc::new(Semaphore::new(processors.saturating_sub(1).max(1))))
    }
}

/// What a call computed, readable while it runs and after.
#[derive(Debug, Clone, Default)]
pub struct Spent(Arc<AtomicU64>);

impl Spent {
    /// Nanoseconds of processor time so far.
    pub fn nanoseconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `nanoseconds` and gives the sum.
    pub fn add(&self, nanoseconds: u64) -> u64 {
        self.0.fetch_add(nanoseconds, Ordering::Relaxed) + nanoseconds
    }
}

thread_local! {
    static POLLING: Cell<bool> = const { Cell::new(false) };
}

/// Says on this thread that a call is being polled, until it is dropped.
struct Polling {
    /// Whether another one was already, which therefore waits for this one: a peer's caller, or whoever asks the authority.
    nested: bool,
}

impl Polling {
    fn begin() -> Self {
        Self { nested: POLLING.replace(true) }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLING.set(self.nested);
    }
}

/// A guest's call with its meter running.
pub struct Metered<T> {
    call: Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>,
    spent: Spent,
    budget: Duration,
    share: Arc<CpuShare>,
    lane: PollSemaphore,
    turn: Option<OwnedSemaphorePermit>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<T> Metered<T> {
    /// Measures `call`, which fails with `CpuBudget` once it has computed for `budget`.
    pub fn new(
        call: Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>,
        spent: Spent,
        budget: Duration,
        share: Arc<CpuShare>,
        lane: &SlowLane,
    ) -> Self {
        let lane = PollSemaphore::new(Arc::clone(&lane.0));
        Self { call, spent, budget, share, lane, turn: None, pause: None }
    }

    /// Waits until the tenant's share allows more, and for a turn in the slow lane where the call is heavy. A call inside another one
    /// runs in the turn of the outer one, which is as heavy: with turns of their own each would hold the one that the other waits for.
    fn poll_admission(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.pause.is_none() {
            self.pause = self.share.debt().map(|debt| Box::pin(tokio::time::sleep(debt)));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if !POLLING.get() && self.turn.is_none() && u128::from(self.spent.nanoseconds()) > HEAVY.as_nanos() {
            self.turn = ready!(self.lane.poll_acquire(context));
        }
        Poll::Ready(())
    }
}

impl<T> Future for Metered<T> {
    type Output = Result<T, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.poll_admission(context));
        let began = thread_cpu_ns();
        let polling = Polling::begin();
        let nested = polling.nested;
        let outcome = this.call.as_mut().poll(context);
        drop(polling);
        let nanoseconds = thread_cpu_ns().saturating_sub(began);
        this.turn = None;
        if !nested {
            // The outer call's time has this one's in it.
            this.share.charge(nanoseconds);
        }
        let spent = this.spent.add(nanoseconds);
        if outcome.is_pending() && u128::from(spent) > this.budget.as_nanos() {
            return Poll::Ready(Err(Failure::CpuBudget { limit: this.budget }));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spin(duration: Duration) {
        let began = thread_cpu_ns();
        while u128::from(thread_cpu_ns() - began) < duration.as_nanos() {}
    }

    fn metered(share: Arc<CpuShare>, budget: Duration, spent: &Spent) -> Metered<()> {
        let call = Box::pin(async {
            loop {
                spin(Duration::from_millis(5));
                tokio::task::yield_now().await;
            }
        });
        Metered::new(call, spent.clone(), budget, share, &SlowLane::new(2))
    }

    #[tokio::test]
    async fn an_endless_loop_ends_at_its_budget() {
        let spent = Spent::default();
        let budget = Duration::from_millis(100);
        let outcome = metered(Arc::new(CpuShare::unlimited()), budget, &spent).await;
        assert_eq!(outcome, Err(Failure::CpuBudget { limit: budget }));
        assert!(spent.nanoseconds() >= 100_000_000);
        assert!(spent.nanoseconds() < 115_000_000, "{} ns", spent.nanoseconds());
    }

    #[tokio::test]
    async fn a_heavy_call_inside_a_call_takes_no_second_turn() {
        let lane = SlowLane::new(2);
        let share = Arc::new(CpuShare::unlimited());
        let second = Duration::from_secs(1);
        let work = async {
            for _ in 0..10 {
                spin(Duration::from_millis(5));
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        let inner = Metered::new(Box::pin(work), Spent::default(), second, Arc::clone(&share), &lane);
        let outer = Metered::new(Box::pin(inner), Spent::default(), second, share, &lane);
        assert_eq!(tokio::time::timeout(second, outer).await, Ok(Ok(())));
    }

    #[tokio::test]
    async fn a_tenant_in_debt_waits() {
        let share = Arc::new(CpuShare::new(0.5));
        share.charge(10_000_000_000);
        let spent = Spent::default();
        let call = metered(Arc::clone(&share), Duration::from_secs(1), &spent);
        assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
        assert_eq!(spent.nanoseconds(), 0);
    }
}
