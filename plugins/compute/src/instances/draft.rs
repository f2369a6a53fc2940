//! An instance before there is one: what a client sent, held against the rules and completed.

use super::{account, defaults, template};
use crate::catalogue;
use compute_api::path::Path;
use compute_api::{failure, links};
use fogbank_sdk::Result;
use serde_json::{Map, Value};

/// What an instance will be.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its name.
    pub path: Path,
    /// Its fields; disks and interfaces as they were sent.
    pub body: Map<String, Value>,
}

/// Completes what a client sent. `name` is the instance's; `body` has its links marked.
///
/// Errors: 400 naming the field that is missing or wrong, 403 for an account that the caller may not act as, 404.
pub fn complete(path: Path, mut body: Map<String, Value>, source: Option<&str>) -> Result<Draft> {
    if let Some(reference) = source.filter(|reference| !reference.is_empty()) {
        let properties = template::properties(reference, &path.project)?;
        template::under(&mut body, properties, &path);
    }
    for own in [
        "id",
        "kind",
        "name",
        "selfLink",
        "selfLinkWithId",
        "creationTimestamp",
        "fingerprint",
        "labelFingerprint",
        "params",
        "status",
        "zone",
    ] {
        body.remove(own);
    }
    let kind = machine_type(&path, &body)?;
    defaults::fill(&mut body)?;
    let platform = defaults::cpu_platform(&kind, body.get("minCpuPlatform").and_then(Value::as_str));
    body.insert("cpuPlatform".into(), platform.into());
    if let Some(accounts) = body.remove("serviceAccounts") {
        let accounts = account::complete(&accounts, &path.project)?;
        if accounts.as_array().is_some_and(|accounts| !accounts.is_empty()) {
            body.insert("serviceAccounts".into(), accounts);
        }
    }
    require_list(&body, "networkInterfaces", "At least one network interface is required.")?;
    require_list(&body, "disks", "No disks are specified.")?;
    Ok(Draft { path, body })
}

/// The name of the machine type that a body links to, which is one of the instance's zone.
///
/// Errors: 400.
pub fn machine_type(path: &Path, body: &Map<String, Value>) -> Result<String> {
    let sent = body.get("machineType").and_then(Value::as_str).unwrap_or_default();
    let malformed = |why| failure::invalid("resource.machineType", sent.trim_start_matches("//compute/"), why);
    let link = links::field(body, "machineType").filter(|link| link.collection == "machineTypes");
    let link = link.ok_or_else(|| malformed("The URL is malformed."))?;
    if link.scope != path.scope {
        return Err(malformed("The machine type is not in the zone of the instance."));
    }
    catalogue::machine_type(super::zone(path), &link.name)?;
    Ok(link.name)
}

fn require_list(body: &Map<String, Value>, field: &str, why: &str) -> Result<()> {
    match body.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        true => Ok(()),
        false => Err(failure::invalid(&format!("resource.{field}"), "", why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(machine_type: &str) -> Result<String> {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let mut body = json!({"machineType": machine_type}).as_object().unwrap().clone();
        links::mark(&mut body, "p");
        super::machine_type(&path, &body)
    }

    #[test]
    fn a_machine_type_is_one_of_the_zone() {
        assert_eq!(check("zones/us-central1-a/machineTypes/e2-micro").unwrap(), "e2-micro");
        assert!(check("zones/us-central1-b/machineTypes/e2-micro").is_err());
        assert!(check("zones/us-central1-a/machineTypes/e9-giant").is_err());
        assert!(check("e2-micro").unwrap_err().message().contains("resource.machineType"));
    }
}
