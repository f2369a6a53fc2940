//! Workload identity pools: who comes from elsewhere. Pools, their providers (OIDC, AWS, SAML, X.509) and keys of these.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools>
//!
//! What the API shows of each is one JSON document; a deleted one can come back for thirty days.

mod fields;
pub mod keys;
mod place;
mod policy;
pub mod providers;
mod shared;

pub use place::{Place, PoolPath};
pub use policy::{get_iam_policy, set_iam_policy, test_iam_permissions};
pub use providers::{Provider, provider};

use crate::failures::check_length;
use crate::wire::document_of;
use crate::wire::without_defaults;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde_json::{Map, Value, json};
use shared::{Kind, Record};

pub use shared::cutoff;

/// Pools themselves.
const POOLS: Kind =
    Kind { table: "pools", list: "workloadIdentityPools", type_name: "WorkloadIdentityPool", keys: &["project", "id"] };

/// Makes a pool.
pub fn create(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let id = request.query("workloadIdentityPoolId").unwrap_or_default().to_owned();
    fields::check_id("workloadIdentityPoolId", &id)?;
    let config = apply(Map::new(), &sent, None)?;
    shared::create(&POOLS, &place::of(&request)?.with(&id), config)
}

/// Shows a pool.
pub fn get(request: Request) -> Result<Response> {
    shared::get(&POOLS, &place::of(&request)?)
}

/// A page of a project's pools.
pub fn list(request: Request) -> Result<Response> {
    shared::list(&POOLS, &request, &place::of(&request)?)
}

/// Changes the fields that `updateMask` names.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let mask = request.query("updateMask").unwrap_or_default().to_owned();
    shared::change(&POOLS, &place::of(&request)?, |config| apply(config, &sent, Some(&mask)))
}

/// Deletes a pool; its credentials count no more.
pub fn delete(request: Request) -> Result<Response> {
    shared::delete(&POOLS, &place::of(&request)?)
}

/// Brings a deleted pool back.
pub fn undelete(request: Request) -> Result<Response> {
    shared::undelete(&POOLS, &place::of(&request)?)
}

/// Forgets pools that can come back no more, with what is below them and with their policies.
///
/// Errors: the database's, the policies'; what is left over is tried again.
pub fn forget_expired() -> Result<()> {
    let sql = "SELECT project, number, id FROM pools WHERE deleted_ms <= $1 LIMIT 500";
    for mut row in db::query(sql, params![cutoff()])? {
        let (project, number): (String, String) = (row.take("project")?, row.take("number")?);
        let place = Place::new(&project, &number, "global").with(&row.take::<String>("id")?);
        identity::forget(&place.resource())?;
        identity::forget(&place.numbered_resource())?;
        let sql = "DELETE FROM pools WHERE project = $1 AND id = $2 AND deleted_ms IS NOT NULL";
        db::execute(vec![stmt(sql, params![project, &place.ids[0]])])?;
    }
    Ok(())
}

fn apply(config: Map<String, Value>, sent: &Value, mask: Option<&str>) -> Result<Map<String, Value>> {
    const FIELDS: [&str; 6] =
        ["displayName", "description", "disabled", "mode", "inlineCertificateIssuanceConfig", "inlineTrustConfig"];
    let config = fields::apply(config, sent, mask, &FIELDS)?;
    check_texts(&config)?;
    match config.get("mode").and_then(Value::as_str) {
        None | Some("FEDERATION_ONLY" | "TRUST_DOMAIN" | "MODE_UNSPECIFIED") => Ok(config),
        Some(other) => Err(Error::invalid(format!("Invalid value for mode: '{other}'"))),
    }
}

/// Names and descriptions, and whether it is disabled.
fn check_texts(config: &Map<String, Value>) -> Result<()> {
    for (field, most) in [("displayName", 32), ("description", 256)] {
        match config.get(field) {
            None => {}
            Some(Value::String(text)) => check_length(field, text, most)?,
            Some(_) => return Err(Error::invalid(format!("Invalid value for {field}: it is a text."))),
        }
    }
    match config.get("disabled") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(Error::invalid("Invalid value for disabled: it is true or false.")),
    }
}

/// A pool, a provider or a key as the API shows it.
fn wire(place: &Place, record: &Record) -> Value {
    let mut wire = Value::Object(record.config.clone());
    wire["name"] = json!(place.name());
    wire["state"] = json!(if record.deleted.is_some() { "DELETED" } else { "ACTIVE" });
    if let Some(deleted) = record.deleted {
        wire["expireTime"] = json!(deleted.plus_millis(crate::failures::RETENTION_MS));
    }
    without_defaults(wire)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Timestamp;

    #[test]
    fn a_pool_is_shown_as_the_api_does() {
        let place = Place::new("demo", "12", "global").with("pool-1");
        let config =
            apply(Map::new(), &json!({"displayName": "P", "disabled": false, "state": "DELETED"}), None).unwrap();
        let mut record = Record { config, deleted: None };
        assert_eq!(
            wire(&place, &record),
            json!({"name": "projects/12/locations/global/workloadIdentityPools/pool-1", "displayName": "P", "state": "ACTIVE"})
        );
        record.deleted = Some(Timestamp::from_millis(0));
        assert_eq!(wire(&place, &record)["expireTime"], "1970-01-31T00:00:00.000Z");
    }

    #[test]
    fn f35_fields_of_another_shape_are_400() {
        for sent in [
            json!({"displayName": 1}),
            json!({"disabled": "no"}),
            json!({"description": "x".repeat(257)}),
            json!({"mode": "X"}),
        ] {
            assert_eq!(apply(Map::new(), &sent, None).unwrap_err().http_status(), 400, "{sent}");
        }
    }
}
