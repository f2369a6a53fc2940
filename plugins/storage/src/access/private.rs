//! Public access prevention: where it is enforced, bindings for everybody are void, whatever policy they stand in. The policies stay
//! as they are, so that the bindings count again when prevention ends.
//! <https://cloud.google.com/storage/docs/public-access-prevention>

use crate::model::bucket::Bucket;
use crate::policies;
use fogbank_sdk::identity::{self, Grant, Level};
use serde_json::Value;

/// What resources of this service are named.
const HERE: &str = "//storage.googleapis.com/";

/// As `identity::require`, for a resource in a bucket that prevents public access and a caller who is somebody.
///
/// A policy that has nobody public in it decides as anywhere else. Where one has, what it says of others is put to the project as
/// grants: above the bucket, its bindings for everybody are out of the way. Bindings with conditions go with them, since a grant has
/// none.
///
/// Errors: as `identity::require`.
pub fn require(permission: &str, resource: &str, bucket: &Bucket, mut grants: Vec<Grant>) -> identity::Result<()> {
    let levels = identity::ancestry(resource)?;
    let own = policies_here(&levels);
    if !own.iter().any(policies::is_public) {
        return identity::require(permission, resource, &grants);
    }
    grants.extend(own.iter().flat_map(given));
    identity::require(permission, &policies::project_resource(&bucket.project), &grants)
}

/// The policies of the resource and of what it is in, up to its bucket.
fn policies_here(levels: &[Level]) -> Vec<Value> {
    let here = levels.iter().filter(|level| level.resource.starts_with(HERE));
    here.filter_map(|level| serde_json::from_str(&level.policy).ok()).collect()
}

/// What a policy gives to somebody in particular.
fn given(policy: &Value) -> Vec<Grant> {
    let bindings = policy["bindings"].as_array().into_iter().flatten();
    let plain = bindings.filter(|binding| binding.get("condition").is_none_or(Value::is_null));
    let grants = plain.flat_map(|binding| {
        let role = binding["role"].as_str().unwrap_or_default();
        let members = binding["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let named = members.filter(|member| !policies::is_everybody(member));
        named.map(move |member| Grant { member: member.to_owned(), permissions: vec![role.to_owned()] })
    });
    grants.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_those_who_are_somebody_keep_what_they_have() {
        let policy = json!({"bindings": [
            {"role": "roles/storage.objectViewer", "members": ["allUsers", "user:ann@example.com"]},
            {"role": "roles/storage.admin", "members": ["allAuthenticatedUsers"]},
            {"role": "roles/storage.admin", "members": ["user:bob@example.com"], "condition": {"expression": "true"}},
        ]});
        let level = |resource: &str, policy: &Value| Level { resource: resource.into(), policy: policy.to_string() };
        let levels = [
            level("//storage.googleapis.com/projects/_/buckets/b/objects/o", &json!({})),
            level("//storage.googleapis.com/projects/_/buckets/b", &policy),
            level("//cloudresourcemanager.googleapis.com/projects/p", &policy),
        ];
        let own = policies_here(&levels);
        assert_eq!(own.len(), 2);
        assert!(own.iter().any(policies::is_public));
        let given: Vec<_> = own.iter().flat_map(given).map(|grant| (grant.member, grant.permissions)).collect();
        assert_eq!(given, [("user:ann@example.com".to_owned(), vec!["roles/storage.objectViewer".to_owned()])]);
    }
}
