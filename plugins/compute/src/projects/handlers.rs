//! The methods of `projects`.

use super::{load, path, quota};
use crate::instances::metadata;
use compute_api::call::Call;
use compute_api::change;
use compute_api::operation::Then;
use compute_api::store::Resource;
use compute_api::{failure, links};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Value, json};

/// `GET projects/PROJECT`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    let project = load(&call.project)?;
    Ok(Response::json(&shown(&project, &call.base)?).into())
}

/// A project as clients see it, with links of `base`.
pub fn shown(project: &Resource, base: &str) -> Result<Value> {
    let id = &project.path.project;
    let mut shown = json!({
        "kind": "compute#project",
        "id": project.id.to_string(),
        "creationTimestamp": project.created.to_rfc3339_with_offset(),
        "name": id,
        "selfLink": project.path.marked(),
        "commonInstanceMetadata": metadata::shown(None)?,
        "defaultServiceAccount": format!("{}-compute@developer.gserviceaccount.com", project.id),
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "cloudArmorTier": "CA_STANDARD",
        "vmDnsSetting": "ZONAL_ONLY",
        "quotas": quota::of_project(id)?,
    });
    for (name, value) in project.body.iter().filter(|(name, _)| !name.starts_with('_')) {
        shown[name] = value.clone();
    }
    links::expand(&mut shown, base);
    Ok(shown)
}

/// `POST projects/PROJECT/setCommonInstanceMetadata`
///
/// Errors: 412 for a fingerprint of another state.
pub fn set_common_instance_metadata(mut request: Request) -> Result<Reply> {
    let (call, body) = opened(&mut request)?;
    let body = Value::Object(body);
    change::change(&call, &path(&call.project), |_, project| {
        let next = metadata::replaced(project.body.get("commonInstanceMetadata"), &body)?;
        project.set("commonInstanceMetadata", next);
        Ok(Then::Done)
    })
}

/// `POST projects/PROJECT/setUsageExportBucket`; a body without a bucket ends the export.
pub fn set_usage_export_bucket(mut request: Request) -> Result<Reply> {
    let (call, body) = opened(&mut request)?;
    change::change(&call, &path(&call.project), |_, project| {
        match body.get("bucketName").and_then(Value::as_str).is_some_and(|name| !name.is_empty()) {
            true => project.set("usageExportLocation", body.clone()),
            false => drop(project.body.remove("usageExportLocation")),
        }
        Ok(Then::Done)
    })
}

/// `POST projects/PROJECT/setDefaultNetworkTier`
///
/// Errors: 400 without a tier.
pub fn set_default_network_tier(mut request: Request) -> Result<Reply> {
    set_field(&mut request, "networkTier", "defaultNetworkTier")
}

/// `POST projects/PROJECT/setCloudArmorTier`
///
/// Errors: 400 without a tier.
pub fn set_cloud_armor_tier(mut request: Request) -> Result<Reply> {
    set_field(&mut request, "cloudArmorTier", "cloudArmorTier")
}

fn set_field(request: &mut Request, sent: &str, kept: &str) -> Result<Reply> {
    let (call, body) = opened(request)?;
    let value = body.get(sent).cloned().ok_or_else(|| failure::required(sent))?;
    change::change(&call, &path(&call.project), |_, project| {
        project.set(kept, value.clone());
        Ok(Then::Done)
    })
}

fn opened(request: &mut Request) -> Result<(Call, serde_json::Map<String, Value>)> {
    let call = Call::of_project(request)?;
    load(&call.project)?;
    let body = call.body(request)?;
    Ok((call, body))
}
