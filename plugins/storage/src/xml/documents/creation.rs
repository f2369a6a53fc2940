//! The body of `PUT /BUCKET`: what the new bucket is to be.
//! <https://cloud.google.com/storage/docs/xml-api/put-bucket-create>

use super::super::reader::{self, Node};
use fogbank_sdk::Result;
use serde_json::{Map, Value, json};

/// The root element.
pub const ROOT: &str = "CreateBucketConfiguration";

/// The bucket's settings, as the JSON API takes them.
pub fn settings(node: Node) -> Result<Map<String, Value>> {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| settings.insert(name.to_owned(), value);
    for (element, field) in [("LocationConstraint", "location"), ("StorageClass", "storageClass"), ("Rpo", "rpo")] {
        if let Some(text) = node.text(element) {
            set(field, json!(text));
        }
    }
    if let Some(regions) = node.child("CustomPlacementConfig").and_then(|custom| custom.child("DataLocations")) {
        set("customPlacementConfig", json!({"dataLocations": regions.texts("DataLocation")}));
    }
    if let Some(switch) = enabled(node.child("HierarchicalNamespace"))? {
        set("hierarchicalNamespace", json!({ "enabled": switch }));
    }
    if let Some(iam) = node.child("IamConfiguration") {
        set("iamConfiguration", access(iam)?);
    }
    if let Some(key) = node.child("EncryptionConfiguration").and_then(|encryption| encryption.text("DefaultKmsKeyName"))
    {
        set("encryption", json!({ "defaultKmsKeyName": key }));
    }
    Ok(settings)
}

fn access(iam: Node) -> Result<Value> {
    let mut access = json!({});
    let uniform = iam.child("UniformBucketLevelAccess").or_else(|| iam.child("BucketPolicyOnly"));
    if let Some(switch) = enabled(uniform)? {
        access["uniformBucketLevelAccess"] = json!({ "enabled": switch });
    }
    if let Some(prevention) = iam.text("PublicAccessPrevention") {
        access["publicAccessPrevention"] = json!(prevention);
    }
    Ok(access)
}

/// The `Enabled` element in an element.
fn enabled(node: Option<Node>) -> Result<Option<bool>> {
    let text = node.and_then(|node| node.text("Enabled"));
    let switch = text.map(|text| text.to_ascii_lowercase().parse::<bool>()).transpose();
    switch.map_err(|_| reader::malformed("Enabled is true or false."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    #[test]
    fn a_new_bucket_is_described_by_its_document() {
        let text = "<CreateBucketConfiguration><LocationConstraint>EU</LocationConstraint><StorageClass>NEARLINE</StorageClass>\
                    <IamConfiguration><BucketPolicyOnly><Enabled>True</Enabled></BucketPolicyOnly></IamConfiguration>\
                    </CreateBucketConfiguration>";
        let settings = reader::read(&mut Body::from(text.as_bytes().to_vec()), ROOT, settings).unwrap();
        assert_eq!(
            Value::Object(settings),
            json!({"location": "EU", "storageClass": "NEARLINE",
                   "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}})
        );
    }
}
