//! What an instance has that its maker did not say. <https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert>

use super::metadata;
use compute_api::failure;
use fogbank_sdk::Result;
use serde_json::{Map, Value, json};

/// Fills in what does not need anything but the body itself.
///
/// Errors: 400 for scheduling, a host name, tags, or metadata that cannot be.
pub fn fill(body: &mut Map<String, Value>) -> Result<()> {
    let tags = metadata::tags(body.get("tags"))?;
    body.insert("tags".into(), tags);
    let shown = metadata::shown(body.get("metadata"))?;
    body.insert("metadata".into(), shown);
    let accelerated = body.get("guestAccelerators").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let scheduling = scheduling(body.get("scheduling"), accelerated)?;
    body.insert("scheduling".into(), scheduling);
    for (field, value) in [
        ("canIpForward", json!(false)),
        ("deletionProtection", json!(false)),
        ("startRestricted", json!(false)),
        ("shieldedInstanceIntegrityPolicy", json!({"updateAutoLearnPolicy": true})),
        ("resourceStatus", json!({"scheduling": {}})),
    ] {
        body.entry(field).or_insert(value);
    }
    let shielded = shielded(body.get("shieldedInstanceConfig"));
    body.insert("shieldedInstanceConfig".into(), shielded);
    check_confidential(body)?;
    check_hostname(body.get("hostname").and_then(Value::as_str))
}

/// The scheduling of an instance, with its defaults.
///
/// Errors: 400 for options that exclude each other.
pub fn scheduling(sent: Option<&Value>, accelerated: bool) -> Result<Value> {
    let mut scheduling = sent.cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    let spot = scheduling["provisioningModel"] == "SPOT" || scheduling["preemptible"] == true;
    if spot && scheduling["automaticRestart"] == true {
        return Err(failure::invalid(
            "resource.scheduling",
            "automaticRestart",
            "Scheduling must have 'automaticRestart' be false when 'preemptible' is true.",
        ));
    }
    if spot && scheduling["onHostMaintenance"] == "MIGRATE" {
        return Err(failure::invalid(
            "resource.scheduling.onHostMaintenance",
            "MIGRATE",
            "Preemptible instances must have 'onHostMaintenance' be TERMINATE.",
        ));
    }
    let defaults = json!({
        "onHostMaintenance": if spot || accelerated { "TERMINATE" } else { "MIGRATE" },
        "automaticRestart": !spot,
        "preemptible": spot,
        "provisioningModel": if scheduling["provisioningModel"] == "SPOT" { "SPOT" } else { "STANDARD" },
    });
    if let (Some(fields), Value::Object(defaults)) = (scheduling.as_object_mut(), defaults) {
        fields.retain(|_, value| !value.is_null());
        for (name, value) in defaults {
            fields.entry(name).or_insert(value);
        }
    }
    Ok(scheduling)
}

/// Secure boot and its like, with their defaults.
pub fn shielded(sent: Option<&Value>) -> Value {
    let mut config = json!({"enableSecureBoot": false, "enableVtpm": true, "enableIntegrityMonitoring": true});
    for (name, value) in sent.and_then(Value::as_object).into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

/// The processors that a machine type runs on. <https://cloud.google.com/compute/docs/cpu-platforms>
pub fn cpu_platform(machine_type: &str, least: Option<&str>) -> String {
    if let Some(least) = least.filter(|least| !least.is_empty() && *least != "Automatic") {
        return least.to_owned();
    }
    let family = machine_type.split('-').next().unwrap_or_default();
    let platform = match family {
        "n2d" | "c2d" | "t2d" => "AMD Milan",
        "c3d" | "c4d" | "h4d" => "AMD Genoa",
        "t2a" => "Ampere Altra",
        "c4a" | "n4a" => "Google Axion",
        "n2" | "m3" => "Intel Ice Lake",
        "c2" | "m2" | "a2" => "Intel Cascade Lake",
        "c3" | "a3" | "h3" | "z3" => "Intel Sapphire Rapids",
        "c4" | "n4" => "Intel Emerald Rapids",
        _ => "Intel Broadwell",
    };
    platform.to_owned()
}

/// <https://cloud.google.com/confidential-computing/confidential-vm/docs/supported-configurations>
fn check_confidential(body: &Map<String, Value>) -> Result<()> {
    let Some(config) = body.get("confidentialInstanceConfig") else { return Ok(()) };
    let kind = match config["confidentialInstanceType"].as_str() {
        Some(kind) => kind,
        None if config["enableConfidentialCompute"] == true => "SEV",
        None => return Ok(()),
    };
    let families: &[&str] = match kind {
        "SEV" => &["n2d", "c2d", "c3d", "c4d"],
        "SEV_SNP" => &["n2d"],
        "TDX" => &["c3", "a3"],
        _ => return Ok(()),
    };
    let machine = body.get("machineType").and_then(Value::as_str).unwrap_or_default();
    let machine = machine.rsplit('/').next().unwrap_or_default();
    match families.contains(&machine.split('-').next().unwrap_or_default()) {
        true => Ok(()),
        false => {
            let why = format!("Machines of {} can be confidential by {kind}.", families.join(", "));
            Err(failure::invalid("resource.machineType", machine, &why))
        }
    }
}

/// <https://cloud.google.com/compute/docs/instances/custom-hostname-vm>: labels of RFC 1035, at least two.
fn check_hostname(name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    let labels: Vec<&str> = name.split('.').collect();
    match labels.len() >= 2 && name.len() <= 253 && labels.iter().all(|label| metadata::is_name(label)) {
        true => Ok(()),
        false => Err(failure::invalid(
            "resource.hostname",
            name,
            "A host name has to be fully qualified, its labels separated by dots and valid by RFC 1035.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_defaults() {
        let mut body = Map::new();
        fill(&mut body).unwrap();
        assert_eq!(body["scheduling"]["onHostMaintenance"], "MIGRATE");
        assert_eq!(body["shieldedInstanceConfig"]["enableVtpm"], true);
        assert!(body["tags"]["fingerprint"].is_string() && body["metadata"]["fingerprint"].is_string());
    }

    #[test]
    fn a_preemptible_instance_is_not_restarted() {
        let spot = scheduling(Some(&json!({"preemptible": true})), false).unwrap();
        assert_eq!((&spot["automaticRestart"], &spot["onHostMaintenance"]), (&json!(false), &json!("TERMINATE")));
        assert!(scheduling(Some(&json!({"preemptible": true, "automaticRestart": true})), false).is_err());
    }

    #[test]
    fn a_confidential_machine_is_of_a_family_that_can_be() {
        let check = |machine: &str, kind: &str| {
            let body =
                json!({"machineType": machine, "confidentialInstanceConfig": {"confidentialInstanceType": kind}});
            check_confidential(body.as_object().unwrap())
        };
        assert!(check("x/n2d-standard-2", "SEV").is_ok() && check("x/c3-standard-4", "TDX").is_ok());
        assert!(check("x/e2-small", "SEV").is_err() && check("x/n2d-standard-2", "TDX").is_err());
    }

    #[test]
    fn a_host_name_is_fully_qualified() {
        assert!(check_hostname(Some("w1.example.com")).is_ok());
        assert!(check_hostname(Some("w1")).is_err() && check_hostname(Some("a..b")).is_err());
    }
}
