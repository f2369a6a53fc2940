//! `cloudresourcemanager.tagValues.*`. <https://cloud.google.com/resource-manager/reference/rest/v3/tagValues>

use super::key::Key;
use super::value::Value;
use super::{check_description, free_number, takes_description, target};
use crate::hierarchy;
use crate::names;
use crate::operations::{Task, typed};
use crate::refusal;
use crate::store::{Outside, Read};
use fogbank_sdk::db::params;
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, identity, page};
use serde::Deserialize;
use serde_json::json;

const MESSAGE: &str = "google.cloud.resourcemanager.v3.TagValue";
/// The most values of one key.
const MOST: i64 = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    parent: String,
    short_name: String,
    description: String,
    etag: Option<String>,
}

/// Makes a value of a key.
///
/// Errors: 400, 403, 404; 409 where there is one of this name.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    if names::number(&sent.parent, "tagKeys/").is_none() {
        return Err(refusal::field("parent", "must be tagKeys/{number}"));
    }
    identity::require("resourcemanager.tagValues.create", &names::full(&sent.parent), &[])?;
    names::check_short_name(&sent.short_name)?;
    check_description(&sent.description)?;
    let now = context::now();
    let value = Value {
        id: free_number()?,
        key: Key::load(&Outside, &sent.parent)?,
        short_name: sent.short_name,
        description: sent.description,
        revision: 1,
        created: now,
        updated: now,
    };
    let task = task("CreateTagValueMetadata", &value).about(value.name());
    let sql = "INSERT INTO tag_values (id, tag_key, short_name, description, created_ms, updated_ms) \
               VALUES ($1, $2, $3, $4, $5, $5)";
    let (check, above) = (request.query_bool("validateOnly")?, names::full(&value.key.name()));
    target::write(check, "rctv", &above, &task, |tx| {
        let count = tx.row("SELECT COUNT(*) AS n FROM tag_values WHERE tag_key = $1", params![value.key.id])?;
        if count.map_or(Ok(0), |row| row.get::<i64>("n"))? >= MOST {
            return Err(refusal::precondition("TAG_VALUE_LIMIT", &value.key.name(), "A key has at most 1000 values."));
        }
        let row = params![value.id, value.key.id, &value.short_name, &value.description, now];
        match tx.execute(sql, row) {
            Err(error) if error.is_unique() => Err(refusal::exists()),
            written => Ok(written.map(|_| ())?),
        }
    })
}

/// Shows a value.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&load(&request)?.wire()))
}

/// Shows the value of a namespaced name (`123/environment/prod`).
///
/// Errors: 403, 404.
pub fn get_namespaced(request: Request) -> Result<Response> {
    let name = request.query("name").unwrap_or_default();
    let value = Value::namespaced(&Outside, name)?.ok_or_else(|| refusal::missing(name))?;
    identity::require("resourcemanager.tagValues.get", &names::full(&value.name()), &[])?;
    Ok(Response::json(&value.wire()))
}

/// A page of the values of a key.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let parent = request.query("parent").unwrap_or_default();
    if parent.is_empty() {
        return Err(Error::required("parent"));
    }
    let key = Key::load(&Outside, parent)?;
    let size = page::size(&request, "pageSize", 100, 300)? as usize;
    let after: i64 = page::cursor(&request)?.unwrap_or(0);
    let mut values = Value::of_key(&Outside, key.id, after, size + 1)?;
    let more = values.len() > size;
    values.truncate(size);
    let mut answer = json!({});
    if let Some(last) = values.last() {
        answer["tagValues"] = values.iter().map(Value::wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

/// Changes the description of a value.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let describes = takes_description(request.query("updateMask").unwrap_or_default())?;
    check_description(&sent.description)?;
    let mut value = load(&request)?;
    value.check_etag(sent.etag.as_deref())?;
    if describes {
        value.description = sent.description;
    }
    let before = value.revision;
    value.revision += 1;
    value.updated = context::now();
    let task = task("UpdateTagValueMetadata", &value);
    let sql = "UPDATE tag_values SET description = $2, revision = $3, updated_ms = $4 WHERE id = $1 AND revision = $5";
    target::write(request.query_bool("validateOnly")?, "rctv", &names::full(&value.key.name()), &task, |tx| {
        let row = params![value.id, &value.description, value.revision, value.updated, before];
        if tx.execute(sql, row)? == 1 { Ok(()) } else { Err(refusal::stale()) }
    })
}

/// Deletes a value that is bound to nothing and that nobody holds.
///
/// Errors: 400 where it is in use; 403, 404; 409 where the etag is an old one.
pub fn delete(request: Request) -> Result<Response> {
    let value = load(&request)?;
    value.check_etag(request.query("etag"))?;
    let task = task("DeleteTagValueMetadata", &value);
    let check = request.query_bool("validateOnly")?;
    let response = target::write(check, "rctv", &names::full(&value.key.name()), &task, |tx| {
        if let Some(row) =
            tx.row("SELECT resource FROM tag_bindings WHERE tag_value = $1 LIMIT 1", params![value.id])?
        {
            let resource: String = row.get("resource")?;
            let message = format!("Cannot delete tag value: it is bound to {resource}.");
            return Err(refusal::precondition("TAG_VALUE_IN_USE", &value.name(), &message));
        }
        if let Some(row) = tx.row("SELECT holder FROM tag_holds WHERE tag_value = $1 LIMIT 1", params![value.id])? {
            let holder: String = row.get("holder")?;
            let message = format!("Cannot delete tag value: {holder} holds it.");
            return Err(refusal::precondition("TAG_VALUE_HELD", &value.name(), &message));
        }
        tx.execute("DELETE FROM tag_values WHERE id = $1", params![value.id])?;
        Ok(())
    })?;
    if !check {
        hierarchy::forget(&value.name());
    }
    Ok(response)
}

fn load(request: &RequestHead) -> Result<Value> {
    Value::load(&Outside, &format!("tagValues/{}", request.param("tagValue")))
}

fn task(metadata: &str, value: &Value) -> Task {
    let metadata = typed(&format!("google.cloud.resourcemanager.v3.{metadata}"), json!({}));
    Task::new(metadata, typed(MESSAGE, value.wire()))
}

/// Policies of values.
pub mod policy {
    use super::load;
    use crate::names;
    use crate::policies::{self, Kind};
    use fogbank_sdk::{Request, RequestHead, Response, Result};

    fn resource(request: &RequestHead) -> Result<String> {
        Ok(names::full(&load(request)?.name()))
    }

    /// The policy of a value.
    ///
    /// Errors: 400, 403, 404.
    pub fn get(mut request: Request) -> Result<Response> {
        let resource = resource(&request)?;
        policies::get(&mut request, &resource)
    }

    /// Replaces the policy.
    ///
    /// Errors: 400, 403, 404; 409 where the etag is an old one.
    pub fn set(mut request: Request) -> Result<Response> {
        let resource = resource(&request)?;
        policies::set(&mut request, &resource, Kind::Other)
    }

    /// What the caller may do.
    ///
    /// Errors: 400, 403, 404.
    pub fn test(mut request: Request) -> Result<Response> {
        let resource = resource(&request)?;
        policies::test(&mut request, &resource)
    }
}
