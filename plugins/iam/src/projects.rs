//! Projects as resources name them: by id in e-mail addresses, by number in the names of pools and API keys, by either in requests.

use fogbank_sdk::{Error, Result, identity, peers};
use serde_json::Value;

const PREFIX: &str = "//cloudresourcemanager.googleapis.com/projects/";

/// The full resource name of a project.
pub fn resource(project: &str) -> String {
    format!("{PREFIX}{project}")
}

/// Whether a project is named by its number.
pub fn is_number(project: &str) -> bool {
    !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_digit())
}

/// The id of `project`, an id or a number. A number that nobody knows stays what it is.
///
/// Errors: those of the host's store of policies.
pub fn id(project: &str) -> Result<String> {
    if !is_number(project) {
        return Ok(project.to_owned());
    }
    let levels = identity::ancestry(&resource(project))?;
    let names = levels.iter().filter_map(|level| level.resource.strip_prefix(PREFIX));
    let id = names.filter(|name| !name.contains('/')).find(|name| !is_number(name));
    Ok(id.unwrap_or(project).to_owned())
}

/// A project that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: String,
    pub number: String,
}

/// The project that an id or a number names: what Resource Manager says; where that is not loaded, whatever the client says, with a
/// number that always follows from the id.
///
/// Errors: 404 and 403, where Resource Manager says so.
pub fn look_up(project: &str) -> Result<Project> {
    let url = format!("http://cloudresourcemanager.googleapis.com/v1/projects/{}", fogbank_sdk::query::encode(project));
    match peers::send_one(peers::Request::get(url).as_service()) {
        Ok(mut answer) if answer.status == 200 => {
            let found: Value = answer.json()?;
            let text = |field: &str| found[field].as_str().map(str::to_owned);
            let (id, number) = (text("projectId"), text("projectNumber"));
            Ok(Project {
                id: id.unwrap_or_else(|| project.to_owned()),
                number: number.unwrap_or_else(|| derived(project)),
            })
        }
        Ok(answer) if matches!(answer.status, 403 | 404) => {
            Err(Error::not_found(format!("Project {project} does not exist.")))
        }
        Ok(answer) => Err(Error::unavailable(format!("Resource Manager answers {}.", answer.status))),
        Err(peers::Error::Unreachable(_)) => Ok(Project { id: id(project)?, number: derived(project) }),
        Err(error) => Err(error.into()),
    }
}

/// A number stays what it is; for an id, twelve digits by FNV-1a.
fn derived(project: &str) -> String {
    if is_number(project) {
        return project.to_owned();
    }
    let hash = project
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (100_000_000_000 + hash % 900_000_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_an_id() {
        assert!(is_number("123456789012"));
        assert!(!is_number("demo-project") && !is_number(""));
        assert_eq!(derived("demo-project").len(), 12);
    }
}
