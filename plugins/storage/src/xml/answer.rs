//! Answers of the JSON API in the words of this one: an object's resource becomes headers.

use crate::objects::record::Object;
use crate::objects::resource;
use fogbank_sdk::encoding::{from_b64, hex};
use fogbank_sdk::{Error, Response, Result};
use serde_json::Value;

/// The entity tag, in quotes: the MD5 of the content where it is known and not under a customer's key, else a tag of the
/// generation.
pub fn etag(object: &Object) -> String {
    match object.md5.as_ref().filter(|_| object.key_sha256.is_none()) {
        Some(md5) => format!("\"{}\"", hex(md5)),
        None => format!("\"-{}\"", resource::etag(object)),
    }
}

/// The resource in a JSON answer.
///
/// Errors: 500 where there is none.
pub fn resource(response: &Response) -> Result<Value> {
    let bytes = response.body().bytes().unwrap_or_default();
    serde_json::from_slice(bytes).map_err(|error| Error::internal(format!("an answer without a resource: {error}")))
}

/// The entity tag of an object's resource, in quotes.
pub fn etag_of(resource: &Value) -> String {
    let md5 = resource["md5Hash"].as_str().filter(|_| resource.get("customerEncryption").is_none());
    match md5.and_then(|md5| from_b64(md5).ok()) {
        Some(md5) => format!("\"{}\"", hex(&md5)),
        None => format!("\"-{}\"", resource["etag"].as_str().unwrap_or_default()),
    }
}

/// Adds the headers that tell of an object which has been made.
pub fn describe(response: Response, resource: &Value) -> Response {
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let mut response = response
        .header("etag", etag_of(resource))
        .header("x-goog-generation", text("generation"))
        .header("x-goog-metageneration", text("metageneration"))
        .header("x-goog-hash", hashes(resource))
        .header("x-goog-storage-class", text("storageClass"))
        .header("x-goog-stored-content-length", text("size"))
        .header("x-goog-stored-content-encoding", resource["contentEncoding"].as_str().unwrap_or("identity"));
    if let Some(count) = resource["componentCount"].as_i64() {
        response = response.header("x-goog-component-count", count.to_string());
    }
    if let Some(key) = resource["customerEncryption"]["keySha256"].as_str() {
        response = response.header("x-goog-encryption-algorithm", "AES256").header("x-goog-encryption-key-sha256", key);
    }
    match resource["kmsKeyName"].as_str() {
        Some(key) => response.header("x-goog-encryption-kms-key-name", key),
        None => response,
    }
}

fn hashes(resource: &Value) -> String {
    let named = [("crc32c", "crc32c"), ("md5", "md5Hash")];
    let present = named.iter().filter_map(|(name, field)| Some(format!("{name}={}", resource[*field].as_str()?)));
    present.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::{Projection, tests::bucket};
    use crate::objects::resource::View;
    use serde_json::json;

    fn both(object: &Object) -> (String, String) {
        let view = View { projection: Projection::NoAcl, unlocked: true };
        let wire = resource::wire(object, &bucket(json!({})), "http://x", view);
        (etag(object), etag_of(&wire))
    }

    #[test]
    fn a_tag_is_the_same_for_who_writes_and_who_reads() {
        let plain = Object { generation: 7, metageneration: 1, md5: Some(vec![0xab; 16]), ..Object::default() };
        assert_eq!(both(&plain), (format!("\"{}\"", "ab".repeat(16)), format!("\"{}\"", "ab".repeat(16))));
        for other in [Object { md5: None, ..plain.clone() }, Object { key_sha256: Some("k".into()), ..plain }] {
            let (read, written) = both(&other);
            assert_eq!(read, written);
            assert!(read.starts_with("\"-"), "{read}");
        }
    }

    #[test]
    fn a_resource_becomes_headers() {
        let wire = json!({"generation": "7", "metageneration": "1", "crc32c": "AAAAAA==", "size": "3", "etag": "CAc=",
                          "storageClass": "STANDARD", "componentCount": 2});
        let response = describe(Response::new(200), &wire);
        let get = |name: &str| response.get_header(name).unwrap_or_default().to_owned();
        assert_eq!((get("etag").as_str(), get("x-goog-hash").as_str()), ("\"-CAc=\"", "crc32c=AAAAAA=="));
        assert_eq!((get("x-goog-component-count").as_str(), get("x-goog-generation").as_str()), ("2", "7"));
        assert_eq!(get("x-goog-stored-content-encoding"), "identity");
    }
}
