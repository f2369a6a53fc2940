//! What managers do: bring the instances that there are to those that are wanted. Each step may be done again.

use super::manager;
use super::member::{self, Action, Member, Problem};
use crate::instances::{create, disks, draft, template, work as machine};
use crate::templates;
use compute_api::operation::{self, Input};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::operations::{self, Operation};
use fogbank_sdk::{Error, Outcome, Result, context, id, identity, log};
use serde_json::{Map, Value, json};

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
        if let Err(error) = act(&manager.path, member) {
            if error.http_status() >= 500 {
                return Err(error);
            }
            failed(&manager.path, member, &error)?;
        }
    }
    Ok(members.iter().all(|member| member.action == Action::None))
}

/// Brings what is wanted of each member up to date with what there is.
fn decide(path: &Path) -> Result<Vec<Member>> {
    db::transaction(|tx| {
        let Some(mut manager) = store::find(tx, path)? else { return Ok(Vec::new()) };
        let before = manager.clone();
        let mut members = Vec::new();
        for member in member::of(&manager) {
            members.extend(next(tx, &manager, member)?);
        }
        manager::fill(&manager, &mut members)?;
        manager::renew(&manager, &mut members);
        member::keep(&mut manager, &members);
        if manager != before {
            store::save(tx, &manager)?;
        }
        Ok(members)
    })
}

/// What a member is to become, or nothing where it has left.
fn next(tx: &Transaction, manager: &Resource, mut member: Member) -> Result<Option<Member>> {
    let Some(path) = member.instance() else { return Ok(None) };
    let instance = store::find(tx, &path)?;
    let status = instance.as_ref().and_then(|instance| instance.text("status")).unwrap_or_default();
    match (member.action, &instance) {
        (Action::Deleting, None) => return Ok(None),
        (Action::Creating | Action::Recreating, there @ Some(_))
            if member.outgoing.is_none() && status == "RUNNING" =>
        {
            member = Member { id: there.as_ref().map(|there| there.id), ..rested(member) };
        }
        // The one that goes is gone, or another has its name already.
        (Action::Recreating, there) if there.as_ref().map(|there| there.id) != member.outgoing => {
            member.outgoing = None;
        }
        (Action::None, there) if manager::heals(manager) => match there {
            None => member.action = Action::Recreating,
            Some(there) if matches!(status, "TERMINATED" | "STOPPED") => {
                member.action = Action::Recreating;
                member.outgoing = Some(there.id);
            }
            Some(_) => {}
        },
        _ => {}
    }
    Ok(Some(member))
}

/// The next step for one instance.
fn act(manager: &Path, member: &Member) -> Result<()> {
    let Some(path) = member.instance() else { return Ok(()) };
    let instance = db::read(|tx| store::find(tx, &path))?;
    match (member.action, instance) {
        (Action::Deleting, Some(instance)) => remove(&instance),
        (Action::Recreating, Some(instance)) if member.outgoing == Some(instance.id) => remove(&instance),
        (Action::Creating | Action::Recreating, None) => {
            if member.after_ms > context::now().millis() {
                return Ok(());
            }
            tried(manager, member)?;
            make(manager, member, path)
        }
        _ => Ok(()),
    }
}

/// Makes an instance from its template.
fn make(manager: &Path, member: &Member, path: Path) -> Result<()> {
    let template = Path::parse(&member.template).ok_or_else(|| Error::internal("a member without a template"))?;
    let properties = templates::properties(&store::get(&template)?);
    let mut body = Map::new();
    template::under(&mut body, properties, &path);
    mark(&mut body, manager, &template);
    match create::create_for(draft::complete(path, body, None)?, "insert") {
        // Another look was faster.
        Err(error) if error.http_status() == 409 => Ok(()),
        other => other.map(drop),
    }
}

/// An instance says in its metadata which group has made it, and from what.
fn mark(body: &mut Map<String, Value>, manager: &Path, template: &Path) {
    let mut items: Vec<Value> =
        body.get("metadata").and_then(|metadata| metadata["items"].as_array()).cloned().unwrap_or_default();
    for (key, value) in [("instance-template", template), ("created-by", manager)] {
        items.retain(|item| item["key"] != key);
        items.push(json!({"key": key, "value": value.to_string()}));
    }
    body.insert("metadata".into(), json!({"items": items}));
}

/// Deletes an instance; one that is going already is left alone.
fn remove(instance: &Resource) -> Result<()> {
    db::transaction(|tx| {
        let there = store::find(tx, &instance.path)?.filter(|there| there.id == instance.id);
        let Some(mut there) = there.filter(|there| there.text("status") != Some("STOPPING")) else { return Ok(()) };
        there.set("status", "STOPPING");
        store::save(tx, &there)?;
        let input = Input {
            kind: "delete".into(),
            target: there.path.to_string(),
            id: there.id,
            payload: disks::going(tx, &there)?,
        };
        operation::begin(tx, machine::DELETE, &there.path.scope, &input, &there.path).map(drop)
    })
}

/// One that runs, and has nothing left to do.
fn rested(member: Member) -> Member {
    Member { action: Action::None, error: None, tries: 0, after_ms: 0, ..member }
}

/// Counts a try before it is made, so that what fails in the background is tried later each time.
fn tried(manager: &Path, member: &Member) -> Result<()> {
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

fn note(manager: &Path, member: &Member, mut edit: impl FnMut(&mut Member)) -> Result<()> {
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
