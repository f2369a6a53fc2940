//! Tells the host where resources look for what their own policies do not say. The host keeps that in a store of its own, so it is
//! done behind the commit, and again by the operation that was written in it, should the first time have been cut off.

use crate::container::Container;
use crate::names;
use crate::projects::Project;
use crate::store::Outside;
use fogbank_sdk::{Result, identity, log};
use serde_json::json;

/// Makes a project's number a second name of the project.
pub fn link_number(project: &Project) -> Result<()> {
    Ok(identity::set_parent(&names::full(&project.name()), &project.full_name())?)
}

/// Makes the host's view of `subject` (`projects/shop`, `folders/123`, `tagKeys/1`) what the rows say.
pub fn settle(subject: &str) -> Result<()> {
    if let Some(key) = subject.strip_prefix("projects/") {
        let Some(project) = Project::find(&Outside, key)? else { return Ok(()) };
        link_number(&project)?;
        return match &project.parent {
            Some(parent) => link(&project.full_name(), &names::full(parent)),
            None => Ok(()),
        };
    }
    if subject.starts_with("folders/") {
        let parent = Container::find(&Outside, subject)?.and_then(|folder| folder.parent);
        return parent.map_or(Ok(()), |parent| link(&names::full(subject), &names::full(&parent)));
    }
    crate::tags::settle(subject)
}

/// Puts one resource below another.
pub fn link(resource: &str, parent: &str) -> Result<()> {
    Ok(identity::set_parent(resource, parent)?)
}

/// Forgets what was said of a resource that is gone for good.
pub fn forget(name: &str) {
    if let Err(error) = identity::forget(&names::full(name)) {
        log::warn!("the policy of {name} is left over: {error:?}");
    }
}

/// Makes `member` an owner of a project.
pub fn make_owner(project: &str, member: &str) -> Result<()> {
    const OWNER: &str = "roles/owner";
    let resource = names::full(&format!("projects/{project}"));
    let policy = identity::get_policy(&resource)?;
    let mut document = policy.to_json();
    let Some(bindings) = document["bindings"].as_array_mut() else { return Ok(()) };
    let plain = |binding: &serde_json::Value| binding["role"] == OWNER && binding.get("condition").is_none();
    match bindings.iter_mut().find(|binding| plain(binding)) {
        Some(binding) => {
            let members = binding["members"].as_array_mut();
            match members {
                Some(members) if members.iter().any(|other| other == member) => return Ok(()),
                Some(members) => members.push(json!(member)),
                None => binding["members"] = json!([member]),
            }
        }
        None => bindings.push(json!({"role": OWNER, "members": [member]})),
    }
    identity::set_policy(&resource, document)?;
    Ok(())
}
