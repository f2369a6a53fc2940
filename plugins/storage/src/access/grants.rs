//! What access lists give: an entry of a list stands for one of the legacy roles, and a role for permissions.
//! <https://cloud.google.com/storage/docs/access-control/iam-roles#legacy-roles>

use crate::model::acl::Entry;
use crate::model::bucket::Bucket;
use crate::policies;
use fogbank_sdk::identity::Grant;

/// `roles/storage.legacyBucketReader`
const BUCKET_READER: [&str; 7] = [
    "storage.buckets.get",
    "storage.folders.get",
    "storage.folders.list",
    "storage.managedFolders.get",
    "storage.managedFolders.list",
    "storage.multipartUploads.list",
    "storage.objects.list",
];

/// What `roles/storage.legacyBucketWriter` has beyond the reader's.
const BUCKET_WRITER: [&str; 12] = [
    "storage.folders.create",
    "storage.folders.delete",
    "storage.folders.rename",
    "storage.managedFolders.create",
    "storage.managedFolders.delete",
    "storage.multipartUploads.abort",
    "storage.multipartUploads.create",
    "storage.multipartUploads.listParts",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.restore",
    "storage.objects.setRetention",
];

/// What `roles/storage.legacyBucketOwner` has beyond the writer's.
const BUCKET_OWNER: [&str; 10] = [
    "storage.bucketOperations.cancel",
    "storage.bucketOperations.get",
    "storage.bucketOperations.list",
    "storage.buckets.enableObjectRetention",
    "storage.buckets.getIamPolicy",
    "storage.buckets.restore",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
    "storage.managedFolders.getIamPolicy",
    "storage.managedFolders.setIamPolicy",
];

/// `roles/storage.legacyObjectReader`
const OBJECT_READER: [&str; 1] = ["storage.objects.get"];

/// What `roles/storage.legacyObjectOwner` has beyond the reader's.
const OBJECT_OWNER: [&str; 5] = [
    "storage.objects.getIamPolicy",
    "storage.objects.overrideUnlockedRetention",
    "storage.objects.setIamPolicy",
    "storage.objects.setRetention",
    "storage.objects.update",
];

/// Whether a role in a bucket's list has `permission`.
fn on_bucket(role: &str, permission: &str) -> bool {
    let rank = match role {
        "OWNER" => 3,
        "WRITER" => 2,
        "READER" => 1,
        _ => 0,
    };
    let lists: [&[&str]; 3] = [&BUCKET_READER, &BUCKET_WRITER, &BUCKET_OWNER];
    lists[..rank].iter().any(|list| list.contains(&permission))
}

/// Whether a role in an object's list has `permission`.
fn on_object(role: &str, permission: &str) -> bool {
    let owns = role == "OWNER";
    (owns || role == "READER") && OBJECT_READER.contains(&permission) || owns && OBJECT_OWNER.contains(&permission)
}

/// Who has `permission` by the lists of a bucket and of an object in it. Under uniform access lists are out of force, and where
/// public access is prevented so are entries for everybody.
pub fn of(permission: &str, bucket: &Bucket, object: &[Entry]) -> Vec<Grant> {
    if bucket.config.is_uniform() { Vec::new() } else { of_lists(permission, bucket, object) }
}

