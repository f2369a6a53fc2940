//! The next step for one instance of a group, and how one sees that it is done.

use super::member::{self, Action, Goal, Member};
use super::{configs, manager, reconcile};
use crate::instances::state::State;
use crate::instances::{create, disks, draft, edit, going, lifecycle, metadata, template, work as machine};
use crate::templates;
use compute_api::operation::{self, Input, Then};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Result, context};
use serde_json::{Map, Value, json};

/// What a member is to become, or nothing where it has left.
pub fn next(tx: &Transaction, manager: &Resource, mut member: Member) -> Result<Option<Member>> {
    let Some(path) = member.instance() else { return Ok(None) };
    let instance = store::find(tx, &path)?;
    let status = instance.as_ref().and_then(|instance| instance.text("status")).unwrap_or_default();
    let there = instance.as_ref().map(|there| there.id);
    match member.action {
        Action::Deleting if there.is_none() => return Ok(None),
        Action::Creating | Action::Recreating if member.outgoing.is_none() && status == "RUNNING" => {
            member = Member { id: there, ..described(manager, rested(member)) };
        }
        // The one that goes is gone, or another has its name already.
        Action::Recreating if there != member.outgoing => member.outgoing = None,
        Action::Restarting if member.outgoing.is_some() && status == "TERMINATED" => member.outgoing = None,
        Action::Restarting | Action::Starting | Action::Resuming
            if member.outgoing.is_none() && status == "RUNNING" =>
        {
            member = rested(member);
        }
        Action::Stopping if status == "TERMINATED" => member = rested(member),
        Action::Suspending if status == "SUSPENDED" => member = rested(member),
        // What was to be changed is not there any more.
        action if there.is_none() && !matches!(action, Action::None | Action::Creating | Action::Recreating) => {
            member.goal = Goal::Running;
            member.recreate();
            member.outgoing = None;
        }
        Action::None if manager::heals(manager) => heal(&mut member, there, status),
        _ => {}
    }
    Ok(Some(member))
}

/// One that is not what it is to be is made anew.
fn heal(member: &mut Member, there: Option<i64>, status: &str) {
    let fine = match member.goal {
        Goal::Running => !matches!(status, "TERMINATED" | "STOPPED"),
        Goal::Stopped | Goal::Suspended => true,
    };
    if there.is_none() || !fine {
        member.goal = Goal::Running;
        member.recreate();
        member.outgoing = there;
    }
}

/// One that is as it should be, and has nothing left to do.
fn rested(member: Member) -> Member {
    Member { action: Action::None, error: None, tries: 0, after_ms: 0, outgoing: None, ..member }
}

/// One that has what it has to have beside its template.
fn described(manager: &Resource, member: Member) -> Member {
    let config = configs::revision(manager, member.name());
    Member { config, common: configs::common_revision(manager), ..member }
}

/// The next step for one instance.
///
/// Errors: why it cannot be done.
pub fn act(manager: &Path, member: &Member) -> Result<()> {
    let Some(path) = member.instance() else { return Ok(()) };
    let instance = db::read(|tx| store::find(tx, &path))?;
    let Some(instance) = instance else {
        return match member.action {
            Action::Creating | Action::Recreating => make(manager, member, path),
            _ => Ok(()),
        };
    };
    let status = instance.text("status").unwrap_or_default();
    match (member.action, status) {
        (Action::Deleting, _) => remove(manager, member, &instance),
        (Action::Recreating, _) if member.outgoing == Some(instance.id) => remove(manager, member, &instance),
        (Action::Refreshing, _) => refresh(manager, member, &instance),
        (Action::Restarting, "RUNNING") if member.outgoing.is_some() => turn(&instance, State::Stopping, machine::STOP),
        (Action::Stopping, "RUNNING") => turn(&instance, State::Stopping, machine::STOP),
        (Action::Suspending, "RUNNING") => turn(&instance, State::Suspending, machine::SUSPEND),
        (Action::Restarting, "TERMINATED") if member.outgoing.is_none() => {
            turn(&instance, State::Staging, machine::START)
        }
        // Either way it is to run; it is the instance that says what it takes.
        (Action::Starting | Action::Resuming, "TERMINATED") => turn(&instance, State::Staging, machine::START),
        (Action::Starting | Action::Resuming, "SUSPENDED") => turn(&instance, State::Staging, machine::RESUME),
        _ => Ok(()),
    }
}

