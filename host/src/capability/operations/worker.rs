//! One task for each service in each tenant that has background work: it claims what is due, wakes the service's runner,
//! and writes down how that ended. At least once: what was running when the process ended runs again.

use super::table::{self, Ended, Failure, Row};
use crate::capability::context::Clock;
use crate::capability::database::{Database, Error};
use containers::Containers;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Operations of one service in one tenant that run at once.
const AT_ONCE: u32 = 8;

/// The longest sleep; whatever was missed is found then. The database is asked only where the service was used meanwhile: an
/// idle tenant's is to be closed, and stay so.
const LOOK: Duration = Duration::from_secs(30);

/// How long after a database that did not answer it is asked again.
const RETRY_MS: u64 = 1000;

/// The delay after the first failure of a step; it doubles up to [`MAX_DELAY`].
const FIRST_DELAY: Duration = Duration::from_millis(500);
const MAX_DELAY: Duration = Duration::from_secs(300);

/// What is busy while a service is told of containers; no schedule and no operation has this name.
const CONTAINERS: &str = "//";

/// What the runner is woken for.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time for each worker, and it is not kept")]
pub enum Step {
    Operation(Row),
    Schedule(String),
    /// Containers that started, ended or went; none where all have to be looked at.
    Containers(Vec<String>),
}

/// How a step ended.
#[derive(Debug, Clone)]
pub enum StepOutcome {
    Done(String),
    Failed(Failure),
    AgainAfter(Duration),
}

/// The future of [`RunStep::run`]; the error is for the log.
pub type Running = Pin<Box<dyn Future<Output = Result<StepOutcome, String>> + Send>>;

/// Wakes the runner of one service in one tenant, and tells what that service has.
pub trait RunStep: Send + Sync {
    /// Calls the runner once.
    fn run(&self, step: Step) -> Running;
    /// The service's database in the tenant.
    fn database(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Database>, Error>> + Send + '_>>;
    /// Name, interval and whether it is due at the start, of each schedule of the version that serves now.
    fn schedules(&self) -> Vec<(String, Duration, bool)>;
    /// The tenant's clock.
    fn clock(&self) -> &Clock;
    /// Whether a request of the tenant is under way, which may start an operation yet.
    fn in_use(&self) -> bool;
    /// Whether the tenant is going away.
    fn is_closed(&self) -> bool;
}

/// A tenant and a service.
type Key = (Arc<str>, Arc<str>);

/// The workers of the process.
#[derive(Default)]
pub struct Workers {
    running: RwLock<HashMap<Key, Arc<Signals>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

#[derive(Default)]
struct Signals {
    /// There may be something new to do.
    due: Notify,
    /// The service was used since the operations were last looked at.
    used: AtomicBool,
    /// Some operation has ended.
    ended: Arc<Notify>,
    /// Containers that the service has to be told of.
    containers: Mutex<Containers>,
    stop: CancellationToken,
    /// The worker has stopped, and so have all of its steps.
    stopped: CancellationToken,
}

impl Signals {
    fn containers(&self) -> MutexGuard<'_, Containers> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    /// Notes that a service is used in a tenant; whether a worker runs for it.
    pub fn touch(&self, tenant: &Arc<str>, plugin: &Arc<str>) -> bool {
        let signals = self.signals(tenant, plugin);
        signals.is_some_and(|signals| {
            signals.used.store(true, Ordering::Release);
            true
        })
    }

    /// Starts the worker of a service in a tenant, once, and not where the tenant is going away.
    pub fn start(&self, tenant: &Arc<str>, plugin: &Arc<str>, runner: Arc<dyn RunStep>) {
        let key = (Arc::clone(tenant), Arc::clone(plugin));
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(&key) || self.stop.is_cancelled() || runner.is_closed() {
            return;
        }
        let signals = Arc::new(Signals { stop: self.stop.child_token(), ..Signals::default() });
        running.insert(key, Arc::clone(&signals));
        let stopped = signals.stopped.clone().drop_guard();
        let worker = Worker {
            tenant: Arc::clone(tenant),
            plugin: Arc::clone(plugin),
            runner,
            signals,
            due_at: Mutex::default(),
            busy: Mutex::default(),
            look: LOOK,
        };
        self.tasks.spawn(async move {
            let _stopped = stopped;
            Arc::new(worker).work().await;
        });
    }

    /// Says that a service may have started an operation.
    pub fn nudge(&self, tenant: &Arc<str>, plugin: &Arc<str>) {
        if let Some(signals) = self.signals(tenant, plugin) {
            signals.due.notify_one();
        }
    }

    /// Has a service told of containers; of all of them where none is named.
    pub fn tell_of_containers(&self, tenant: &Arc<str>, plugin: &Arc<str>, names: &BTreeSet<String>) {
        if let Some(signals) = self.signals(tenant, plugin) {
            signals.containers().add(names);
            signals.due.notify_one();
        }
    }

