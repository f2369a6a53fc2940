//! `PUT` with `x-goog-copy-source`. <https://cloud.google.com/storage/docs/xml-api/put-object-copy>

use super::super::call::Call;
use super::super::{answer, headers, writer};
use crate::objects::conditional::{Conditional, Verdict};
use crate::objects::customer_key::CustomerKey;
use crate::objects::draft::Draft;
use crate::objects::lookup::Which;
use crate::objects::record::Object;
use crate::objects::source::Source;
use fogbank_sdk::{Error, Preconditions, RequestHead, Response, Result, query};
use serde_json::{Map, Value, json};

const SOURCE: &str = "x-goog-copy-source";

/// Answers with a `CopyObjectResult`.
pub fn copy(request: &RequestHead) -> Result<Response> {
    let (bucket, name) = source_name(request.header(SOURCE).unwrap_or_default())?;
    let source = Source {
        bucket: &bucket,
        name: &name,
        which: Which::numbered(number(request, "x-goog-copy-source-generation")?),
        permission: Some("storage.objects.get"),
        preconditions: conditions(request)?,
        key: CustomerKey::of_source(request)?,
    };
    let found = source.find()?.object;
    require(request, &found)?;
    let mut draft = draft(request, &found)?;
    draft.admit_alone()?;
    let (_, content) = source.link()?;
    let made = draft.store(&content, None)?;
    let resource = answer::resource(&draft.answer(&made))?;
    let document = writer::document("CopyObjectResult", "", |xml| {
        xml.text("LastModified", made.object.updated.to_rfc3339());
        xml.text("ETag", answer::etag(&made.object));
    });
    Ok(answer::describe(writer::answer(document), &resource)
        .header("x-goog-copy-source-generation", found.generation.to_string()))
}

/// `BUCKET/OBJECT`, percent-encoded, with or without a slash in front.
pub fn source_name(header: &str) -> Result<(String, String)> {
    let bad = || Error::invalid(format!("Invalid value for {SOURCE}: '{header}'")).with_location("header", SOURCE);
    let path = query::decode(header.strip_prefix('/').unwrap_or(header)).map_err(|_| bad())?;
    let (bucket, name) =
        path.split_once('/').filter(|(bucket, name)| !bucket.is_empty() && !name.is_empty()).ok_or_else(bad)?;
    Ok((bucket.to_owned(), name.to_owned()))
}

/// A header that holds a number.
pub fn number(request: &RequestHead, name: &str) -> Result<Option<i64>> {
    let value = request.header(name).map(|text| text.trim().parse::<i64>()).transpose();
    value.map_err(|_| Error::invalid(format!("Invalid value for {name}")).with_location("header", name))
}

/// The conditions on the source's generation.
pub fn conditions(request: &RequestHead) -> Result<Preconditions> {
    Ok(Preconditions {
        generation_match: number(request, "x-goog-copy-source-if-generation-match")?,
        metageneration_match: number(request, "x-goog-copy-source-if-metageneration-match")?,
        ..Preconditions::default()
    })
}

/// Tags and dates of the source; 412 also where it is the one that must not match, since a copy reads nothing.
pub fn require(request: &RequestHead, source: &Object) -> Result<()> {
    let conditional = Conditional {
        if_match: request.header("x-goog-copy-source-if-match"),
        if_none_match: request.header("x-goog-copy-source-if-none-match"),
        if_modified_since: request.header("x-goog-copy-source-if-modified-since"),
        if_unmodified_since: request.header("x-goog-copy-source-if-unmodified-since"),
        if_range: None,
    };
    match conditional.decide(answer::etag(source).trim_matches('"'), source.updated) {
        Verdict::Proceed => Ok(()),
        Verdict::NotModified | Verdict::Failed => Err(crate::conditions::unmet()),
    }
}

fn draft(request: &RequestHead, source: &Object) -> Result<Draft> {
    let head = Call::of(request).head()?;
    let metadata = metadata(request)?;
    let mut draft = Draft::of_copy(&head, source, request.param("bucket"), request.param("object"), metadata)?;
    draft.predefined_acl = headers::canned(request)?.map(str::to_owned);
    draft.on(Preconditions::from_headers(request)?);
    Ok(draft)
}

/// `COPY` takes the source's metadata, with another class or key at most; `REPLACE` takes what the headers say.
fn metadata(request: &RequestHead) -> Result<Value> {
    let fields = headers::attributes(request)?;
    match request.header("x-goog-metadata-directive") {
        None | Some("COPY") => {
            let kept = ["storageClass", "kmsKeyName", "retention"];
            Ok(fields.into_iter().filter(|(name, _)| kept.contains(&name.as_str())).collect::<Map<_, _>>().into())
        }
        Some("REPLACE") => {
            let mut fields = fields;
            // A field has to be there for the source's not to be taken.
            fields.entry("contentType").or_insert_with(|| json!("application/octet-stream"));
            Ok(fields.into())
        }
        Some(other) => {
            let error = Error::invalid(format!("Invalid value for x-goog-metadata-directive: '{other}'"));
            Err(error.with_location("header", "x-goog-metadata-directive"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_a_source_is_named_exactly() {
        for (header, name) in [
            ("/b-1/a%2F..%2Fb", "a/../b"),
            ("b-1/a//b", "a//b"),
            ("b-1//lead", "/lead"),
            ("b%2D1/a%252f+%C3%BC", "a%2f+ü"),
            ("/b-1%2Fx", "x"),
        ] {
            assert_eq!(source_name(header).unwrap(), ("b-1".into(), name.into()), "{header}");
        }
        for header in ["", "/", "b-1", "/b-1/", "//x", "b-1/%zz", "b-1/%ff"] {
            assert_eq!(source_name(header).unwrap_err().http_status(), 400, "{header}");
        }
    }

    fn request(headers: &[(&str, &str)]) -> RequestHead {
        let head = RequestHead::new("storage.xml.object.put", "PUT", "/b-1/x").unwrap();
        headers.iter().fold(head, |head, (name, value)| head.with_header(name, value))
    }

    #[test]
    fn a_directive_says_whose_metadata_counts() {
        let headers = [("content-type", "a/b"), ("x-goog-storage-class", "NEARLINE")];
        let kept = metadata(&request(&headers)).unwrap();
        assert_eq!(kept, json!({"storageClass": "NEARLINE"}));
        let replaced = metadata(&request(&[("x-goog-metadata-directive", "REPLACE")])).unwrap();
        assert_eq!(replaced, json!({"contentType": "application/octet-stream"}));
        assert!(metadata(&request(&[("x-goog-metadata-directive", "MERGE")])).is_err());
    }

    #[test]
    fn conditions_on_the_source_are_412() {
        let source = Object { md5: Some(vec![0; 16]), ..Object::default() };
        let tag = "0".repeat(32);
        let decide =
            |name: &str, value: &str| require(&request(&[(name, value)]), &source).map_err(|e| e.http_status());
        assert_eq!(decide("x-goog-copy-source-if-match", &tag), Ok(()));
        assert_eq!(decide("x-goog-copy-source-if-match", "x"), Err(412));
        assert_eq!(decide("x-goog-copy-source-if-none-match", &tag), Err(412));
        assert_eq!(
            conditions(&request(&[("x-goog-copy-source-if-generation-match", "x")])).unwrap_err().http_status(),
            400
        );
    }
}
