//! What a request's headers say of an object that is to be made.
//! <https://cloud.google.com/storage/docs/xml-api/reference-headers>

use super::call::Call;
use crate::objects::draft::Draft;
use fogbank_sdk::{Error, Preconditions, RequestHead, Result};
use serde_json::{Map, Value, json};

/// Headers that are fields of the object's resource.
const FIELDS: [(&str, &str); 8] = [
    ("cache-control", "cacheControl"),
    ("content-disposition", "contentDisposition"),
    ("content-encoding", "contentEncoding"),
    ("content-language", "contentLanguage"),
    ("content-type", "contentType"),
    ("x-goog-custom-time", "customTime"),
    ("x-goog-encryption-kms-key-name", "kmsKeyName"),
    ("x-goog-storage-class", "storageClass"),
];

const CUSTOM: &str = "x-goog-meta-";

/// The names that access lists made beforehand have here and in the JSON API.
const CANNED: [(&str, &str); 7] = [
    ("private", "private"),
    ("public-read", "publicRead"),
    ("public-read-write", "publicReadWrite"),
    ("authenticated-read", "authenticatedRead"),
    ("bucket-owner-read", "bucketOwnerRead"),
    ("bucket-owner-full-control", "bucketOwnerFullControl"),
    ("project-private", "projectPrivate"),
];

/// The object that a PUT or the begin of an upload describes. Refused with 400 where that breaks a rule.
pub fn draft(request: &RequestHead) -> Result<Draft> {
    let head = Call::on_bucket(request).head()?;
    let mut metadata = attributes(request)?;
    metadata.insert("name".into(), json!(request.param("object")));
    let mut draft = Draft::by_caller(&head, Value::Object(metadata), None)?;
    draft.predefined_acl = canned(request)?.map(str::to_owned);
    draft.on(Preconditions::from_headers(request)?);
    Ok(draft)
}

/// The fields that the headers set, in the form of the JSON resource.
pub fn attributes(request: &RequestHead) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for (header, field) in FIELDS {
        if let Some(value) = request.header(header).filter(|value| !value.is_empty()) {
            fields.insert(field.to_owned(), json!(value));
        }
    }
    let custom = request.headers().iter().filter_map(|(name, value)| {
        let key = name.strip_prefix(CUSTOM).filter(|key| !key.is_empty())?;
        Some((key.to_owned(), json!(value)))
    });
    let custom: Map<String, Value> = custom.collect();
    if !custom.is_empty() {
        fields.insert("metadata".into(), Value::Object(custom));
    }
    if let Some(retention) = retention(request)? {
        fields.insert("retention".into(), retention);
    }
    Ok(fields)
}

fn retention(request: &RequestHead) -> Result<Option<Value>> {
    let mode = match request.header("x-goog-object-lock-mode") {
        None => return Ok(None),
        Some("GOVERNANCE") => "Unlocked",
        Some("COMPLIANCE") => "Locked",
        Some(other) => return Err(bad("x-goog-object-lock-mode", other)),
    };
    Ok(Some(json!({"mode": mode, "retainUntilTime": request.header("x-goog-object-lock-retain-until-date")})))
}

/// `x-goog-acl`, as the JSON API names it.
///
/// Errors: 400 for a list that there is not.
pub fn canned(request: &RequestHead) -> Result<Option<&'static str>> {
    let Some(name) = request.header("x-goog-acl") else { return Ok(None) };
    let found = CANNED.iter().find(|(here, _)| *here == name);
    found.map(|(_, there)| Some(*there)).ok_or_else(|| bad("x-goog-acl", name))
}

fn bad(header: &str, value: &str) -> Error {
    Error::invalid(format!("Invalid value for {header}: '{value}'")).with_location("header", header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> RequestHead {
        let head = RequestHead::new("storage.xml.object.put", "PUT", "/b-1/a//b").unwrap();
        let head = head.with_param("bucket", "b-1").with_param("object", "a//b");
        headers.iter().fold(head, |head, (name, value)| head.with_header(name, value))
    }

    #[test]
    fn headers_are_the_objects_metadata() {
        let request = request(&[
            ("content-type", "text/plain"),
            ("cache-control", ""),
            ("x-goog-meta-color", "blue"),
            ("x-goog-storage-class", "nearline"),
            ("x-goog-custom-time", "2026-01-01T00:00:00Z"),
        ]);
        assert_eq!(
            Value::Object(attributes(&request).unwrap()),
            json!({"contentType": "text/plain", "metadata": {"color": "blue"}, "storageClass": "nearline",
                   "customTime": "2026-01-01T00:00:00Z"})
        );
    }

    #[test]
    fn lists_and_locks_have_other_names_here() {
        assert_eq!(canned(&request(&[("x-goog-acl", "public-read")])).unwrap(), Some("publicRead"));
        assert_eq!(canned(&request(&[("x-goog-acl", "publicRead")])).unwrap_err().http_status(), 400);
        let until = ("x-goog-object-lock-retain-until-date", "2030-01-01T00:00:00Z");
        let fields = attributes(&request(&[("x-goog-object-lock-mode", "GOVERNANCE"), until])).unwrap();
        assert_eq!(fields["retention"], json!({"mode": "Unlocked", "retainUntilTime": "2030-01-01T00:00:00Z"}));
        assert!(attributes(&request(&[("x-goog-object-lock-mode", "?")])).is_err());
    }
}
