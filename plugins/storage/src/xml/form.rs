//! `POST /BUCKET` with an HTML form: the last field is the file, those in front of it say what it is to be.
//! <https://cloud.google.com/storage/docs/xml-api/post-object-forms>

use super::{answer, headers, link, writer};
use crate::signed::form::{self, Fields};
use crate::uploads::single;
use fogbank_sdk::multipart::{Multipart, Part, parameter};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, identity, query};
use serde_json::Value;

/// The most bytes of a field that is not the file.
const LONGEST: u64 = 64 << 10;

/// Fields that are headers of the object, beside those that begin with `x-goog-`.
const HEADERS: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-md5", "content-type"];

/// Fields that begin with `x-goog-` and say nothing of the object.
const SIGNATURE: [&str; 4] = ["x-goog-algorithm", "x-goog-credential", "x-goog-date", "x-goog-signature"];

/// Whether a request brings a form.
pub fn is_form(request: &RequestHead) -> bool {
    let kind = request.header("content-type").unwrap_or_default().trim_start();
    kind.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
}

/// Stores the file, and answers as the form asks to.
///
/// Errors: 400 for a broken form, 403 for one that its policy does not allow.
pub fn upload(mut request: Request) -> Result<Response> {
    let kind = request.header("content-type").unwrap_or_default().to_owned();
    let mut parts = Multipart::parse(&kind, request.take_body())?;
    let mut fields = Fields::default();
    while let Some(mut part) = parts.next()? {
        let name = part.name().ok_or_else(|| Error::invalid("A field of the form has no name."))?.to_ascii_lowercase();
        if name == "file" {
            return store(&request, fields, &mut part);
        }
        let value = String::from_utf8(part.body.read_to_end(LONGEST)?);
        fields.0.push((name, value.map_err(|_| Error::invalid("A field of the form is not UTF-8."))?));
    }
    Err(Error::invalid("The form has no file.").with_location("parameter", "file"))
}

fn store(request: &RequestHead, mut fields: Fields, file: &mut Part) -> Result<Response> {
    let name = file.header("content-disposition").and_then(|value| parameter(value, "filename")).unwrap_or_default();
    let range = match identity::caller().enforced {
        true => form::admit(&fields, request.param("bucket"))?,
        false => form::ANY,
    };
    fill(&mut fields, &name);
    let head = object(request, &fields, file.content_type())?;
    let mut draft = headers::draft(&head)?;
    let made = single::store_within(&mut draft, &mut file.body, range)?;
    finish(&head, &fields, &answer::resource(&made)?)
}

/// `${filename}` in the key stands for the name of the file that the user has chosen.
fn fill(fields: &mut Fields, filename: &str) {
    let bare = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    for (name, value) in &mut fields.0 {
        if name == "key" {
            *value = value.replace("${filename}", bare);
        }
    }
}

/// The form as a PUT of the object would say it.
fn object(request: &RequestHead, fields: &Fields, kind: Option<&str>) -> Result<RequestHead> {
    let key = fields.get("key").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Error::invalid("The form has no key.").with_location("parameter", "key"))?;
    let mut head = RequestHead::new(request.route(), request.method(), request.path())?
        .with_param("bucket", request.param("bucket"))
        .with_param("object", key);
    for (name, value) in &fields.0 {
        let name = name.replacen("x-amz-", "x-goog-", 1);
        match name.as_str() {
            "acl" => head = head.with_header("x-goog-acl", value),
            name if SIGNATURE.contains(&name) => {}
            name if name.starts_with("x-goog-") || HEADERS.contains(&name) => head = head.with_header(name, value),
            _ => {}
        }
    }
    Ok(match (head.header("content-type"), kind) {
        (None, Some(kind)) => head.with_header("content-type", kind),
        _ => head,
    })
}

/// The answer that the form asks for: a redirection, or one of three statuses.
fn finish(head: &RequestHead, fields: &Fields, resource: &Value) -> Result<Response> {
    let (bucket, key, etag) = (head.param("bucket"), head.param("object"), answer::etag_of(resource));
    let redirect = fields.get("success_action_redirect").or_else(|| fields.get("redirect"));
    if let Some(place) = redirect.filter(|place| is_address(place)) {
        let mark = if place.contains('?') { '&' } else { '?' };
        let (key, etag) = (query::encode(key), query::encode(&etag));
        return Ok(Response::new(303).header("location", format!("{place}{mark}bucket={bucket}&key={key}&etag={etag}")));
    }
    let location = link(head);
    let response = match fields.get("success_action_status") {
        Some("200") => Response::new(200),
        Some("201") => writer::answer(writer::document("PostResponse", "", |xml| {
            xml.text("Location", &location);
            xml.text("Bucket", bucket);
            xml.text("Key", key);
            xml.text("ETag", &etag);
        }))
        .with_status(201),
        _ => Response::no_content(),
    };
    Ok(answer::describe(response, resource).header("location", location))
}

/// What can stand in a header and leads a browser somewhere.
fn is_address(place: &str) -> bool {
    (place.starts_with("http://") || place.starts_with("https://")) && place.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn request() -> RequestHead {
        RequestHead::new("storage.xml.bucket.post", "POST", "/b-1").unwrap().with_param("bucket", "b-1")
    }

    #[test]
    fn f04_a_form_becomes_the_headers_of_a_put() {
        let mut form = fields(&[
            ("key", "up/${filename}"),
            ("acl", "public-read"),
            ("x-amz-meta-a", "1"),
            ("x-goog-credential", "secret"),
            ("content-type", "text/plain"),
            ("anything", "else"),
        ]);
        fill(&mut form, "C:\\dir\\../a b.txt");
        let head = object(&request(), &form, Some("image/png")).unwrap();
        assert_eq!((head.param("bucket"), head.param("object")), ("b-1", "up/a b.txt"));
        let header = |name| head.header(name);
        assert_eq!((header("x-goog-acl"), header("x-goog-meta-a")), (Some("public-read"), Some("1")));
        assert_eq!((header("content-type"), header("x-goog-credential")), (Some("text/plain"), None));
        assert_eq!(object(&request(), &fields(&[]), None).unwrap_err().http_status(), 400);
    }

    #[test]
    fn a_form_is_known_by_its_content_type() {
        let of = |kind: &str| is_form(&request().with_header("content-type", kind));
        assert!(of("multipart/form-data; boundary=x") && of("Multipart/Form-Data;boundary=x"));
        assert!(!of("application/xml") && !of("multipart/related; boundary=x"));
    }

    #[test]
    fn the_answer_is_what_the_form_asks_for() {
        let head = request().with_param("object", "a b");
        let resource = serde_json::json!({"etag": "E", "size": "1"});
        let answer = |pairs: &[(&str, &str)]| finish(&head, &fields(pairs), &resource).unwrap();
        assert_eq!(answer(&[]).status(), 204);
        assert_eq!(answer(&[("success_action_status", "200")]).status(), 200);
        let made = answer(&[("success_action_status", "201")]);
        let text = std::str::from_utf8(made.body().bytes().unwrap()).unwrap();
        assert!(made.status() == 201 && text.contains("<PostResponse><Location>"), "{text}");
        let gone = answer(&[("success_action_redirect", "https://x.test/done?a=1")]);
        assert_eq!(gone.status(), 303);
        assert!(gone.get_header("location").unwrap().starts_with("https://x.test/done?a=1&bucket=b-1&key=a%20b&etag="));
        assert_eq!(answer(&[("redirect", "javascript:alert(1)")]).status(), 204);
    }
}