    /// Is notified whenever an operation of this service in this tenant ends.
    pub fn ended(&self, tenant: &Arc<str>, plugin: &Arc<str>) -> Arc<Notify> {
        self.signals(tenant, plugin).map_or_else(Arc::default, |signals| Arc::clone(&signals.ended))
    }

    /// Ends the workers of a tenant that goes away, and waits for the steps in hand, at most for `limit`; whether they have ended.
    pub async fn forget_tenant(&self, tenant: &str, limit: Duration) -> bool {
        let of_tenant: Vec<Arc<Signals>> = {
            let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
            running.extract_if(|(name, _), _| &**name == tenant).map(|(_, signals)| signals).collect()
        };
        for signals in &of_tenant {
            signals.stop.cancel();
        }
        let all = async {
            for signals in &of_tenant {
                signals.stopped.cancelled().await;
            }
        };
        tokio::time::timeout(limit, all).await.is_ok()
    }

    /// Ends all workers and waits for the steps in hand, at most for `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("background work did not end in time; it will run again");
        }
    }

    fn signals(&self, tenant: &Arc<str>, plugin: &Arc<str>) -> Option<Arc<Signals>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.get(&(Arc::clone(tenant), Arc::clone(plugin))).cloned()
    }
}

/// The worker of one service in one tenant.
struct Worker {
    tenant: Arc<str>,
    plugin: Arc<str>,
    runner: Arc<dyn RunStep>,
    signals: Arc<Signals>,
    /// When each schedule is due next, on the tenant's clock.
    due_at: Mutex<HashMap<String, u64>>,
    /// Operations and schedules (with a slash) that are in hand.
    busy: Mutex<std::collections::HashSet<String>>,
    look: Duration,
}

