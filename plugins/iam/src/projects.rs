//! Projects as resources name them: by id in e-mail addresses, by number in the names of pools and API keys, by either in requests.

use fogbank_sdk::{Result, identity, peers};
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

/// The number of `project`, an id or a number: what Resource Manager says; where it is not loaded, one that always follows from the id.
///
/// Errors: those of the host's store of policies.
pub fn number(project: &str) -> Result<String> {
    if is_number(project) {
        return Ok(project.to_owned());
    }
    Ok(asked(project).unwrap_or_else(|| derived(project).to_string()))
}

/// What Resource Manager says.
fn asked(project: &str) -> Option<String> {
    let url = format!("http://cloudresourcemanager.googleapis.com/v1/projects/{}", fogbank_sdk::query::encode(project));
    let mut answer = peers::send_one(peers::Request::get(url).as_service()).ok().filter(|answer| answer.status == 200)?;
    let project: Value = answer.json().ok()?;
    project["projectNumber"].as_str().filter(|number| is_number(number)).map(str::to_owned)
}

/// Twelve digits by FNV-1a.
fn derived(project: &str) -> u64 {
    let hash = project.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    100_000_000_000 + hash % 900_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_an_id() {
        assert!(is_number("123456789012"));
        assert!(!is_number("demo-project") && !is_number(""));
        assert_eq!(derived("demo-project").to_string().len(), 12);
    }
}
