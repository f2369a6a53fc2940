//! An object that is being uploaded: everything that the first request says of it. A resumable upload keeps it until the
//! last byte is there.

use super::attributes::Attributes;
use super::checksum::Expected;
use super::content::Content;
use super::customer_key::CustomerKey;
use super::lookup::Found;
use super::record::Object;
use super::write::{self, Also, Target};
use super::{access, name, protection, resource};
use crate::access::Permit;
use crate::model::bucket::{Bucket, Projection};
use crate::model::storage_class;
use fogbank_sdk::{Error, Preconditions, RequestHead, Response, Result, Timestamp, context};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the content is where nobody says.
const DEFAULT_TYPE: &str = "application/octet-stream";

/// The largest object, unless the setting `max_object_size` (bytes) says less.
const MAX_OBJECT: u64 = 5 << 40;

/// The first request of an upload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub bucket: String,
    pub name: String,
    pub attributes: Attributes,
    pub expected: Expected,
    /// Base64 of SHA-256.
    pub key_sha256: Option<String>,
    pub kms_key: Option<String>,
    pub predefined_acl: Option<String>,
    /// The type of the media, which counts where the metadata names none.
    pub media_type: Option<String>,
    /// Who uploads, as an entity of an access list.
    pub owner: Option<String>,
    /// Whether the answer shows access lists.
    pub full: bool,
    /// How many bytes were announced.
    pub size: Option<u64>,
    /// Why an object that is there may not be replaced, where that is so.
    keeps: Option<String>,
    conditions: [Option<i64>; 4],
}

