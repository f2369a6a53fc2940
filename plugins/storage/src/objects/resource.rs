//! The `Object` resource as a client sees it.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1/objects#resource>

use super::checksum;
use super::lookup::Found;
use super::protection;
use super::record::{Object, State};
use crate::model::bucket::{Bucket, Projection, entry_wire};
use fogbank_sdk::{Response, Timestamp, context, query};
use serde_json::{Map, Value, json};

/// How much is shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub projection: Projection,
    /// Whether checksums of an object under a customer's key are shown: its key came with the request.
    pub unlocked: bool,
}

impl View {
    /// A view of whatever is not under a customer's key.
    pub fn of(projection: Projection) -> View {
        View { projection, unlocked: false }
    }
}

/// A time as all resources show it.
pub fn time(time: Timestamp) -> String {
    time.to_rfc3339()
}

/// The entity tag, without quotes.
pub fn etag(object: &Object) -> String {
    crate::model::etag::of_generation(object.generation, object.metageneration)
}

/// The path of the resource below the base URL.
pub fn path(bucket: &str, name: &str) -> String {
    format!("/storage/v1/b/{bucket}/o/{}", query::encode(name))
}

/// The answer of an operation that gives one object.
pub fn answer(found: &Found, view: View) -> Response {
    Response::json(&wire(&found.object, &found.bucket, &context::base_url(), view)).header("etag", etag(&found.object))
}

/// The resource.
pub fn wire(object: &Object, bucket: &Bucket, base: &str, view: View) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    identity(object, bucket, base, &mut put);
    content(object, view, &mut put);
    attributes(object, &mut put);
    times(object, &mut put);
    keeping(object, bucket, &mut put);
    if view.projection == Projection::Full && !bucket.config.is_uniform() {
        access(object, bucket, base, &mut put);
    }
    Value::Object(fields)
}

type Put<'a> = &'a mut dyn FnMut(&str, Value);

fn identity(object: &Object, bucket: &Bucket, base: &str, put: Put) {
    let generation = object.generation;
    put("kind", json!("storage#object"));
    put("id", json!(format!("{}/{}/{generation}", bucket.name, object.name)));
    put("selfLink", json!(format!("{base}{}", path(&bucket.name, &object.name))));
    let download = format!("{base}/download{}?generation={generation}&alt=media", path(&bucket.name, &object.name));
    put("mediaLink", json!(download));
    put("name", json!(object.name));
    put("bucket", json!(bucket.name));
    put("generation", json!(generation.to_string()));
    put("metageneration", json!(object.metageneration.to_string()));
    put("etag", json!(etag(object)));
}

fn content(object: &Object, view: View, put: Put) {
    put("size", json!(object.size.to_string()));
    put("storageClass", json!(object.storage_class));
    if object.key_sha256.is_none() || view.unlocked {
        put("crc32c", json!(checksum::encode_crc32c(object.crc32c)));
        if let Some(md5) = &object.md5 {
            put("md5Hash", json!(checksum::encode_md5(md5)));
        }
    }
    if let Some(count) = object.component_count {
        put("componentCount", json!(count));
    }
    if let Some(key) = &object.key_sha256 {
        put("customerEncryption", json!({"encryptionAlgorithm": "AES256", "keySha256": key}));
    }
    if let Some(key) = &object.kms_key {
        put("kmsKeyName", json!(key));
    }
}

fn attributes(object: &Object, put: Put) {
    let texts = [
        ("contentType", &object.content_type),
        ("contentEncoding", &object.content_encoding),
        ("contentLanguage", &object.content_language),
        ("contentDisposition", &object.content_disposition),
        ("cacheControl", &object.cache_control),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            put(name, json!(text));
        }
    }
    if let Some(metadata) = &object.metadata {
        put("metadata", json!(metadata));
    }
    if let Some(contexts) = &object.contexts {
        put("contexts", contexts.clone());
    }
}