/// Makes an instance from its template, with what it has beside.
fn make(manager: &Path, member: &Member, path: Path) -> Result<()> {
    if member.after_ms > context::now().millis() {
        return Ok(());
    }
    reconcile::tried(manager, member)?;
    let template = Path::parse(&member.template).ok_or_else(|| Error::internal("a member without a template"))?;
    let properties = templates::properties(&store::get(&template)?);
    let mut body = Map::new();
    template::under(&mut body, properties, &path);
    mark(&mut body, manager, &template);
    configs::apply(&store::get(manager)?, member, &mut body);
    match create::create_for(draft::complete(path, body, None)?, &Value::Null) {
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

/// Deletes an instance; one that is going already is left alone. Disks that outlive it are noted for the next.
fn remove(manager: &Path, member: &Member, instance: &Resource) -> Result<()> {
    db::transaction(|tx| {
        let there = store::find(tx, &instance.path)?.filter(|there| there.id == instance.id);
        let Some(mut there) = there.filter(|there| there.text("status") != Some("STOPPING")) else { return Ok(()) };
        spare(tx, manager, member, &mut there)?;
        let payload = going::going(tx, &there)?;
        lifecycle::begin(tx, there, State::Stopping, ("delete", machine::DELETE), payload)
    })
}

fn spare(tx: &Transaction, manager: &Path, member: &Member, instance: &mut Resource) -> Result<()> {
    let Some(mut manager) = store::find(tx, manager)? else { return Ok(()) };
    let devices = configs::devices(&manager, member.name());
    let mut attached = disks::attached(instance).to_vec();
    let mut kept = Vec::new();
    for disk in &mut attached {
        let Some(last) = disk["deviceName"].as_str().and_then(|device| devices.get(device)) else { continue };
        disk["autoDelete"] = json!(*last && member.action == Action::Deleting);
        if let (Some(device), Some(path)) = (disk["deviceName"].as_str(), disks::source(disk)) {
            kept.push((device.to_owned(), path.to_string()));
        }
    }
    instance.set("disks", attached);
    let mut members = member::of(&manager);
    members.iter_mut().filter(|there| there.path == member.path).for_each(|there| there.disks.extend(kept.clone()));
    member::keep(&mut manager, &members);
    store::save(tx, &manager)
}

/// Starts, stops, freezes or thaws it.
fn turn(instance: &Resource, state: State, work: &'static str) -> Result<()> {
    let kind = work.rsplit('.').next().unwrap_or_default();
    db::transaction(|tx| {
        let there = store::find(tx, &instance.path)?.filter(|there| there.text("status") == instance.text("status"));
        there.map_or(Ok(()), |there| lifecycle::begin(tx, there, state, (kind, work), Value::Null))
    })
}

/// Tells an instance its labels and its metadata, and gives it the disks that it is to have.
fn refresh(manager: &Path, member: &Member, instance: &Resource) -> Result<()> {
    db::transaction(|tx| {
        let Some(mut manager) = store::find(tx, manager)? else { return Ok(()) };
        let Some(mut there) = store::find(tx, &instance.path)? else { return Ok(()) };
        configs::describe(&manager, member, &mut there.body);
        let shown = metadata::shown(there.body.get("metadata"))?;
        there.set("metadata", shown);
        let then = attach(tx, &manager, member, &mut there)?;
        store::save(tx, &there)?;
        if let Then::Run(work, payload) = then {
            let input = Input { kind: "attachDisk".to_owned(), target: there.path.to_string(), id: there.id, payload };
            operation::begin(tx, work, &there.path.scope, &input, &there.path)?;
        }
        let members: Vec<Member> = member::of(&manager)
            .into_iter()
            .map(|other| if other.path == member.path { described(&manager, rested(other)) } else { other })
            .collect();
        member::keep(&mut manager, &members);
        store::save(tx, &manager)
    })
}

fn attach(tx: &Transaction, manager: &Resource, member: &Member, instance: &mut Resource) -> Result<Then> {
    let mut then = Then::Done;
    for (device, source, mode) in configs::disks(manager, member.name()) {
        let there = disks::attached(instance).to_vec();
        if there.iter().any(|disk| disk["deviceName"] == json!(device)) {
            continue;
        }
        let sent = json!({"source": source.marked(), "deviceName": device, "mode": mode});
        let (shown, _) = disks::attach(tx, instance, &sent, there.len(), &there)?;
        instance.set("disks", [there, vec![shown]].concat());
        then = edit::replaced(instance);
    }
    Ok(then)
}

#[cfg(test)]
mod tests {
    use super::super::versions::Version;
    use super::*;

    fn member(goal: Goal) -> Member {
        let template = Path::parse("projects/p/global/instanceTemplates/t").unwrap();
        let version = Version { template, name: None, count: 1 };
        Member { goal, action: Action::None, ..Member::new("p", "us-central1-a", "g-1", &version) }
    }

    #[test]
    fn an_instance_that_is_kept_ready_is_not_healed() {
        for goal in [Goal::Stopped, Goal::Suspended] {
            let mut kept = member(goal);
            heal(&mut kept, Some(1), "TERMINATED");
            assert_eq!(kept.action, Action::None);
        }
        let mut running = member(Goal::Running);
        heal(&mut running, Some(1), "TERMINATED");
        assert_eq!((running.action, running.outgoing), (Action::Recreating, Some(1)));
        let mut gone = member(Goal::Stopped);
        heal(&mut gone, None, "");
        assert_eq!((gone.action, gone.goal), (Action::Recreating, Goal::Running));
    }
}
