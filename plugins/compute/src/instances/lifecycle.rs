//! Starting and stopping. <https://cloud.google.com/compute/docs/instances/instance-lifecycle>

use super::state::{State, refused};
use super::{going, work};
use crate::machines;
use compute_api::call::Call;
use compute_api::change;
use compute_api::operation::{self, Input, Then};
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Code, Error, Reply, Request, Response, Result, context};
use serde_json::{Value, json};

/// How long the metadata server tells of a maintenance.
const MAINTENANCE_MS: i64 = 60_000;

/// `POST .../instances/NAME/start`; nothing happens to one that runs.
///
/// Errors: 400 for one that is suspended or on its way, 404, 503 without the container engine.
pub fn start(request: Request) -> Result<Reply> {
    machines::require_available()?;
    step(&request, |instance| match State::of(instance) {
        State::Terminated => {
            State::Staging.enter(instance);
            Ok(Then::Run(work::START, Value::Null))
        }
        State::Running | State::Staging | State::Provisioning => Ok(Then::Done),
        _ => Err(refused(instance, "started", "TERMINATED")),
    })
}

/// `POST .../instances/NAME/startWithEncryptionKey`: keys are the customer's own affair here.
///
/// Errors: as [`start`].
pub fn start_with_encryption_key(mut request: Request) -> Result<Reply> {
    Call::of(&request)?.body(&mut request)?;
    start(request)
}

/// `POST .../instances/NAME/stop`; nothing happens to one that does not run.
///
/// Errors: 400 for one that is on its way to run, 404, 503.
pub fn stop(request: Request) -> Result<Reply> {
    machines::require_available()?;
    step(&request, |instance| match State::of(instance) {
        State::Terminated => Ok(Then::Done),
        State::Provisioning | State::Staging => Err(refused(instance, "stopped", "RUNNING")),
        _ => {
            State::Stopping.enter(instance);
            Ok(Then::Run(work::STOP, Value::Null))
        }
    })
}

/// `POST .../instances/NAME/suspend`
///
/// Errors: 400 for one that does not run, 404, 503.
pub fn suspend(request: Request) -> Result<Reply> {
    machines::require_available()?;
    step(&request, |instance| match State::of(instance) {
        State::Suspended => Ok(Then::Done),
        State::Running => {
            State::Suspending.enter(instance);
            Ok(Then::Run(work::SUSPEND, Value::Null))
        }
        _ => Err(refused(instance, "suspended", "RUNNING")),
    })
}

/// `POST .../instances/NAME/resume`
///
/// Errors: 400 for one that is not suspended, 404, 503.
pub fn resume(request: Request) -> Result<Reply> {
    machines::require_available()?;
    step(&request, |instance| match State::of(instance) {
        State::Running => Ok(Then::Done),
        State::Suspended => {
            State::Staging.enter(instance);
            Ok(Then::Run(work::RESUME, Value::Null))
        }
        _ => Err(refused(instance, "resumed", "SUSPENDED")),
    })
}

/// `POST .../instances/NAME/reset`
///
/// Errors: 400 for one that does not run, 404, 503.
pub fn reset(request: Request) -> Result<Reply> {
    machines::require_available()?;
    step(&request, |instance| match State::of(instance) {
        State::Running => Ok(Then::Run(work::RESET, Value::Null)),
        _ => Err(refused(instance, "reset", "RUNNING")),
    })
}

/// `POST .../instances/NAME/simulateMaintenanceEvent`: what the instance sees in its metadata for a while; one that may not be
/// moved is restarted.
///
/// Errors: 400 for one that does not run, 404.
pub fn simulate_maintenance_event(request: Request) -> Result<Reply> {
    step(&request, |instance| {
        if State::of(instance) != State::Running {
            return Err(refused(instance, "maintained", "RUNNING"));
        }
        let ends = instance.body["scheduling"]["onHostMaintenance"] == "TERMINATE";
        let event = if ends { "TERMINATE_ON_HOST_MAINTENANCE" } else { "MIGRATE_ON_HOST_MAINTENANCE" };
        let until = context::now().millis() + MAINTENANCE_MS;
        instance.set("_maintenance", json!({"event": event, "until": until}));
        Ok(if ends { Then::Run(work::RESET, Value::Null) } else { Then::Done })
    })
}

/// `POST .../instances/NAME/performMaintenance`
///
/// Errors: as [`simulate_maintenance_event`].
pub fn perform_maintenance(request: Request) -> Result<Reply> {
    simulate_maintenance_event(request)
}

/// `POST .../instances/NAME/sendDiagnosticInterrupt`: an NMI, which a container has none of, so that nothing
/// happens.
///
/// Errors: 400 for one that does not run, 404.
pub fn send_diagnostic_interrupt(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let instance = compute_api::store::get(&call.target(&request)?)?;
    match State::of(&instance) {
        State::Running => Ok(Response::json(&json!({})).into()),
        _ => Err(refused(&instance, "interrupted", "RUNNING")),
    }
}

/// `DELETE .../instances/NAME`, with the disks that go with it.
///
/// Errors: 400 for one that is protected, 404, 503.
pub fn delete(request: Request) -> Result<Reply> {
    machines::require_available()?;
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, instance| {
        if instance.body.get("deletionProtection") == Some(&json!(true)) {
            return Err(protected(instance));
        }
        State::Stopping.enter(instance);
        Ok(Then::Run(work::DELETE, going::going(tx, instance)?))
    })
}

/// Starts an instance that does not run, where no request asked for it.
///
/// Errors: the database's.
pub fn start_in(tx: &Transaction, instance: Resource) -> Result<()> {
    begin(tx, instance, State::Staging, ("start", work::START), Value::Null)
}

/// Stops an instance that runs, where no request asked for it.
///
/// Errors: the database's.
pub fn stop_in(tx: &Transaction, instance: Resource) -> Result<()> {
    begin(tx, instance, State::Stopping, ("stop", work::STOP), Value::Null)
}

/// Brings an instance into a state on its way and begins the operation, of a kind, that does the work.
///
/// Errors: the database's.
pub fn begin(
    tx: &Transaction,
    mut instance: Resource,
    state: State,
    (kind, work): (&str, &'static str),
    payload: Value,
) -> Result<()> {
    state.enter(&mut instance);
    store::save(tx, &instance)?;
    let input = Input { kind: kind.to_owned(), target: instance.path.to_string(), id: instance.id, payload };
    operation::begin(tx, work, &instance.path.scope, &input, &instance.path).map(drop)
}

fn protected(instance: &Resource) -> Error {
    let message = format!(
        "Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. To delete the resource, \
         set deletionProtection to false: {}'.",
        instance.path
    );
    Error::new(Code::InvalidArgument, "invalidResourceUsage", message)
}

fn step(request: &Request, mut decide: impl FnMut(&mut Resource) -> Result<Then>) -> Result<Reply> {
    let call = Call::of(request)?;
    let path = call.target(request)?;
    change::change(&call, &path, |_, instance| {
        machines::observe(std::slice::from_mut(instance))?;
        decide(instance)
    })
}
