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

/// The access list that a policy's bindings come to; `None` where it has no legacy role, so that a list is not lost to
/// somebody who writes only modern roles.
pub fn to_list(document: &Value) -> Option<Vec<Entry>> {
    let mut list = Vec::new();
    for binding in document["bindings"].as_array().into_iter().flatten() {
        let Some((role, _)) = ROLES.iter().find(|(_, name)| binding["role"] == *name) else { continue };
        let members = binding["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
        members.filter_map(entity).for_each(|entity| acl::put(&mut list, Entry::new(entity, role)));
    }
    (!list.is_empty()).then_some(list)
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

fn member(entity: &str, project: &str) -> String {
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
        assert_eq!(to_list(&document), Some(list));
        assert_eq!(to_list(&json!({"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]})), None);
    }

    #[test]
    fn modern_bindings_stay() {
        let modern = json!({"role": "roles/storage.objectViewer", "members": ["allUsers"]});
        let old = json!({"role": "roles/storage.legacyBucketOwner", "members": ["user:a@b.c"]});
        assert_eq!(replaced(&[old, modern.clone()], vec![]), [modern]);
    }
}