fn times(object: &Object, put: Put) {
    put("timeCreated", json!(time(object.created)));
    put("updated", json!(time(object.updated)));
    put("timeStorageClassUpdated", json!(time(object.class_updated)));
    put("timeFinalized", json!(time(object.created)));
    let deleted = object.noncurrent.filter(|_| object.state == State::Noncurrent);
    let optional = [
        ("customTime", object.custom_time),
        ("timeDeleted", deleted),
        ("softDeleteTime", object.soft_deleted),
        ("hardDeleteTime", object.hard_delete),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, json!(time(value)));
        }
    }
    if let Some(token) = &object.restore_token {
        put("restoreToken", json!(token));
    }
}

fn keeping(object: &Object, bucket: &Bucket, put: Put) {
    if object.temporary_hold {
        put("temporaryHold", json!(true));
    }
    if object.event_based_hold {
        put("eventBasedHold", json!(true));
    }
    if let (Some(retention), Some(mode)) = (&object.retention, object.retention_mode()) {
        put("retention", json!({"mode": mode, "retainUntilTime": time(retention.until)}));
    }
    if let Some(expiration) = protection::expiration(object, &bucket.config) {
        put("retentionExpirationTime", json!(time(expiration)));
    }
}

fn access(object: &Object, bucket: &Bucket, base: &str, put: Put) {
    if let Some(owner) = &object.owner {
        put("owner", json!({"entity": owner}));
    }
    let entries = object.acl.iter().flatten();
    let list: Vec<Value> = entries
        .map(|entry| {
            let mut wire = entry_wire(entry, "storage#objectAccessControl", etag(object));
            let path = path(&bucket.name, &object.name);
            wire["id"] = json!(format!("{}/{}/{}/{}", bucket.name, object.name, object.generation, entry.entity));
            wire["bucket"] = json!(bucket.name);
            wire["object"] = json!(object.name);
            wire["generation"] = json!(object.generation.to_string());
            wire["selfLink"] = json!(format!("{base}{path}/acl/{}", entry.entity));
            wire
        })
        .collect();
    put("acl", json!(list));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::acl::Entry;
    use crate::model::bucket::tests::bucket;

    fn object() -> Object {
        Object {
            name: "a/b c".into(),
            generation: 300,
            metageneration: 1,
            size: 3,
            md5: Some(vec![0; 16]),
            storage_class: "STANDARD".into(),
            acl: Some(vec![Entry::new("allUsers", "READER")]),
            owner: Some("user-a@b.c".into()),
            ..Object::default()
        }
    }

    #[test]
    fn links_and_numbers_have_the_form_that_clients_want() {
        let wire = wire(&object(), &bucket(json!({})), "http://x:1", View::of(Projection::NoAcl));
        assert_eq!(wire["selfLink"], "http://x:1/storage/v1/b/b-1/o/a%2Fb%20c");
        assert_eq!(wire["mediaLink"], "http://x:1/download/storage/v1/b/b-1/o/a%2Fb%20c?generation=300&alt=media");
        assert_eq!(
            (&wire["generation"], &wire["size"], &wire["crc32c"]),
            (&json!("300"), &json!("3"), &json!("AAAAAA=="))
        );
        assert_eq!((&wire["id"], wire.get("acl"), wire.get("timeDeleted")), (&json!("b-1/a/b c/300"), None, None));
    }

    #[test]
    fn access_lists_are_shown_in_full_and_where_they_count() {
        let full = wire(&object(), &bucket(json!({})), "", View::of(Projection::Full));
        assert_eq!((&full["acl"][0]["entity"], &full["owner"]["entity"]), (&json!("allUsers"), &json!("user-a@b.c")));
        let uniform = bucket(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}));
        assert_eq!(wire(&object(), &uniform, "", View::of(Projection::Full)).get("acl"), None);
    }

    #[test]
    fn f28_checksums_under_a_customers_key_are_shown_to_its_holder() {
        let locked = Object { key_sha256: Some("k".into()), ..object() };
        let shown = wire(&locked, &bucket(json!({})), "", View::of(Projection::NoAcl));
        assert_eq!((shown.get("md5Hash"), shown.get("crc32c")), (None, None));
        let view = View { projection: Projection::NoAcl, unlocked: true };
        assert!(wire(&locked, &bucket(json!({})), "", view).get("md5Hash").is_some());
    }
}
