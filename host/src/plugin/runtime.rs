//! Runs calls: takes a permit and an instance, puts limits around the guest, and turns what comes out into an answer or a
//! [`Failure`].

use super::bindings::exports::fogbank::operations::runner::{Outcome, Work};
use super::call::{self, Call, CallLimits};
use super::engine::{self, Allocation};
use super::failure::Failure;
use super::guest::{Guest, Held, Ledger};
use super::loaded::LoadedPlugin;
use super::meter::{Metered, SlowLane};
use super::permits::Permits;
use super::progress::{self, Progress};
use super::state::{CallContext, Process, Scope};
use super::streamed::{Rest, Streamed};
use crate::capability::http::{AnswerSlot, Body, StartedAnswer};
use crate::capability::identity::{Caller, Facts, Origin};
use crate::tenant::Tenant;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::Instrument;
use wasmtime::Engine;

/// What a call used, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time in nanoseconds.
    pub cpu_ns: u64,
    /// Bytes of linear memory.
    pub memory: u64,
}

/// Runs guests.
pub struct Runtime {
    pub engine: Engine,
    pub allocation: Allocation,
    pub process: Arc<Process>,
    permits: Permits,
    lane: SlowLane,
    pub metrics: Arc<dyn Meters>,
}

/// Who counts what guests use.
pub trait Meters: Send + Sync {
    /// A call of `plugin` for `tenant` has ended, well or not.
    fn ended(&self, plugin: &Arc<str>, tenant: &Arc<str>, usage: Usage);
    /// An instance of `plugin` was made.
    fn instantiated(&self, plugin: &Arc<str>);
}

impl Runtime {
    /// Builds the engine and starts its epochs.
    pub fn new(process: Arc<Process>, metrics: Arc<dyn Meters>) -> wasmtime::Result<Arc<Self>> {
        let (engine, allocation) = engine::build()?;
        engine::drive_epochs(&engine)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let (permits, lane) = (Permits::default(), SlowLane::new(processors));
        Ok(Arc::new(Self { engine, allocation, process, permits, lane, metrics }))
    }

    /// Serves one request with `plugin` for `tenant`.
    pub async fn call(
        self: &Arc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant: &Arc<Tenant>,
        call: Call,
    ) -> Result<http::Response<Body>, Failure> {
        let progress = Progress::default();
        let Call { head, body, limits } = call;
        let body = call::fetch(body, &progress).await?;
        let permit = self.permits.take(head.depth).await?;
        let (answer, started) = AnswerSlot::new();
        let context = CallContext {
            base_url: Arc::clone(&head.base_url),
            request_id: Arc::clone(&head.request_id),
            depth: head.depth,
            caller: Arc::clone(&head.caller),
            container: head.container.clone(),
            origin: Arc::new(Origin { base_url: Arc::clone(&head.base_url), request_id: Arc::clone(&head.request_id) }),
            facts: Arc::new(head.facts()),
            progress: progress.clone(),
        };
        let guest = self.guest(plugin, tenant, context, permit);
        let spent = guest.ledger.spent.clone();
        let span = tracing::debug_span!("call", plugin = &*plugin.name, tenant = &*tenant.name);
        let work = Box::pin(guest.handle(head, body, answer).instrument(span));
        let metered = Metered::new(work, spent, limits.cpu, Arc::clone(&tenant.cpu), &self.lane);
        answer_or_stream(progress::guard(metered, limits.wall, progress.clone()), started, progress).await
    }

    /// Does one step of background work.
    pub async fn run(
        self: &Arc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant: &Arc<Tenant>,
        work: Work,
        limits: CallLimits,
        request_id: Arc<str>,
    ) -> Result<Outcome, Failure> {
        let permit = self.permits.take_background().await?;
        let progress = Progress::default();
        let origin = Origin { base_url: Arc::from(""), request_id };
        let context = own_context(&plugin.name, origin, progress.clone());
        let guest = self.guest(plugin, tenant, context, permit);
        let spent = guest.ledger.spent.clone();
        let step = Box::pin(guest.run(work));
        let metered = Metered::new(step, spent, limits.cpu, Arc::clone(&tenant.cpu), &self.lane);
        progress::guard(metered, limits.wall, progress).await
    }

