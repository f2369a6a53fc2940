//! IAM policies of buckets and managed folders. The host keeps and enforces them; here is what Cloud Storage adds: the
//! policy that a resource has before anybody sets one, what may stand in one, and the legacy roles of buckets, which are
//! their access lists in another form. <https://cloud.google.com/storage/docs/access-control/iam>

mod check;
mod legacy;

pub use check::{is_everybody, is_public};
pub use legacy::{begin, follow_list, from_list, initial, keep_list, member, settle, to_list};

use crate::conditions;
use fogbank_sdk::identity::{self, Policy};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, log};
use serde_json::{Value, json};

/// What a policy is about.
pub struct Target {
    /// The full resource name.
    pub resource: String,
    /// Bindings that hold before anybody sets some.
    pub initial: Vec<Value>,
    /// Whether members for everybody are refused.
    pub private: bool,
}

/// The name of a project for policies.
pub fn project_resource(project: &str) -> String {
    format!("//cloudresourcemanager.googleapis.com/projects/{project}")
}

/// Says below which resource a new one hangs. The resource exists already, so a failure is logged and nothing else.
pub fn adopt(resource: &str, parent: &str) {
    if let Err(error) = identity::set_parent(resource, parent) {
        log::warn!("{resource} has no parent for policies: {error:?}");
    }
}

/// Forgets the policies of a resource that is gone, and of what was below it.
pub fn forget(resource: &str) {
    if let Err(error) = identity::forget(resource) {
        log::warn!("the policy of {resource} is left over: {error:?}");
    }
}

/// Answers `getIamPolicy`.
pub fn get(request: &RequestHead, target: &Target) -> Result<Response> {
    let version = request.query_u32("optionsRequestedPolicyVersion")?.unwrap_or(1);
    if !(1..=3).contains(&version) {
        return Err(Error::invalid(format!("Invalid value for optionsRequestedPolicyVersion: {version}")));
    }
    let policy = identity::get_policy(&target.resource)?;
    Ok(Response::json(&wire(policy, target)))
}

/// Answers `setIamPolicy`. Gives the policy's document as well.
///
/// Errors: 400 for what is no policy, 412 where the etag is an old one or everybody is let in where that is prevented.
pub fn set(request: &mut Request, target: &Target) -> Result<(Response, Value)> {
    let sent: Value = request.json()?;
    let mut document = check::document(&sent)?;
    if target.private && check::is_public(&document) {
        return Err(crate::buckets::settings::public_refused());
    }
    if let Some(etag) = sent.get("etag").filter(|etag| etag.is_string()) {
        document["etag"] = etag.clone();
    }
    let policy = match identity::set_policy(&target.resource, document) {
        Err(identity::Error::Conflict) => return Err(conditions::unmet()),
        result => result?,
    };
    let document = policy.document.clone();
    Ok((Response::json(&wire(policy, target)), document))
}

/// Answers `testIamPermissions`; `held` gives those that the caller has.
pub fn test(request: &RequestHead, held: impl FnOnce(Vec<String>) -> Result<Vec<String>>) -> Result<Response> {
    let permissions: Vec<String> = request.query_all("permissions").map(str::to_owned).collect();
    if permissions.is_empty() {
        return Err(Error::required("permissions"));
    }
    if let Some(other) = permissions.iter().find(|permission| !permission.starts_with("storage.")) {
        return Err(Error::invalid(format!("Invalid permission: {other}")));
    }
    let held = held(permissions)?;
    let mut answer = json!({"kind": "storage#testIamPermissionsResponse"});
    if !held.is_empty() {
        answer["permissions"] = json!(held);
    }
    Ok(Response::json(&answer))
}

fn wire(policy: Policy, target: &Target) -> Value {
    let unset = policy.document.get("bindings").is_none();
    let mut wire = policy.to_json();
    if unset {
        wire["bindings"] = json!(target.initial);
    }
    wire["kind"] = json!("storage#policy");
    let id = target.resource.strip_prefix("//storage.googleapis.com/").unwrap_or(&target.resource);
    wire["resourceId"] = json!(id);
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let resource = crate::model::bucket::resource_name("b-1");
        Target { resource, initial: vec![json!({"role": "r", "members": ["m"]})], private: false }
    }

    #[test]
    fn a_policy_that_nobody_set_has_the_initial_bindings() {
        let unset = Policy { document: json!({}), etag: "ACAB".into() };
        let wire = wire(unset, &target());
        assert_eq!((&wire["bindings"][0]["role"], &wire["etag"]), (&json!("r"), &json!("ACAB")));
        assert_eq!(wire["resourceId"], "projects/_/buckets/b-1");
    }

    #[test]
    fn an_empty_policy_that_somebody_set_is_empty() {
        let set = Policy { document: json!({"bindings": [], "version": 1}), etag: "BQ==".into() };
        assert_eq!(wire(set, &target())["bindings"], json!([]));
    }
}
