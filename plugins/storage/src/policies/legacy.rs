//! The legacy roles of buckets are the entries of their access lists under another name: whoever changes one changes
//! the other. <https://cloud.google.com/storage/docs/access-control/iam#acls>

use crate::model::acl::{self, Entry};
use crate::model::bucket::{Bucket, resource_name};
use crate::model::project;
use fogbank_sdk::{identity, log};
use serde_json::{Value, json};

const ROLES: [(&str, &str); 3] = [
    ("OWNER", "roles/storage.legacyBucketOwner"),
    ("WRITER", "roles/storage.legacyBucketWriter"),
    ("READER", "roles/storage.legacyBucketReader"),
];

/// What holds before anybody sets a policy: the access list, or the project's teams where access is uniform, then for
/// objects as well. <https://cloud.google.com/storage/docs/access-control/iam#default-policy>
pub fn initial(bucket: &Bucket) -> Vec<Value> {
    if !bucket.config.is_uniform() {
        return from_list(bucket.config.acl.as_deref().unwrap_or_default(), &bucket.project);
    }
    let mut bindings = from_list(&acl::project_private(bucket.project_number), &bucket.project);
    let project = &bucket.project;
    let owners = [format!("projectEditor:{project}"), format!("projectOwner:{project}")];
    bindings.push(json!({"role": "roles/storage.legacyObjectOwner", "members": owners}));
    bindings.push(json!({"role": "roles/storage.legacyObjectReader", "members": [format!("projectViewer:{project}")]}));
    bindings
}

/// Writes the policy of a bucket with uniform access that has none: there it is all that decides. Gives whether there was none.
///
/// Errors: those of the host's policies.
pub fn settle(bucket: &Bucket) -> identity::Result<bool> {
    write(bucket, initial(bucket))
}

/// As [`settle`], for a bucket that has just been made: it is there whatever becomes of its policy, which is written when
/// somebody is refused for want of it.
pub fn begin(bucket: &Bucket) {
    if let Err(error) = settle(bucket) {
        log::warn!("the bucket {} has no policy yet: {error:?}", bucket.name);
    }
}

/// The policy of a bucket that has just been given uniform access: what its access list gave on the bucket itself is kept, what
/// lists gave on objects is not. A policy that somebody has set stays.
pub fn keep_list(bucket: &Bucket) {
    let list = bucket.config.acl.as_deref().unwrap_or_default();
    if let Err(error) = write(bucket, from_list(list, &bucket.project)) {
        log::warn!("the policy of {} does not follow its access list: {error:?}", bucket.name);
    }
}

fn write(bucket: &Bucket, bindings: Vec<Value>) -> identity::Result<bool> {
    let resource = resource_name(&bucket.name);
    let present = identity::get_policy(&resource)?;
    if present.document.get("bindings").is_some() {
        return Ok(false);
    }
    let document = json!({"version": 1, "bindings": bindings, "etag": present.etag});
    match identity::set_policy(&resource, document) {
        // Somebody else has set one meanwhile.
        Err(identity::Error::Conflict) => Ok(true),
        result => result.map(|_| true),
    }
}

/// The bindings that an access list comes to. Projects in it that have the number of `project` are written by its id.
pub fn from_list(list: &[Entry], project: &str) -> Vec<Value> {
    let bindings = ROLES.iter().map(|(role, name)| {
        let entries = list.iter().filter(|entry| entry.role == *role);
        let mut members: Vec<String> = entries.map(|entry| member(&entry.entity, project)).collect();
        members.sort();
        (name, members)
    });
    let given = bindings.filter(|(_, members)| !members.is_empty());
    given.map(|(name, members)| json!({"role": name, "members": members})).collect()
}

