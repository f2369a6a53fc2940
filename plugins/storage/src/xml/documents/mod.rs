//! Settings of a bucket as documents of their own: `GET /BUCKET?versioning` and the like. Each is a part of the bucket's
//! JSON resource in XML; a `PUT` is a patch of it.
//! <https://cloud.google.com/storage/docs/xml-api/get-bucket-metadata>

mod cors;
pub mod creation;
mod lifecycle;
mod small;

use super::acl;
use super::reader::Node;
use crate::access_lists;
use crate::model::acl::{Scope, Verb};
use crate::model::bucket::Bucket;
use fogbank_sdk::{RequestHead, Result};
use serde_json::{Value, json};

/// A part of a bucket.
pub struct Document {
    /// The query parameters that name it.
    names: &'static [&'static str],
    pub root: &'static str,
    /// The permission to read it, and the one to write it.
    pub permissions: [&'static str; 2],
    pub show: fn(&Bucket) -> Result<String>,
    /// The patch that a document makes; absent where it cannot be written.
    pub patch: Option<fn(Node) -> Result<Value>>,
}

const BUCKET: [&str; 2] = ["storage.buckets.get", "storage.buckets.update"];
const POLICY: [&str; 2] = ["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"];

static DOCUMENTS: [Document; 12] = [
    document(&["acl"], "AccessControlList", POLICY, show_acl, Some(|list| Ok(json!({"acl": acl::entries(list)?})))),
    document(
        &["defaultObjectAcl"],
        "AccessControlList",
        POLICY,
        show_default,
        Some(|list| Ok(json!({"defaultObjectAcl": acl::entries(list)?}))),
    ),
    document(&["billing"], "BillingConfiguration", BUCKET, small::show_billing, Some(small::billing)),
    document(&["cors"], "CorsConfig", BUCKET, cors::show, Some(cors::patch)),
    document(
        &["encryption", "encryptionConfig"],
        "EncryptionConfiguration",
        BUCKET,
        small::show_encryption,
        Some(small::encryption),
    ),
    document(&["lifecycle"], "LifecycleConfiguration", BUCKET, lifecycle::show, Some(lifecycle::patch)),
    document(&["location"], "LocationConstraint", BUCKET, small::show_location, None),
    document(&["logging"], "Logging", BUCKET, small::show_logging, Some(small::logging)),
    document(&["storageClass"], "StorageClass", BUCKET, small::show_class, Some(small::class)),
    document(&["tagging"], "Tagging", BUCKET, small::show_tagging, Some(small::tagging)),
    document(&["versioning"], "VersioningConfiguration", BUCKET, small::show_versioning, Some(small::versioning)),
    document(&["website", "websiteConfig"], "WebsiteConfiguration", BUCKET, small::show_website, Some(small::website)),
];

const fn document(
    names: &'static [&'static str],
    root: &'static str,
    permissions: [&'static str; 2],
    show: fn(&Bucket) -> Result<String>,
    patch: Option<fn(Node) -> Result<Value>>,
) -> Document {
    Document { names, root, permissions, show, patch }
}

/// Parts of a bucket that this API has, or that S3's has, and that are not here.
const ABSENT: [&str; 15] = [
    "accelerate",
    "analytics",
    "compose",
    "intelligent-tiering",
    "inventory",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "retention",
];

/// The document that the query names.
pub fn named(request: &RequestHead) -> Option<&'static Document> {
    DOCUMENTS.iter().find(|document| document.names.iter().any(|name| request.query(name).is_some()))
}

/// A part that the query names and that is not here.
pub fn absent(request: &RequestHead) -> Option<&'static str> {
    ABSENT.into_iter().find(|name| request.query(name).is_some())
}

fn show_acl(bucket: &Bucket) -> Result<String> {
    access_lists::refuse_uniform(bucket, Verb::Get, Scope::Bucket)?;
    Ok(acl::document(bucket.config.acl.as_deref().unwrap_or_default(), &owner(bucket)))
}

