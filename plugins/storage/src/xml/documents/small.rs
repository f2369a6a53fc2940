//! Documents of a field or two. A setting that is cleared is null in the patch.

use super::super::reader::{self, Node};
use super::super::writer;
use crate::model::bucket::Bucket;
use fogbank_sdk::Result;
use serde_json::{Map, Value, json};

pub(super) fn show_location(bucket: &Bucket) -> Result<String> {
    let declaration = "<?xml version='1.0' encoding='UTF-8'?>";
    // A location is letters, digits and dashes.
    Ok(format!("{declaration}<LocationConstraint>{}</LocationConstraint>", bucket.config.location))
}

pub(super) fn show_class(bucket: &Bucket) -> Result<String> {
    let declaration = "<?xml version='1.0' encoding='UTF-8'?>";
    Ok(format!("{declaration}<StorageClass>{}</StorageClass>", bucket.config.storage_class))
}

pub(super) fn class(node: Node) -> Result<Value> {
    Ok(json!({"storageClass": node.content()}))
}

pub(super) fn show_versioning(bucket: &Bucket) -> Result<String> {
    let status = bucket.config.versioning.map(|versioning| switch(versioning.enabled));
    Ok(writer::document("VersioningConfiguration", "", |xml| xml.optional("Status", status)))
}

pub(super) fn versioning(node: Node) -> Result<Value> {
    Ok(json!({"versioning": {"enabled": is_on(node, "Status")?}}))
}

pub(super) fn show_billing(bucket: &Bucket) -> Result<String> {
    let status = bucket.config.billing.as_ref().map(|billing| switch(billing.requester_pays));
    Ok(writer::document("BillingConfiguration", "", |xml| xml.optional("RequesterPays", status)))
}

pub(super) fn billing(node: Node) -> Result<Value> {
    Ok(json!({"billing": {"requesterPays": is_on(node, "RequesterPays")?}}))
}

fn switch(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

/// `Enabled`; `Disabled` and `Suspended`, which are also what silence says.
fn is_on(node: Node, name: &str) -> Result<bool> {
    match node.text(name).as_deref() {
        Some("Enabled") => Ok(true),
        None | Some("Disabled" | "Suspended") => Ok(false),
        Some(_) => Err(reader::malformed(&format!("{name} is Enabled or Disabled."))),
    }
}

pub(super) fn show_website(bucket: &Bucket) -> Result<String> {
    let website = bucket.config.website.clone().unwrap_or_default();
    Ok(writer::document("WebsiteConfiguration", "", |xml| {
        xml.optional("MainPageSuffix", website.main_page_suffix);
        xml.optional("NotFoundPage", website.not_found_page);
    }))
}

pub(super) fn website(node: Node) -> Result<Value> {
    let fields = [("mainPageSuffix", node.text("MainPageSuffix")), ("notFoundPage", node.text("NotFoundPage"))];
    Ok(json!({ "website": whole(fields) }))
}

pub(super) fn show_logging(bucket: &Bucket) -> Result<String> {
    let logging = bucket.config.logging.clone().unwrap_or_default();
    Ok(writer::document("Logging", "", |xml| {
        xml.optional("LogBucket", logging.log_bucket);
        xml.optional("LogObjectPrefix", logging.log_object_prefix);
    }))
}

pub(super) fn logging(node: Node) -> Result<Value> {
    let fields = [("logBucket", node.text("LogBucket")), ("logObjectPrefix", node.text("LogObjectPrefix"))];
    Ok(json!({ "logging": whole(fields) }))
}

/// An object that replaces the one that is there: what is absent is null. Null itself where all is absent.
fn whole<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    if fields.iter().all(|(_, value)| value.is_none()) {
        return Value::Null;
    }
    fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

pub(super) fn show_encryption(bucket: &Bucket) -> Result<String> {
    let key = bucket.config.kms_key().map(str::to_owned);
    Ok(writer::document("EncryptionConfiguration", "", |xml| xml.optional("DefaultKmsKeyName", key)))
}

pub(super) fn encryption(node: Node) -> Result<Value> {
    Ok(json!({ "encryption": whole([("defaultKmsKeyName", node.text("DefaultKmsKeyName"))]) }))
}

pub(super) fn show_tagging(bucket: &Bucket) -> Result<String> {
    Ok(writer::document("Tagging", "", |xml| {
        xml.nest("TagSet", |xml| {
            for (key, value) in bucket.config.labels.iter().flatten() {
                xml.nest("Tag", |xml| {
                    xml.text("Key", key);
                    xml.text("Value", value);
                });
            }
        });
    }))
}

/// Labels that the document does not have stay: a patch cannot name them.
pub(super) fn tagging(node: Node) -> Result<Value> {
    let set = node.child("TagSet").ok_or_else(|| reader::malformed("Tagging has no TagSet."))?;
    let tags = set.children("Tag").map(|tag| {
        let key = tag.text("Key").ok_or_else(|| reader::malformed("A Tag has no Key."))?;
        Ok((key, json!(tag.text("Value").unwrap_or_default())))
    });
    Ok(json!({ "labels": tags.collect::<Result<Map<_, _>>>()? }))
}
