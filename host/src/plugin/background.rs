//! Starts background work: a worker for each service with a runner in each tenant that uses it.

use super::bindings::exports::fogbank::operations::runner::Work;
use super::call::CallLimits;
use super::loaded::LoadedPlugin;
use super::manifest::Capability;
use super::registry::Registry;
use super::runtime::Runtime;
use crate::capability::context::Clock;
use crate::capability::database::{Database, Error};
use crate::capability::operations::worker::{RunStep, Running, Step, StepOutcome, Workers};
use crate::tenant::Tenant;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Processor time of one step, whatever a request of the service may have.
const STEP_CPU: Duration = Duration::from_secs(30);

/// Time in which a step makes no progress.
const STEP_WALL: Duration = Duration::from_secs(600);

/// Starts workers.
pub struct Background {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
    pub workers: Arc<Workers>,
}

impl Background {
    /// Runs steps in `runtime`, with the versions that `registry` holds.
    pub fn new(runtime: Arc<Runtime>, registry: Arc<Registry>) -> Arc<Self> {
        let workers = Arc::new(Workers::default());
        // Set once: a second Background of the same process would be a bug, and its workers would not be nudged.
        let _ = runtime.process.workers.set(Arc::clone(&workers));
        Arc::new(Self { runtime, registry, workers })
    }

    /// Notes that `plugin` is used in `tenant`: its worker runs from now on. Cheap when it does already.
    pub fn touch(&self, plugin: &Arc<LoadedPlugin>, tenant: &Arc<Tenant>) {
        if !plugin.has_runner() || self.workers.touch(&tenant.name, &plugin.name) {
            return;
        }
        let runner = Runner {
            runtime: Arc::clone(&self.runtime),
            registry: Arc::clone(&self.registry),
            tenant: Arc::clone(tenant),
            plugin: Arc::clone(&plugin.name),
        };
        self.workers.start(&tenant.name, &plugin.name, Arc::new(runner));
    }

    /// Has `plugin` told of its containers in `tenant`, if it has a use for that; of all where none is named.
    pub fn tell_of_containers(&self, plugin: &Arc<LoadedPlugin>, tenant: &Arc<Tenant>, names: &BTreeSet<String>) {
        if plugin.has_runner() && plugin.manifest.capabilities.asked.contains(&Capability::Docker) {
            self.touch(plugin, tenant);
            self.workers.tell_of_containers(&tenant.name, &plugin.name, names);
        }
    }
}

/// The runner of one service in one tenant, in whatever version serves.
struct Runner {
    runtime: Arc<Runtime>,
    registry: Arc<Registry>,
    tenant: Arc<Tenant>,
    plugin: Arc<str>,
}

impl Runner {
    fn loaded(&self) -> Option<Arc<LoadedPlugin>> {
        self.registry.snapshot().plugins.get(&self.plugin).cloned()
    }
}

impl RunStep for Runner {
    fn run(&self, step: Step) -> Running {
        let (runtime, tenant, loaded) = (Arc::clone(&self.runtime), Arc::clone(&self.tenant), self.loaded());
        let request_id: Arc<str> = match &step {
            Step::Operation(row) => Arc::from(row.id.as_str()),
            Step::Schedule(name) => Arc::from(format!("schedule-{name}")),
            Step::Containers(_) => Arc::from("containers"),
        };
        Box::pin(async move {
            let plugin = loaded.ok_or("the service is not loaded")?;
            let limits = CallLimits { cpu: STEP_CPU.max(plugin.manifest.limits.cpu), wall: STEP_WALL };
            let outcome = runtime.run(&plugin, &tenant, Work::from(step), limits, request_id).await;
            outcome.map(StepOutcome::from).map_err(|failure| failure.to_string())
        })
    }

    fn database(&self) -> Pin<Box<dyn Future<Output = Result<Arc<Database>, Error>> + Send + '_>> {
        Box::pin(async move {
            let plugin = self.loaded().ok_or_else(|| Error::Other("the service is not loaded".into()))?;
            self.runtime.process.databases.open(&self.tenant.name, &self.plugin, &plugin.migrations).await
        })
    }

    fn schedules(&self) -> Vec<(String, Duration, bool)> {
        let Some(plugin) = self.loaded() else { return Vec::new() };
        let schedules = plugin.manifest.schedules.iter();
        schedules.map(|schedule| (schedule.name.clone(), schedule.every, schedule.at_start)).collect()
    }

    fn clock(&self) -> &Clock {
        &self.tenant.clock
    }

    fn in_use(&self) -> bool {
        self.tenant.in_flight() > 0
    }

    fn is_closed(&self) -> bool {
        self.tenant.is_closed()
    }
}
