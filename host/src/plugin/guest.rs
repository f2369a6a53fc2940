//! One call of one guest: instance, limits, entry, and what it leaves behind.

use super::bindings::exports::fogbank::identity::authority::Guest as AuthorityGuest;
use super::bindings::exports::fogbank::operations::runner::{Outcome, Work};
use super::bindings::fogbank::service::types::{Reply, Request};
use super::call::{self, Fetched, Head};
use super::diagnose::diagnose;
use super::failure::Failure;
use super::loaded::{Entry, LoadedPlugin, Running};
use super::meter::Spent;
use super::reuse::Used;
use super::runtime::{Meters, Usage};
use super::state::{CallContext, Scope, State};
use super::wasi_call;
use crate::capability::http::{AnswerSlot, Body};
use crate::capability::identity::Enforcement;
use crate::capability::identity::authority::{Answer, Credential, Known, Question, Refusal};
use crate::tenant::Tenant;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Engine, Store};

/// Everything that has to live as long as a call does.
pub(super) struct Held {
    pub _permit: OwnedSemaphorePermit,
    pub _running: Running,
}

/// Writes what the call used into the metrics when it is over, also where it is dropped half way.
pub(super) struct Ledger {
    meters: Arc<dyn Meters>,
    plugin: Arc<str>,
    tenant: Arc<str>,
    pub spent: Spent,
    memory: AtomicU64,
}

impl Ledger {
    pub fn new(meters: Arc<dyn Meters>, plugin: &LoadedPlugin, tenant: &Tenant) -> Self {
        Self {
            meters,
            plugin: Arc::clone(&plugin.name),
            tenant: Arc::clone(&tenant.name),
            spent: Spent::default(),
            memory: AtomicU64::new(0),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let usage = Usage { cpu_ns: self.spent.nanoseconds(), memory: self.memory.load(Ordering::Relaxed) };
        self.meters.ended(&self.plugin, &self.tenant, usage);
    }
}

/// One call of one guest.
pub(super) struct Guest {
    pub engine: Engine,
    pub plugin: Arc<LoadedPlugin>,
    pub scope: Arc<Scope>,
    pub context: CallContext,
    pub ledger: Ledger,
    pub _held: Held,
}

impl Guest {
    /// Calls `handle`; none where the guest streams its answer.
    pub async fn handle(
        self,
        head: Head,
        body: Fetched,
        answer: AnswerSlot,
    ) -> Result<Option<http::Response<Body>>, Failure> {
        let plugin = Arc::clone(&self.plugin);
        match &plugin.entry {
            Entry::Fogbank { .. } => self.handle_fogbank(head, body, answer).await,
            Entry::WasiHttp(pre) => {
                let store = self.store();
                self.ledger.meters.instantiated(&self.plugin.name);
                wasi_call::handle(store, pre, head, body, answer).await.map(|()| None)
            }
        }
    }

    async fn handle_fogbank(
        self,
        head: Head,
        body: Fetched,
        answer: AnswerSlot,
    ) -> Result<Option<http::Response<Body>>, Failure> {
        let again = body.again();
        let (mut body, mut answer) = (body, answer);
        loop {
            let (reply, mut used) = self.enter(&head, body, answer).await?;
            let response = match reply {
                Reply::Wait(wait) => {
                    let same = again.as_ref().and_then(Fetched::again);
                    body = same.ok_or_else(|| Failure::Contract("waits with a body that is read once".into()))?;
                    answer = std::mem::take(&mut used.store.data_mut().answer);
                    drop(used);
                    let limit = Duration::from_millis(wait.timeout_ms);
                    crate::capability::operations::wait(&self.scope, &wait.operation, limit).await;
                    continue;
                }
                Reply::Written => None,
                Reply::Response(response) => Some(call::http_response(&mut used.store, response)?),
            };
            self.check_asked(&head, response.as_ref(), used.store.data())?;
            self.ledger.memory.store(used.store.data().limiter.used(), Ordering::Relaxed);
            self.plugin.reuse.give(&self.scope.tenant.name, used);
            return Ok(response);
        }
    }

    /// A service to which the decision was left, and that lets somebody in without one, has a hole (F26).
    fn check_asked(&self, head: &Head, response: Option<&http::Response<Body>>, state: &State) -> Result<(), Failure> {
        let lets_in = response.is_none_or(|response| response.status().is_success());
        let bound = self.context.caller.enforcement == Enforcement::On;
        match head.plugin_decides && bound && lets_in && !state.asked_identity {
            true => Err(Failure::Contract(format!("answered {} without asking who may", head.route))),
            false => Ok(()),
        }
    }

