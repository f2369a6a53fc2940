//! Verbs on a bucket, and on its parts, which the query names.
//! <https://cloud.google.com/storage/docs/xml-api/reference-methods>

use super::call::Call;
use super::documents::{self, Document, creation};
use super::{form, headers, listing, multipart, permission, reader, unimplemented, writer};
use crate::conditions::Conditions;
use crate::model::bucket::Bucket;
use crate::{access, buckets};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context};
use serde_json::{Map, Value, json};

/// Lists objects, or shows a part of the bucket.
pub fn get(request: Request) -> Result<Response> {
    if request.query("uploads").is_some() {
        permission::on_bucket(&request, "storage.multipartUploads.list")?;
        return multipart::uploads(&request);
    }
    if let Some(document) = documents::named(&request) {
        return show(&request, document);
    }
    if let Some(part) = documents::absent(&request) {
        return Err(unimplemented(&request, part));
    }
    listing::list(&request)
}

fn show(request: &RequestHead, document: &Document) -> Result<Response> {
    permission::on_bucket(request, document.permissions[0])?;
    let bucket = Bucket::load(request.param("bucket"))?;
    conditions(request)?.require_for_read(bucket.metageneration)?;
    Ok(writer::answer((document.show)(&bucket)?).header("x-goog-metageneration", bucket.metageneration.to_string()))
}

fn conditions(request: &RequestHead) -> Result<Conditions> {
    Conditions::of(&Call::of(request).conditions().head()?)
}

/// Says whether there is such a bucket.
pub fn head(request: Request) -> Result<Response> {
    permission::on_bucket(&request, "storage.buckets.get")?;
    let bucket = Bucket::load(request.param("bucket"))?;
    conditions(&request)?.require_for_read(bucket.metageneration)?;
    Ok(Response::new(200)
        .header("content-type", writer::CONTENT_TYPE)
        .header("x-goog-metageneration", bucket.metageneration.to_string())
        .header("x-goog-storage-class", bucket.config.storage_class))
}

/// Makes a bucket, or replaces a part of it.
pub fn put(request: Request) -> Result<Response> {
    if let Some(document) = documents::named(&request) {
        return replace(request, document);
    }
    if let Some(part) = documents::absent(&request) {
        return Err(unimplemented(&request, part));
    }
    create(request)
}

fn create(mut request: Request) -> Result<Response> {
    let project = request.header("x-goog-project-id").map_or_else(context::default_project, str::to_owned);
    access::project("storage.buckets.create", &project)?;
    let settings = reader::read_if_any(request.body(), creation::ROOT, creation::settings)?;
    let mut settings = settings.unwrap_or_default();
    settings.insert("name".into(), json!(request.param("bucket")));
    if let Some(class) = request.header("x-goog-storage-class") {
        settings.insert("storageClass".into(), json!(class));
    }
    let locks = request.header("x-goog-bucket-object-lock-enabled").map(str::to_ascii_lowercase);
    let call = Call::of(&request)
        .query("project", Some(&project))
        .query("predefinedAcl", headers::canned(&request)?)
        .query("enableObjectRetention", locks.as_deref());
    buckets::insert(call.with(&Value::Object(settings))?)?;
    Ok(Response::new(200))
}

fn replace(mut request: Request, document: &Document) -> Result<Response> {
    permission::on_bucket(&request, document.permissions[1])?;
    let Some(patch) = document.patch else { return Err(unimplemented(&request, document.root)) };
    let sent = reader::read_if_any(request.body(), document.root, patch)?;
    let call = Call::on_bucket(&request).conditions();
    let call = match (sent, headers::canned(&request)?) {
        (Some(mut patch), None) => {
            forget_labels(request.param("bucket"), &mut patch)?;
            call.with(&patch)?
        }
        (None, Some(canned)) => call.query(canned_parameter(&request), Some(canned)).bare()?,
        _ => return Err(reader::malformed("Either a document or the header x-goog-acl has to say what is to be.")),
    };
    buckets::patch(call)?;
    Ok(Response::new(200))
}

fn canned_parameter(request: &RequestHead) -> &'static str {
    if request.query("defaultObjectAcl").is_some() { "predefinedDefaultObjectAcl" } else { "predefinedAcl" }
}

/// A set of labels replaces the one that is there: in a patch those that go are null.
fn forget_labels(bucket: &str, patch: &mut Value) -> Result<()> {
    let Some(labels) = patch.get_mut("labels").and_then(Value::as_object_mut) else { return Ok(()) };
    let present = Bucket::load(bucket)?.config.labels.unwrap_or_default();
    let gone: Map<String, Value> = present.into_keys().map(|key| (key, Value::Null)).collect();
    let wanted = std::mem::replace(labels, gone);
    labels.extend(wanted);
    Ok(())
}

/// Deletes an empty bucket.
pub fn delete(request: Request) -> Result<Response> {
    let part = documents::named(&request).map(|document| document.root).or_else(|| documents::absent(&request));
    if let Some(part) = part {
        return Err(unimplemented(&request, part));
    }
    buckets::delete(Call::on_bucket(&request).conditions().bare()?)
}

/// Takes a form, or a list of objects to delete.
pub fn post(request: Request) -> Result<Response> {
    if request.query("delete").is_some() {
        return super::delete::delete(request);
    }
    match documents::absent(&request) {
        Some(part) => Err(unimplemented(&request, part)),
        None if form::is_form(&request) => form::upload(request),
        None => permission::on_bucket(&request, "storage.objects.create")
            .and(Err(Error::invalid("A POST to a bucket is a form: its Content-Type is multipart/form-data."))),
    }
}