fn show_default(bucket: &Bucket) -> Result<String> {
    access_lists::refuse_uniform(bucket, Verb::Get, Scope::Object)?;
    Ok(acl::document(bucket.config.default_object_acl.as_deref().unwrap_or_default(), &owner(bucket)))
}

/// The owner of a bucket is its project's owners.
fn owner(bucket: &Bucket) -> String {
    format!("project-owners-{}", bucket.project_number)
}

#[cfg(test)]
mod tests {
    use super::super::reader;
    use super::*;
    use crate::model::bucket::tests::bucket;
    use fogbank_sdk::Body;

    /// The document of a bucket with these settings, and the patch that the same document makes.
    fn there_and_back(name: &str, config: Value) -> (String, Value) {
        let request = RequestHead::new("storage.xml.bucket.get", "GET", &format!("/b?{name}")).unwrap();
        let document = named(&request).unwrap();
        let text = (document.show)(&bucket(config)).unwrap();
        let mut body = Body::from(text.clone().into_bytes());
        (text, reader::read(&mut body, document.root, document.patch.unwrap()).unwrap())
    }

    #[test]
    fn a_document_that_is_sent_back_changes_nothing() {
        let rule = json!({"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"},
                          "condition": {"age": 3, "isLive": true, "matchesPrefix": ["a/", "b/"], "createdBefore": "2026-01-01",
                                        "numNewerVersions": 2}});
        for (name, config) in [
            ("versioning", json!({"versioning": {"enabled": true}})),
            ("billing", json!({"billing": {"requesterPays": true}})),
            ("storageClass", json!({"storageClass": "COLDLINE"})),
            ("website", json!({"website": {"mainPageSuffix": "index.html", "notFoundPage": "404.html"}})),
            ("websiteConfig", json!({"website": {"mainPageSuffix": "i", "notFoundPage": null}})),
            ("logging", json!({"logging": {"logBucket": "logs", "logObjectPrefix": "p"}})),
            ("encryption", json!({"encryption": {"defaultKmsKeyName": "k"}})),
            ("lifecycle", json!({"lifecycle": {"rule": [rule]}})),
            (
                "cors",
                json!({"cors": [{"origin": ["*"], "method": ["GET", "PUT"], "responseHeader": ["X"], "maxAgeSeconds": 60}]}),
            ),
            ("acl", json!({"acl": [{"entity": "allUsers", "role": "READER"}]})),
            ("defaultObjectAcl", json!({"defaultObjectAcl": [{"entity": "allUsers", "role": "READER"}]})),
        ] {
            assert_eq!(there_and_back(name, config.clone()).1, config, "{name}");
        }
        let (_, labels) = there_and_back("tagging", json!({"labels": {"a": "1"}}));
        assert_eq!(labels["labels"]["a"], "1");
    }

    #[test]
    fn a_setting_that_is_off_has_an_empty_document() {
        for (name, document) in [
            ("versioning", "<VersioningConfiguration></VersioningConfiguration>"),
            ("website", "<WebsiteConfiguration></WebsiteConfiguration>"),
            ("logging", "<Logging></Logging>"),
            ("lifecycle", "<LifecycleConfiguration></LifecycleConfiguration>"),
            ("cors", "<CorsConfig></CorsConfig>"),
            ("encryption", "<EncryptionConfiguration></EncryptionConfiguration>"),
        ] {
            let (text, patch) = there_and_back(name, json!({}));
            assert!(text.ends_with(document), "{text}");
            let values: Vec<_> = patch.as_object().unwrap().values().collect();
            assert!(values.iter().all(|value| value.is_null() || *value == &json!({"enabled": false})), "{patch}");
        }
    }

    #[test]
    fn lists_are_refused_under_uniform_access() {
        let uniform = bucket(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}));
        assert_eq!(show_acl(&uniform).unwrap_err().http_status(), 400);
        assert_eq!(show_default(&uniform).unwrap_err().http_status(), 400);
    }

    #[test]
    fn f34_what_is_not_here_is_named() {
        let request = RequestHead::new("storage.xml.bucket.get", "GET", "/b?policy&prefix=x").unwrap();
        assert!(named(&request).is_none());
        assert_eq!(absent(&request), Some("policy"));
    }
}