    /// One call of the export `handle`, in a fresh instance or a kept one.
    async fn enter(&self, head: &Head, body: Fetched, answer: AnswerSlot) -> Result<(Reply, Used), Failure> {
        let Entry::Fogbank { pre, handle, .. } = &self.plugin.entry else {
            return Err(Failure::Internal("a WASI HTTP service has no `handle`".into()));
        };
        let mut used = self.instance(pre).await?;
        used.store.data_mut().answer = answer;
        let request = call::guest_request(&mut used.store, head, body)?;
        let function = used.instance.get_typed_func::<(&Request,), (Reply,)>(&mut used.store, handle);
        let function = function.map_err(|error| Failure::Contract(format!("`handle`: {error:#}")))?;
        let outcome = function.call_async(&mut used.store, (&request,)).await;
        self.nudge(used.store.data_mut());
        match outcome {
            Ok((reply,)) => {
                used.store.data_mut().committed.settle();
                Ok((reply, used))
            }
            Err(error) => Err(diagnose(&error, used.store.data())),
        }
    }

    /// Calls the export `fogbank:operations/runner.run`.
    pub async fn run(self, work: Work) -> Result<Outcome, Failure> {
        let Entry::Fogbank { pre, runner: Some(runner), .. } = &self.plugin.entry else {
            return Err(Failure::Contract("exports no fogbank:operations/runner".into()));
        };
        let mut used = self.instance(pre).await?;
        let guest = runner.load(&mut used.store, &used.instance);
        let guest = guest.map_err(|error| Failure::Contract(format!("runner: {error:#}")))?;
        let outcome = guest.call_run(&mut used.store, &work).await;
        self.nudge(used.store.data_mut());
        self.ledger.memory.store(used.store.data().limiter.used(), Ordering::Relaxed);
        if outcome.is_ok() {
            used.store.data_mut().committed.settle();
        }
        outcome.map_err(|error| diagnose(&error, used.store.data()))
    }

    /// Calls the export `fogbank:identity/authority.authenticate`.
    pub async fn authenticate(self, credential: Credential) -> Result<Result<Known, Refusal>, Failure> {
        let (mut used, authority) = self.authority().await?;
        let outcome = authority.call_authenticate(&mut used.store, &credential).await;
        self.authority_ended(used, outcome)
    }

    /// Calls the export `fogbank:identity/authority.decide`.
    pub async fn decide(self, questions: Vec<Question>) -> Result<Vec<Vec<Answer>>, Failure> {
        let (mut used, authority) = self.authority().await?;
        let outcome = authority.call_decide(&mut used.store, &questions).await;
        self.authority_ended(used, outcome)
    }

    async fn authority(&self) -> Result<(Used, AuthorityGuest), Failure> {
        let Entry::Fogbank { pre, authority: Some(authority), .. } = &self.plugin.entry else {
            return Err(Failure::Contract("exports no fogbank:identity/authority".into()));
        };
        let mut used = self.instance(pre).await?;
        let guest = authority.load(&mut used.store, &used.instance);
        let guest = guest.map_err(|error| Failure::Contract(format!("authority: {error:#}")))?;
        Ok((used, guest))
    }

    fn authority_ended<T>(&self, used: Used, outcome: wasmtime::Result<T>) -> Result<T, Failure> {
        self.ledger.memory.store(used.store.data().limiter.used(), Ordering::Relaxed);
        match outcome {
            Ok(answer) => {
                self.plugin.reuse.give(&self.scope.tenant.name, used);
                Ok(answer)
            }
            Err(error) => Err(diagnose(&error, used.store.data())),
        }
    }

    /// Tells the worker of background work, once the call's transactions are over, that there may be some.
    fn nudge(&self, state: &mut State) {
        if std::mem::take(&mut state.started_operation)
            && let Some(workers) = self.scope.process.workers.get()
        {
            workers.nudge(&self.scope.tenant.name, &self.scope.plugin);
        }
    }

    async fn instance(&self, pre: &InstancePre<State>) -> Result<Used, Failure> {
        if let Some(mut used) = self.plugin.reuse.take(&self.scope.tenant.name) {
            used.store.data_mut().recycle(self.context.clone());
            used.store.set_epoch_deadline(1);
            used.uses += 1;
            return Ok(used);
        }
        let mut store = self.store();
        self.ledger.meters.instantiated(&self.plugin.name);
        let instance: Result<Instance, _> = pre.instantiate_async(&mut store).await;
        match instance {
            Ok(instance) => Ok(Used { store, instance, uses: 1 }),
            Err(error) => Err(diagnose(&error, store.data())),
        }
    }

    fn store(&self) -> Store<State> {
        let state = State::new(Arc::clone(&self.scope), self.context.clone(), self.plugin.memory);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store
    }
}

/// Bytes that one call between guest and host may carry.
const HOSTCALL_BYTES: usize = 16 << 20;