/// As [`of`], whether lists are in force or not.
pub fn of_lists(permission: &str, bucket: &Bucket, object: &[Entry]) -> Vec<Grant> {
    let by_bucket = bucket.config.acl.iter().flatten().filter(|entry| on_bucket(&entry.role, permission));
    let by_object = object.iter().filter(|entry| on_object(&entry.role, permission));
    let prevented = bucket.config.prevents_public_access();
    let entries = by_bucket.chain(by_object).filter(|entry| !(prevented && entry.is_public()));
    let mut members: Vec<String> = entries.map(|entry| policies::member(&entry.entity, &bucket.project)).collect();
    members.sort();
    members.dedup();
    let permissions = || vec![permission.to_owned()];
    members.into_iter().map(|member| Grant { member, permissions: permissions() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::acl;
    use crate::model::bucket::tests::bucket;
    use serde_json::json;

    fn members(permission: &str, bucket: &Bucket, object: &[Entry]) -> Vec<String> {
        of(permission, bucket, object).into_iter().map(|grant| grant.member).collect()
    }

    #[test]
    fn f26_viewers_of_the_project_read_and_do_not_write() {
        let bucket = bucket(json!({}));
        let object = acl::project_private(bucket.project_number);
        let all = ["projectEditor:7", "projectOwner:7", "projectViewer:7"];
        assert_eq!(members("storage.objects.list", &bucket, &object), all);
        assert_eq!(members("storage.objects.get", &bucket, &object), all);
        assert_eq!(members("storage.objects.create", &bucket, &object), all[..2]);
        assert_eq!(members("storage.objects.update", &bucket, &object), all[..2]);
        assert_eq!(members("storage.buckets.setIamPolicy", &bucket, &[]), all[..2]);
        // An object's list is what lets somebody read it: the bucket's does not.
        assert!(members("storage.objects.get", &bucket, &[]).is_empty());
        assert!(members("storage.buckets.delete", &bucket, &object).is_empty());
    }

    #[test]
    fn every_kind_of_entity_is_a_member() {
        let bucket = bucket(json!({}));
        let entity = |entity: &str| members("storage.objects.get", &bucket, &[Entry::new(entity, "READER")]);
        assert_eq!(entity("user-ann@example.com"), ["user:ann@example.com"]);
        assert_eq!(entity("user-a@shop.iam.gserviceaccount.com"), ["serviceAccount:a@shop.iam.gserviceaccount.com"]);
        assert_eq!(entity("group-g@example.com"), ["group:g@example.com"]);
        assert_eq!(entity("domain-example.com"), ["domain:example.com"]);
        assert_eq!(entity("project-viewers-123"), ["projectViewer:123"]);
        assert_eq!(entity("allUsers"), ["allUsers"]);
        assert_eq!(entity("allAuthenticatedUsers"), ["allAuthenticatedUsers"]);
    }

    #[test]
    fn uniform_access_and_prevention_take_lists_out_of_force() {
        let public = [Entry::new("allUsers", "READER"), Entry::new("user-ann@example.com", "OWNER")];
        let prevented = bucket(json!({"iamConfiguration": {"publicAccessPrevention": "enforced"}}));
        assert_eq!(members("storage.objects.get", &prevented, &public), ["user:ann@example.com"]);
        let uniform = bucket(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}));
        assert!(of("storage.objects.get", &uniform, &public).is_empty());
    }

    /// The permissions that plugin.toml gives a role.
    fn in_manifest(role: &str) -> Vec<&'static str> {
        let manifest = include_str!("../../plugin.toml");
        let (_, role) = manifest.split_once(&format!("name = \"{role}\"")).unwrap();
        let (_, list) = role.split_once("permissions = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let mut names: Vec<_> = list.split(',').map(|name| name.trim().trim_matches('"')).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names
    }

    #[test]
    fn lists_give_what_the_legacy_roles_do() {
        let cases: [(&str, &[&[&str]]); 5] = [
            ("roles/storage.legacyBucketReader", &[&BUCKET_READER]),
            ("roles/storage.legacyBucketWriter", &[&BUCKET_READER, &BUCKET_WRITER]),
            ("roles/storage.legacyBucketOwner", &[&BUCKET_READER, &BUCKET_WRITER, &BUCKET_OWNER]),
            ("roles/storage.legacyObjectReader", &[&OBJECT_READER]),
            ("roles/storage.legacyObjectOwner", &[&OBJECT_READER, &OBJECT_OWNER]),
        ];
        for (role, lists) in cases {
            let mut here = lists.concat();
            here.sort_unstable();
            assert_eq!(in_manifest(role), here, "{role}");
        }
    }
}