/// The largest object of this tenant, in bytes.
pub fn max_size() -> Result<u64> {
    Ok(context::setting("max_object_size")?.unwrap_or(MAX_OBJECT))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Naming {
    name: Option<String>,
    md5_hash: Option<String>,
    crc32c: Option<String>,
    kms_key_name: Option<String>,
}

// === impl Draft ===

impl Draft {
    /// As [`Draft::of`], for the caller of this request.
    pub fn by_caller(request: &RequestHead, metadata: Value, media_type: Option<&str>) -> Result<Draft> {
        Ok(Draft { owner: access::caller(), ..Self::of(request, metadata, media_type)? })
    }

    /// What the query, the headers and the metadata of `objects.insert` say. Refused with 400 where they break a rule
    /// that needs no look at the bucket.
    pub fn of(request: &RequestHead, metadata: Value, media_type: Option<&str>) -> Result<Draft> {
        let broken = |error: serde_json::Error| Error::invalid(format!("Invalid value: {error}"));
        let naming: Naming = serde_json::from_value(metadata.clone()).map_err(broken)?;
        let mut attributes: Attributes = serde_json::from_value(metadata).map_err(broken)?;
        if let Some(encoding) = request.query("contentEncoding") {
            attributes.content_encoding = Some(encoding.to_owned());
        }
        let name = request.query("name").map(str::to_owned).or(naming.name).unwrap_or_default();
        name::check(&name).map_err(name::NameError::into_error)?;
        let mut draft = Draft {
            bucket: request.param("bucket").to_owned(),
            name,
            key_sha256: CustomerKey::of(request)?.map(|key| key.0),
            kms_key: request.query("kmsKeyName").map(str::to_owned).or(naming.kms_key_name),
            predefined_acl: request.query("predefinedAcl").map(str::to_owned),
            media_type: media_type.map(str::to_owned),
            full: full(request, attributes.acl.is_some())?,
            conditions: pack(Preconditions::from_query(request)?),
            attributes,
            ..Draft::default()
        };
        draft.expect(naming.crc32c.as_deref(), naming.md5_hash.as_deref())?;
        draft.expect_headers(request)?;
        draft.check()?;
        Ok(draft)
    }

    /// What a copy of `source` to `bucket` and `name` is to be: the source's own metadata where the body names none.
    pub fn of_copy(request: &RequestHead, source: &Object, bucket: &str, object: &str, body: Value) -> Result<Draft> {
        name::check(object).map_err(name::NameError::into_error)?;
        let broken = |error: serde_json::Error| Error::invalid(format!("Invalid value: {error}"));
        let keeps = !COPIED.iter().any(|field| body.get(field).is_some_and(|value| !value.is_null()));
        let naming: Naming = serde_json::from_value(body.clone()).map_err(broken)?;
        let wanted: Attributes = serde_json::from_value(body).map_err(broken)?;
        let mut attributes = if keeps { copied(source, wanted) } else { wanted };
        if request.query_all("dropContextGroups").any(|group| group == "custom") {
            attributes.contexts = None;
        }
        let draft = Draft {
            bucket: bucket.to_owned(),
            name: object.to_owned(),
            key_sha256: CustomerKey::of(request)?.map(|key| key.0),
            kms_key: request.query("destinationKmsKeyName").map(str::to_owned).or(naming.kms_key_name),
            predefined_acl: request.query("destinationPredefinedAcl").map(str::to_owned),
            media_type: source.content_type.clone(),
            owner: access::caller(),
            full: full(request, attributes.acl.is_some())?,
            conditions: pack(Preconditions::from_query(request)?),
            attributes,
            ..Draft::default()
        };
        draft.check()?;
        Ok(draft)
    }

    /// Refuses with 403 unless the caller may make the object.
    pub fn admit(&mut self, bucket: &Bucket) -> Result<()> {
        crate::access::object("storage.objects.create", bucket, &self.name, None)?;
        if self.attributes.retention.is_some() {
            crate::access::object("storage.objects.setRetention", bucket, &self.name, None)?;
        }
        self.keeps = Permit::on_object("storage.objects.delete", bucket, &self.name, None)?.refusal();
        Ok(())
    }

    /// As [`Self::admit`], where the bucket is not looked up otherwise.
    pub fn admit_alone(&mut self) -> Result<()> {
        if crate::access::enforced() { self.admit(&Bucket::load(&self.bucket)?) } else { Ok(()) }
    }

    /// Takes over conditions that came in another form than the query's.
    pub fn on(&mut self, preconditions: Preconditions) {
        self.conditions = pack(preconditions);
    }

    fn expect(&mut self, crc32c: Option<&str>, md5: Option<&str>) -> Result<()> {
        crc32c.map(|value| self.expected.add_crc32c(value)).transpose()?;
        md5.map(|value| self.expected.add_md5(value)).transpose()?;
        Ok(())
    }

    /// Takes the checksums in a request's headers.
    pub fn expect_headers(&mut self, request: &RequestHead) -> Result<()> {
        for (_, value) in request.headers().iter().filter(|(name, _)| name == "x-goog-hash") {
            self.expected.add_hash_header(value)?;
        }
        if let Some(md5) = request.header("content-md5") {
            self.expected.add_md5(md5)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.attributes.class()?;
        self.attributes.access_list()?;
        if self.key_sha256.is_some() && self.kms_key.is_some() {
            return Err(Error::invalid("A customer-supplied key and a Cloud KMS key cannot be used together."));
        }
        Ok(())
    }

    /// The conditions on what the object replaces.
    pub fn preconditions(&self) -> Preconditions {
        let [generation_match, generation_not_match, metageneration_match, metageneration_not_match] = self.conditions;
        Preconditions { generation_match, generation_not_match, metageneration_match, metageneration_not_match }
    }

    /// Makes the content the live generation.
    pub fn store(&self, content: &Content, also: Option<Also>) -> Result<Found> {
        let replace = Permit::stored(self.keeps.as_deref());
        let target = Target { bucket: &self.bucket, name: &self.name, preconditions: self.preconditions(), replace };
        write::insert(&target, content, &|bucket, now| self.build(bucket, now), also)
    }

    /// The row that the attributes make in this bucket.
    pub fn build(&self, bucket: &Bucket, now: Timestamp) -> Result<Object> {
        let mut attributes = self.attributes.clone();
        if attributes.event_based_hold.is_none() && bucket.config.holds_new_objects() {
            attributes.event_based_hold = Some(true);
        }
        let mut object = Object { storage_class: class(&attributes, bucket)?, ..Object::default() };
        protection::write(&attributes, &mut object, &bucket.config, false, now)?;
        object.acl =
            access::initial(bucket, attributes.access_list()?, self.predefined_acl.as_deref(), self.owner.as_deref())?;
        object.owner.clone_from(&self.owner);
        attributes.write_plain(&mut object, now)?;
        if object.content_type.is_none() {
            object.content_type = Some(self.media_type.clone().unwrap_or_else(|| DEFAULT_TYPE.to_owned()));
        }
        object.key_sha256.clone_from(&self.key_sha256);
        object.kms_key = match &self.key_sha256 {
            None => self.kms_key.clone().or_else(|| bucket.config.kms_key().map(str::to_owned)),
            Some(_) => None,
        };
        Ok(object)
    }

    /// The answer to the upload.
    pub fn answer(&self, found: &Found) -> Response {
        let projection = if self.full { Projection::Full } else { Projection::NoAcl };
        let view = resource::View { projection, unlocked: true };
        resource::answer(found, view)
    }
}

/// The fields of which any one in the body of a copy says that the source's are not taken.
const COPIED: [&str; 8] = [
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "contexts",
    "customTime",
    "metadata",
];

/// The source's metadata, with what else the body asks for. Lists, holds, retention and class do not go along.
fn copied(source: &Object, wanted: Attributes) -> Attributes {
    let Attributes { acl, event_based_hold, temporary_hold, retention, storage_class, .. } = wanted;
    Attributes { acl, event_based_hold, temporary_hold, retention, storage_class, ..Attributes::of(source) }
}

/// The storage class of a new object: what it asks for, else the bucket's; autoclass begins with the warmest.
fn class(attributes: &Attributes, bucket: &Bucket) -> Result<String> {
    if bucket.config.has_autoclass() {
        return Ok(storage_class::DEFAULT.to_owned());
    }
    Ok(attributes.class()?.map_or_else(|| bucket.config.storage_class.clone(), str::to_owned))
}

/// Whether the answer shows access lists: as `projection` says, else where the request sets one.
pub fn full(request: &RequestHead, sets_acl: bool) -> Result<bool> {
    let default = if sets_acl { Projection::Full } else { Projection::NoAcl };
    Ok(Projection::of(request, default)? == Projection::Full)
}

fn pack(conditions: Preconditions) -> [Option<i64>; 4] {
    let Preconditions { generation_match, generation_not_match, metageneration_match, metageneration_not_match } =
        conditions;
    [generation_match, generation_not_match, metageneration_match, metageneration_not_match]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;
    use serde_json::json;

    fn request(query: &str) -> RequestHead {
        let head = RequestHead::new("storage.objects.insert", "POST", &format!("/upload/storage/v1/b/b-1/o?{query}"));
        head.unwrap().with_param("bucket", "b-1").with_header("x-goog-hash", "crc32c=AAAAAA==")
    }

    #[test]
    fn the_query_outweighs_the_metadata() {
        let metadata = json!({"name": "other", "contentEncoding": "br", "storageClass": "nearline", "generation": "7"});
        let draft = Draft::of(&request("name=a%2Fb&contentEncoding=gzip&ifGenerationMatch=0"), metadata, None).unwrap();
        assert_eq!((draft.name.as_str(), draft.preconditions().generation_match), ("a/b", Some(0)));
        let object = draft.build(&bucket(json!({"storageClass": "STANDARD"})), Timestamp::from_millis(0)).unwrap();
        assert_eq!((object.storage_class.as_str(), object.content_encoding.as_deref()), ("NEARLINE", Some("gzip")));
        assert_eq!(
            (object.content_type.as_deref(), draft.expected.crc32c),
            (Some("application/octet-stream"), Some(0))
        );
    }

    #[test]
    fn a_draft_outlives_a_restart() {
        let draft = Draft::of(
            &request("name=x&ifMetagenerationNotMatch=3"),
            json!({"metadata": {"k": "v"}, "customTime": "2026-01-01T00:00:00Z"}),
            Some("a/b"),
        )
        .unwrap();
        let text = serde_json::to_string(&draft).unwrap();
        let again: Draft = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (again.preconditions(), again.attributes.clone()),
            (draft.preconditions(), draft.attributes.clone())
        );
        assert_eq!(again.expected, draft.expected);
    }

    #[test]
    fn a_bucket_sets_what_the_request_does_not() {
        let config = json!({"storageClass": "COLDLINE", "defaultEventBasedHold": true, "encryption": {"defaultKmsKeyName": "k"}});
        let draft = Draft::of(&request("name=x"), json!({}), Some("text/plain")).unwrap();
        let object = draft.build(&bucket(config), Timestamp::from_millis(0)).unwrap();
        assert_eq!((object.storage_class.as_str(), object.event_based_hold), ("COLDLINE", true));
        assert_eq!((object.kms_key.as_deref(), object.content_type.as_deref()), (Some("k"), Some("text/plain")));
    }

    #[test]
    fn f04_a_bad_name_is_refused_before_a_byte_is_read() {
        assert_eq!(Draft::of(&request("name=.."), json!({}), None).unwrap_err().http_status(), 400);
        assert_eq!(Draft::of(&request(""), json!({}), None).unwrap_err().reason(), "required");
        assert!(Draft::of(&request("name=a"), json!({"metadata": 3}), None).is_err());
    }
}
