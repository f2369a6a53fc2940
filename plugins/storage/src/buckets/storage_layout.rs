//! `storage.buckets.getStorageLayout`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/getStorageLayout>

use crate::access;
use crate::model::bucket::Bucket;
use fogbank_sdk::{Request, Response, Result};
use serde_json::{Value, json};

/// Where and how a bucket stores, for those who may list its objects.
///
/// Errors: 404.
pub fn get_storage_layout(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::prefix("storage.objects.list", &bucket, request.query("prefix").unwrap_or_default())?;
    Ok(Response::json(&wire(&bucket)))
}

fn wire(bucket: &Bucket) -> Value {
    let mut wire = json!({
        "kind": "storage#storageLayout",
        "bucket": bucket.name,
        "location": bucket.config.location,
        "locationType": bucket.config.location_type,
        "hierarchicalNamespace": {"enabled": bucket.config.is_hierarchical()},
    });
    if let Some(custom) = &bucket.config.custom_placement_config {
        wire["customPlacementConfig"] = json!(custom);
    }
    wire
}