    /// Asks `plugin` what the authority says; the guest's permit is of those that nobody else takes.
    pub(super) async fn ask<T, F>(
        self: &Arc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant: &Arc<Tenant>,
        origin: Origin,
        ask: impl FnOnce(Guest) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
        T: Send + 'static,
    {
        let permit = self.permits.take_authority().await?;
        let progress = Progress::default();
        let guest = self.guest(plugin, tenant, own_context(&plugin.name, origin, progress.clone()), permit);
        let spent = guest.ledger.spent.clone();
        let work = Box::pin(ask(guest));
        let metered = Metered::new(work, spent, AUTHORITY_CPU, Arc::clone(&tenant.cpu), &self.lane);
        progress::guard(metered, AUTHORITY_WALL, progress).await
    }

    fn guest(
        self: &Arc<Self>,
        plugin: &Arc<LoadedPlugin>,
        tenant: &Arc<Tenant>,
        context: CallContext,
        permit: OwnedSemaphorePermit,
    ) -> Guest {
        let ledger = Ledger::new(Arc::clone(&self.metrics), plugin, tenant);
        let held = Held { _permit: permit, _running: plugin.enter() };
        Guest {
            engine: self.engine.clone(),
            plugin: Arc::clone(plugin),
            scope: self.scope(plugin, tenant),
            context,
            ledger,
            _held: held,
        }
    }

    fn scope(&self, plugin: &Arc<LoadedPlugin>, tenant: &Arc<Tenant>) -> Arc<Scope> {
        Arc::new(Scope {
            process: Arc::clone(&self.process),
            tenant: Arc::clone(tenant),
            plugin: Arc::clone(&plugin.name),
            settings: Arc::clone(&plugin.settings),
            migrations: Arc::clone(&plugin.migrations),
            assets: Arc::clone(&plugin.assets),
            docker: Arc::clone(&plugin.docker),
            operations_domain: plugin.manifest.operations_domain.clone(),
        })
    }
}

/// Processor time of one question to the authority.
const AUTHORITY_CPU: Duration = Duration::from_secs(5);

/// Time in which the authority makes no progress.
const AUTHORITY_WALL: Duration = Duration::from_secs(20);

/// A call that no client made: the service acts for itself.
fn own_context(plugin: &str, origin: Origin, progress: Progress) -> CallContext {
    CallContext {
        base_url: Arc::clone(&origin.base_url),
        request_id: Arc::clone(&origin.request_id),
        depth: 0,
        caller: Caller::service(plugin),
        container: None,
        origin: Arc::new(origin),
        facts: Arc::new(Facts { method: String::new(), host: String::new(), path: String::new() }),
        progress,
    }
}

/// Waits for the guest's answer, or for the head of one that it streams.
async fn answer_or_stream<F>(
    guest: F,
    mut started: oneshot::Receiver<StartedAnswer>,
    progress: Progress,
) -> Result<http::Response<Body>, Failure>
where
    F: Future<Output = Result<Option<http::Response<Body>>, Failure>> + Send + 'static,
{
    let mut guest = Box::pin(guest);
    let ended = tokio::select! {
        biased;
        ended = &mut guest => Some(ended?),
        head = &mut started => return match head {
            Ok(head) => {
                let rest = Box::pin(async move { guest.await.map(|_| ()) });
                streamed(head, Some(rest), progress)
            }
            Err(_) => guest.await?.ok_or_else(no_answer),
        },
    };
    match (ended.flatten(), started.try_recv()) {
        (Some(answer), _) => Ok(answer),
        (None, Ok(head)) => streamed(head, None, progress),
        (None, Err(_)) => Err(no_answer()),
    }
}

fn streamed(head: StartedAnswer, rest: Option<Rest>, progress: Progress) -> Result<http::Response<Body>, Failure> {
    let body = Body::from_source(Streamed { chunks: head.chunks, rest, progress });
    call::assemble(head.status, head.headers, body)
}

fn no_answer() -> Failure {
    Failure::Contract("said `written` and wrote no answer".into())
}