/// The access list that a policy's bindings come to. A list cannot say under what condition, so bindings that have one stay
/// with the policy.
pub fn to_list(document: &Value) -> Vec<Entry> {
    let mut list = Vec::new();
    for binding in document["bindings"].as_array().into_iter().flatten().filter(|one| one.get("condition").is_none()) {
        let Some((role, _)) = ROLES.iter().find(|(_, name)| binding["role"] == *name) else { continue };
        let members = binding["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
        members.filter_map(entity).for_each(|entity| acl::put(&mut list, Entry::new(entity, role)));
    }
    list
}

/// Brings the bucket's policy in line with its access list. A policy that nobody set follows by itself.
pub fn follow_list(bucket: &Bucket) {
    let resource = resource_name(&bucket.name);
    let result = identity::get_policy(&resource).and_then(|policy| match policy.document.get("bindings") {
        Some(Value::Array(bindings)) => {
            let list = bucket.config.acl.as_deref().unwrap_or_default();
            let mut document = policy.document.clone();
            document["bindings"] = Value::Array(replaced(bindings, from_list(list, &bucket.project)));
            identity::set_policy(&resource, document).map(drop)
        }
        _ => Ok(()),
    });
    if let Err(error) = result {
        log::warn!("the policy of {resource} does not follow its access list: {error:?}");
    }
}

fn replaced(bindings: &[Value], legacy: Vec<Value>) -> Vec<Value> {
    let modern = bindings.iter().filter(|binding| ROLES.iter().all(|(_, name)| binding["role"] != *name));
    legacy.into_iter().chain(modern.cloned()).collect()
}

/// A member of a policy for an entity of an access list. A team of the project with the number of `project` is named by its id.
pub fn member(entity: &str, project: &str) -> String {
    let Some((kind, rest)) = entity.split_once('-') else { return entity.to_owned() };
    match (kind, rest.split_once('-')) {
        ("user", _) if rest.ends_with("gserviceaccount.com") => format!("serviceAccount:{rest}"),
        ("project", Some((team, number))) => {
            let own = number == project::number(project).to_string();
            format!("project{}:{}", singular(team), if own { project } else { number })
        }
        _ => format!("{kind}:{rest}"),
    }
}

fn singular(team: &str) -> &str {
    match team {
        "owners" => "Owner",
        "editors" => "Editor",
        _ => "Viewer",
    }
}

fn entity(member: &str) -> Option<String> {
    let Some((kind, who)) = member.split_once(':') else { return acl::entity(member).ok() };
    let entity = match kind {
        "user" | "serviceAccount" => format!("user-{who}"),
        "group" | "domain" => format!("{kind}-{who}"),
        "projectOwner" => format!("project-owners-{who}"),
        "projectEditor" => format!("project-editors-{who}"),
        "projectViewer" => format!("project-viewers-{who}"),
        _ => return None,
    };
    acl::entity(&entity).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;

    #[test]
    fn a_new_bucket_belongs_to_its_project() {
        let bindings = from_list(&acl::project_private(project::number("demo")), "demo");
        let expected = json!([
            {"role": "roles/storage.legacyBucketOwner", "members": ["projectEditor:demo", "projectOwner:demo"]},
            {"role": "roles/storage.legacyBucketReader", "members": ["projectViewer:demo"]},
        ]);
        assert_eq!(json!(bindings), expected);
    }

    #[test]
    fn lists_and_bindings_say_the_same() {
        let list = vec![
            Entry::new("user-sa@p.iam.gserviceaccount.com", "OWNER"),
            Entry::new("domain-example.com", "WRITER"),
            Entry::new("allUsers", "READER"),
        ];
        let document = json!({"bindings": from_list(&list, "demo")});
        assert_eq!(document["bindings"][0]["members"][0], "serviceAccount:sa@p.iam.gserviceaccount.com");
        assert_eq!(to_list(&document), list);
        assert!(to_list(&json!({"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]})).is_empty());
    }

    #[test]
    fn f26_a_binding_with_a_condition_is_no_entry_of_a_list() {
        let mut document = json!({"bindings": from_list(&[Entry::new("allUsers", "READER")], "demo")});
        document["bindings"][0]["condition"] = json!({"expression": "false"});
        assert!(to_list(&document).is_empty());
    }

    #[test]
    fn uniform_access_begins_with_the_projects_teams() {
        let roles = |config: Value| {
            initial(&bucket(config)).iter().map(|binding| binding["role"].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(roles(json!({})).len(), 2);
        let uniform = roles(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}));
        assert!(uniform.iter().any(|role| role.contains("legacyObjectReader")));
    }

    #[test]
    fn modern_bindings_stay() {
        let modern = json!({"role": "roles/storage.objectViewer", "members": ["allUsers"]});
        let old = json!({"role": "roles/storage.legacyBucketOwner", "members": ["user:a@b.c"]});
        assert_eq!(replaced(&[old, modern.clone()], vec![]), [modern]);
    }
}
