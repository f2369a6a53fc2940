//! `objects.compose`: up to 32 objects of a bucket, one behind the other.
//!
//! <https://cloud.google.com/storage/docs/composite-objects>

use super::checksum::Expected;
use super::content::Content;
use super::customer_key::{self, CustomerKey};
use super::draft::{self, Draft};
use super::lookup::{self, Found, Which};
use super::record::Object;
use super::retire::{self, Ending, Retired};
use super::source;
use super::write::Also;
use crate::access;
use crate::model::number::Int64;
use fogbank_sdk::db::Transaction;
use fogbank_sdk::files::{self, Options, Staged};
use fogbank_sdk::{Error, Preconditions, Request, RequestHead, Response, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

const MOST_SOURCES: usize = 32;
const TRIES: usize = 5;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    destination: Option<Value>,
    source_objects: Vec<Part>,
    delete_source_objects: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    name: String,
    generation: Option<Int64>,
    object_preconditions: Option<PartConditions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PartConditions {
    if_generation_match: Option<Int64>,
}

impl Part {
    fn which(&self) -> Which {
        Which::numbered(self.generation.as_ref().map(|generation| generation.0))
    }
}

/// Answers with the composed object.
pub fn compose(mut request: Request) -> Result<Response> {
    let body: Body = request.json()?;
    let mut draft = destination(&request, body.destination.unwrap_or_else(|| json!({})))?;
    draft.admit_alone()?;
    if body.source_objects.is_empty() {
        return Err(Error::required("sourceObjects"));
    }
    if body.source_objects.len() > MOST_SOURCES {
        return Err(Error::invalid(format!(
            "The number of source components provided ({}) exceeds the maximum ({MOST_SOURCES})",
            body.source_objects.len()
        )));
    }
    if body.delete_source_objects {
        for part in &body.source_objects {
            access::check("storage.objects.delete", &draft.bucket, &part.name, part.which())?;
        }
    }
    let key = CustomerKey::of(&request)?;
    let (sources, staged) = gather(&draft.bucket, &body.source_objects, key.as_ref())?;
    let mut content = Content::keep(&staged, &Expected { crc32c: draft.expected.crc32c, md5: None })?;
    content.md5 = None;
    content.component_count = Some(sources.iter().map(|source| source.component_count.unwrap_or(1)).sum());
    let remove: Also = &|tx, made, now| retire_sources(tx, made, &sources, now);
    let found = draft.store(&content, body.delete_source_objects.then_some(remove))?;
    Ok(draft.answer(&found))
}

fn destination(request: &RequestHead, metadata: Value) -> Result<Draft> {
    let (bucket, name) = (request.param("destinationBucket"), request.param("destinationObject"));
    // A composed object takes nothing over from its parts: the copy of an object without attributes.
    // Checksums in the destination are not looked at: gcloud sends those of the first part.
    let mut draft = Draft::of_copy(request, &Object::default(), bucket, name, metadata)?;
    draft.kms_key = request.query("kmsKeyName").map(str::to_owned).or(draft.kms_key);
    Ok(draft)
}

/// The sources, and their bytes one behind the other. A source that is replaced meanwhile is looked at again.
fn gather(bucket: &str, parts: &[Part], key: Option<&CustomerKey>) -> Result<(Vec<Object>, Staged)> {
    let options = Options { max_size: Some(draft::max_size()?), exact_size: None, md5: false };
    for _ in 0..TRIES {
        let sources = parts.iter().map(|part| find(bucket, part, key)).collect::<Result<Vec<_>>>()?;
        let files: Vec<_> =
            sources.iter().filter_map(|source| source.file.as_deref()).map(files::Source::file).collect();
        match files::stage(&files, options) {
            Err(files::Error::NotFound) => {}
            staged => return Ok((sources, staged?)),
        }
    }
    Err(source::vanishing())
}

fn find(bucket: &str, part: &Part, key: Option<&CustomerKey>) -> Result<Object> {
    if part.name.is_empty() {
        return Err(Error::required("sourceObjects.name"));
    }
    let found = access::find("storage.objects.get", bucket, &part.name, part.which())?;
    let conditions = part.object_preconditions.as_ref();
    let generation_match = conditions.and_then(|conditions| conditions.if_generation_match).map(|number| number.0);
    Preconditions { generation_match, ..Preconditions::default() }.check(Some(lookup::version(&found.object)))?;
    customer_key::require(&found.object, key)?;
    Ok(found.object)
}

/// `deleteSourceObjects`: the sources end in the transaction that makes the composed object.
fn retire_sources(tx: &Transaction, made: &Found, sources: &[Object], now: Timestamp) -> Result<Vec<Retired>> {
    let mut done: Vec<(&str, i64)> = Vec::new();
    let mut retired = Vec::new();
    for source in sources {
        let key = (source.name.as_str(), source.generation);
        // The destination's own former generation has been replaced already, and a source may stand there twice.
        if done.contains(&key) || source.name == made.object.name {
            continue;
        }
        done.push(key);
        let current = lookup::find_in(tx, &made.bucket.name, &source.name, Which::Generation(source.generation))?;
        retired.push(retire::retire(&current.object, &made.bucket, Ending::Superseded, now)?);
    }
    Ok(retired)
}
