//! What managers do: bring the instances that there are to those that are wanted. Each step may be done again.

use super::member::{self, Action, Member, Problem};
use super::{configs, rollout, step};
use crate::instances::metadata;
use compute_api::operation::Input;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::operations::{self, Operation};
use fogbank_sdk::{Error, Outcome, Result, context, id, identity, log};
use serde_json::Value;

/// A look at one group, hidden from clients.
pub const WORK: &str = "group.work";
/// The end of a group.
pub const DELETE: &str = "group.delete";

/// Time between two looks at a group with something to do, in milliseconds.
const PAUSE_MS: u64 = 400;
/// After so many looks the schedule goes on alone.
const LOOKS: u32 = 300;

/// Does what an operation asks for.
///
/// Errors: those that may pass.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    let path = input.path()?;
    let Some(manager) = store::by_id(input.id)?.filter(|manager| manager.path == path) else { return Ok(done()) };
    let settled = look(&manager)?;
    match (operation.kind.as_str(), settled) {
        (DELETE, true) => end(&path).map(|()| done()),
        (WORK, true) => Ok(done()),
        (WORK, false) if operation.attempts > LOOKS => Ok(done()),
        _ => Ok(Outcome::AgainAfter(PAUSE_MS)),
    }
}

fn done() -> Outcome {
    Outcome::Done(String::new())
}

/// Begins a look at a group as soon as the transaction is committed.
///
/// Errors: the database's.
pub fn wake(tx: &Transaction, manager: &Resource) -> Result<()> {
    let input = Input { kind: String::new(), target: manager.path.to_string(), id: manager.id, payload: Value::Null };
    let new = operations::New::of(WORK, format!("groups/{}", manager.id)).input(&input)?;
    operations::start(tx, new.id(format!("group-{}", id::token()?)).hidden())?;
    Ok(())
}

/// An instance has ended or gone: the group that it is of looks what is to be done.
///
/// Errors: the database's.
pub fn after(instance: &Resource) -> Result<()> {
    db::transaction(|tx| match manager_of(tx, instance)? {
        Some(manager) => wake(tx, &manager),
        None => Ok(()),
    })
}

/// An instance could not be started: its group says why, and tries again later.
///
/// Errors: the database's.
pub fn refused(instance: &Resource, error: &Error) -> Result<()> {
    let manager = db::read(|tx| manager_of(tx, instance))?;
    let Some(manager) = manager else { return Ok(()) };
    let path = instance.path.to_string();
    match member::of(&manager).iter().find(|member| member.path == path) {
        Some(member) => failed(&manager.path, member, error),
        None => Ok(()),
    }
}

/// The manager that an instance says has made it, if it has.
fn manager_of(tx: &Transaction, instance: &Resource) -> Result<Option<Resource>> {
    let said = metadata::value(instance.body.get("metadata"), "created-by").and_then(Path::parse);
    let Some(path) = said.filter(|path| path.collection == "instanceGroupManagers") else { return Ok(None) };
    let manager = store::find(tx, &path)?;
    let own = instance.path.to_string();
    Ok(manager.filter(|manager| member::of(manager).iter().any(|member| member.path == own)))
}

/// Looks at every group of the tenant.
///
/// Errors: the database's.
pub fn all() -> Result<()> {
    let rows =
        db::query("SELECT id FROM resource WHERE collection = $1 ORDER BY id", params!["instanceGroupManagers"])?;
    for row in rows {
        let Some(manager) = store::by_id(row.get("id")?)? else { continue };
        if let Err(error) = look(&manager) {
            log::warn!("{} is looked at again later: {}", manager.path, error.message());
        }
    }
    Ok(())
}

/// One look: says what is wanted, and does the next step for every instance. Whether nothing is left to do.
fn look(manager: &Resource) -> Result<bool> {
    let members = decide(&manager.path)?;
    for member in &members {
        if let Err(error) = step::act(&manager.path, member) {
            if error.http_status() >= 500 {
                return Err(error);
            }
            failed(&manager.path, member, &error)?;
        }
    }
    let Some(manager) = store::by_id(manager.id)? else { return Ok(true) };
    Ok(members.iter().all(|member| member.action == Action::None) && rollout::is_settled(&manager, &members))
}

/// Brings what is wanted of each member up to date with what there is.
fn decide(path: &Path) -> Result<Vec<Member>> {
    db::transaction(|tx| {
        let Some(mut manager) = store::find(tx, path)? else { return Ok(Vec::new()) };
        let before = manager.clone();
        let mut members = Vec::new();
        for member in member::of(&manager) {
            members.extend(step::next(tx, &manager, member)?);
        }
        rollout::plan(&manager, &mut members)?;
        configs::tidy(&mut manager, &members);
        member::keep(&mut manager, &members);
        if manager != before {
            store::save(tx, &manager)?;
        }
        Ok(members)
    })
}

/// Counts a try before it is made, so that what fails in the background is tried later each time.
pub fn tried(manager: &Path, member: &Member) -> Result<()> {
    note(manager, member, |there| {
        there.tries += 1;
        there.after_ms = context::now().millis() + (1000_i64 << there.tries.min(6));
    })
}

/// Notes why an instance could not be made.
fn failed(manager: &Path, member: &Member, error: &Error) -> Result<()> {
    log::warn!("{} cannot be made: {}", member.path, error.message());
    note(manager, member, |there| {
        let (code, message) = (error.reason().to_owned(), error.message().to_owned());
        there.error = Some(Problem { code, message, at: context::now().to_rfc3339_with_offset() });
    })
}

pub fn note(manager: &Path, member: &Member, mut edit: impl FnMut(&mut Member)) -> Result<()> {
    db::transaction(|tx| {
        let Some(mut manager) = store::find(tx, manager)? else { return Ok(()) };
        let mut members = member::of(&manager);
        members.iter_mut().filter(|there| there.path == member.path).for_each(&mut edit);
        member::keep(&mut manager, &members);
        store::save(tx, &manager)
    })
}

/// Removes a group whose instances are gone.
fn end(path: &Path) -> Result<()> {
    db::transaction(|tx| {
        store::remove(tx, path)?;
        store::remove(tx, &path.sibling("instanceGroups", &path.name))
    })?;
    Ok(identity::forget(&path.full_name())?)
}