impl Worker {
    async fn work(self: Arc<Self>) {
        let tasks = TaskTracker::new();
        let mut recovered = false;
        // When the operations have to be looked at, on the tenant's clock; none where none of them is due some day.
        let mut next = Some(0);
        while !self.signals.stop.is_cancelled() {
            self.clone().start_schedules(&tasks);
            self.clone().start_containers(&tasks);
            if next.is_some_and(|due_ms| due_ms <= self.runner.clock().now_ms()) {
                next = self.clone().look_at_operations(&mut recovered, &tasks).await;
            }
            tokio::select! {
                () = self.signals.stop.cancelled() => {}
                () = self.signals.due.notified() => next = Some(0),
                () = self.runner.clock().moved() => {}
                () = tokio::time::sleep(self.pause(next)) => {
                    if self.runner.in_use() || self.signals.used.load(Ordering::Acquire) {
                        next = Some(0);
                    }
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Starts the operations that are due; when the next one is.
    async fn look_at_operations(self: Arc<Self>, recovered: &mut bool, tasks: &TaskTracker) -> Option<u64> {
        self.signals.used.store(false, Ordering::Release);
        let found = match self.runner.database().await {
            Ok(database) => {
                if !*recovered {
                    *recovered = self.recover(&database).await;
                }
                self.clone().start_operations(&database, tasks).await
            }
            Err(error) => {
                self.complain("its database does not open", &error.to_string());
                Err(())
            }
        };
        found.unwrap_or_else(|()| Some(self.runner.clock().now_ms() + RETRY_MS))
    }

    /// How long to sleep until something is due.
    fn pause(&self, next: Option<u64>) -> Duration {
        let schedules = self.due_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next.into_iter().chain(schedules.values().copied()).min();
        let left = |next: u64| Duration::from_millis(next.saturating_sub(self.runner.clock().now_ms()));
        next.map_or(self.look, |next| left(next).clamp(Duration::from_millis(5), self.look))
    }

    async fn recover(&self, database: &Database) -> bool {
        match table::recover(database).await {
            Ok(()) => true,
            Err(error) => {
                self.complain("unfinished operations cannot be taken up", &error.to_string());
                false
            }
        }
    }

    /// Starts the schedules that are due.
    fn start_schedules(self: Arc<Self>, tasks: &TaskTracker) {
        let now = self.runner.clock().now_ms();
        for (name, every, at_start) in self.runner.schedules() {
            let due = {
                let mut due_at = self.due_at.lock().unwrap_or_else(PoisonError::into_inner);
                let interval = every.as_millis() as u64;
                let first = if at_start { now } else { now + interval };
                let next = due_at.entry(name.clone()).or_insert(first);
                // A clock that was set back must not silence a schedule until it has caught up.
                *next = (*next).min(now + interval);
                let due = *next <= now;
                if due {
                    *next = now + interval;
                }
                due
            };
            if due && self.take(&format!("/{name}")) {
                tasks.spawn(Arc::clone(&self).run_schedule(name));
            }
        }
    }

    async fn run_schedule(self: Arc<Self>, name: String) {
        loop {
            match self.runner.run(Step::Schedule(name.clone())).await {
                Ok(StepOutcome::Done(_)) => break,
                Ok(StepOutcome::AgainAfter(delay)) => {
                    let pause = tokio::time::sleep(delay.max(Duration::from_millis(1)));
                    if self.signals.stop.run_until_cancelled(pause).await.is_none() {
                        break;
                    }
                }
                Ok(StepOutcome::Failed(failure)) => {
                    self.complain(&format!("schedule {name} failed"), &failure.message);
                    break;
                }
                Err(error) => {
                    self.complain(&format!("schedule {name} failed"), &error);
                    break;
                }
            }
        }
        self.give_back(&format!("/{name}"));
        self.signals.due.notify_one();
    }

    /// Tells the service of containers, if there is something to tell and it is not being told already.
    fn start_containers(self: Arc<Self>, tasks: &TaskTracker) {
        if *self.signals.containers() != Containers::None && self.take(CONTAINERS) {
            tasks.spawn(self.tell_of_containers());
        }
    }

    async fn tell_of_containers(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let Some(names) = self.signals.containers().take() else { break };
            let pause = match self.runner.run(Step::Containers(names.iter().cloned().collect())).await {
                Ok(StepOutcome::Done(_)) => continue,
                Ok(StepOutcome::AgainAfter(delay)) => delay.max(Duration::from_millis(1)),
                Ok(StepOutcome::Failed(failure)) => {
                    self.complain("news of containers could not be taken in", &failure.message);
                    continue;
                }
                Err(error) => {
                    failures += 1;
                    self.complain("news of containers could not be taken in", &error);
                    backoff(failures)
                }
            };
            // Together with what is heard meanwhile.
            self.signals.containers().add(&names);
            if self.signals.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
        }
        self.give_back(CONTAINERS);
        self.signals.due.notify_one();
    }

    /// Starts the operations that are due; when the next one is, or nothing where the database did not say.
    async fn start_operations(
        self: Arc<Self>,
        database: &Arc<Database>,
        tasks: &TaskTracker,
    ) -> Result<Option<u64>, ()> {
        let now = self.runner.clock().now_ms();
        let (due, next) = table::due(database, now, 4 * AT_ONCE).await.map_err(|error| {
            self.complain("operations cannot be listed", &error.to_string());
        })?;
        for row in due {
            if self.free() && self.take(&row.id) {
                tasks.spawn(Arc::clone(&self).run_operation(Arc::clone(database), row));
            }
        }
        Ok(next)
    }

    async fn run_operation(self: Arc<Self>, database: Arc<Database>, row: Row) {
        if let Err(error) = self.step(&database, &row).await {
            self.complain(&format!("operation {} cannot be written down", row.id), &error.to_string());
            tokio::time::sleep(FIRST_DELAY).await;
        }
        self.give_back(&row.id);
        self.signals.ended.notify_waiters();
        self.signals.due.notify_one();
    }

    async fn step(&self, database: &Database, row: &Row) -> Result<(), Error> {
        let now = self.runner.clock().now_ms();
        if !table::begin_step(database, &row.id, now).await? {
            return Ok(());
        }
        let Some(fresh) = table::get(database, &row.id).await? else { return Ok(()) };
        let ended = match self.runner.run(Step::Operation(fresh.clone())).await {
            Ok(StepOutcome::Done(result)) => Ended::Success(result),
            Ok(StepOutcome::Failed(failure)) => Ended::Failure(failure),
            Ok(StepOutcome::AgainAfter(delay)) => return self.postpone(database, row, delay).await,
            Err(error) => {
                self.complain(&format!("a step of operation {} failed", row.id), &error);
                return self.postpone(database, row, backoff(fresh.attempts)).await;
            }
        };
        table::end(database, &fresh, &ended, self.runner.clock().now_ms()).await?;
        Ok(())
    }

    async fn postpone(&self, database: &Database, row: &Row, delay: Duration) -> Result<(), Error> {
        let due = self.runner.clock().now_ms() + delay.as_millis() as u64;
        table::postpone(database, &row.id, due).await.map(|_| ())
    }

    fn free(&self) -> bool {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.iter().filter(|name| !name.starts_with('/')).count() < AT_ONCE as usize
    }

    fn take(&self, name: &str) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned())
    }

    fn give_back(&self, name: &str) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn complain(&self, what: &str, why: &str) {
        tracing::error!(tenant = &*self.tenant, plugin = &*self.plugin, "{what}: {why}");
    }
}

/// How long to wait after `attempts` steps that failed.
fn backoff(attempts: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << attempts.clamp(1, 16).saturating_sub(1)).min(MAX_DELAY)
}

mod containers;
#[cfg(test)]
mod tests;
