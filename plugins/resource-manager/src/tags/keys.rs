//! `cloudresourcemanager.tagKeys.*`. <https://cloud.google.com/resource-manager/reference/rest/v3/tagKeys>

use super::key::{COLUMNS, Key};
use super::{check_description, free_number, takes_description};
use crate::container::Container;
use crate::hierarchy;
use crate::names;
use crate::operations::{Task, typed};
use crate::projects::Project;
use crate::refusal;
use crate::store::{Outside, Read};
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Request, RequestHead, Response, Result, context, identity, page};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const MESSAGE: &str = "google.cloud.resourcemanager.v3.TagKey";
/// What can be set besides names and the description, and never changed.
const CONFIG: [&str; 3] = ["purpose", "purposeData", "allowedValuesRegex"];
/// The most keys of one parent.
const MOST: i64 = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    parent: String,
    short_name: String,
    description: String,
    etag: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Makes a key below an organization or a project.
///
/// Errors: 400, 403, 404; 409 where there is one of this name.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let (parent, namespace) = place(&sent.parent)?;
    identity::require("resourcemanager.tagKeys.create", &names::full(&sent.parent), &[])?;
    names::check_short_name(&sent.short_name)?;
    check_description(&sent.description)?;
    let now = context::now();
    let key = Key {
        id: free_number()?,
        namespaced: format!("{namespace}/{}", sent.short_name),
        parent,
        short_name: sent.short_name,
        description: sent.description,
        config: sent
            .rest
            .into_iter()
            .filter(|(name, value)| CONFIG.contains(&name.as_str()) && !value.is_null())
            .collect(),
        revision: 1,
        created: now,
        updated: now,
    };
    let task = task("CreateTagKeyMetadata", &key).about(key.name());
    run(&request, "rctk", &key, &task, |tx| {
        let sql = "SELECT COUNT(*) AS keys FROM tag_keys WHERE parent = $1";
        let count: i64 = tx.row(sql, params![&key.parent])?.map_or(Ok(0), |row| row.get("keys"))?;
        if count >= MOST {
            return Err(refusal::precondition("TAG_KEY_LIMIT", &key.parent, "A parent has at most 1000 tag keys."));
        }
        key.insert(tx)
    })
}

/// The parent with its number, and what the namespaced names below it begin with.
fn place(parent: &str) -> Result<(String, String)> {
    if let Some(number) = names::number(parent, "organizations/") {
        Container::load(&Outside, parent)?;
        return Ok((parent.to_owned(), number.to_string()));
    }
    match parent.strip_prefix("projects/") {
        Some(key) if !key.is_empty() => {
            let project = Project::asked_for(key)?;
            Ok((project.name(), project.id))
        }
        _ => Err(refusal::field("parent", "must be organizations/{number} or projects/{id or number}")),
    }
}

/// Shows a key.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&load(&Outside, &request)?.wire()))
}

/// Shows the key of a namespaced name (`123/environment`).
///
/// Errors: 403, 404.
pub fn get_namespaced(request: Request) -> Result<Response> {
    let name = request.query("name").unwrap_or_default();
    let key = namespaced(&Outside, name)?.ok_or_else(|| refusal::missing(name))?;
    identity::require("resourcemanager.tagKeys.get", &names::full(&key.name()), &[])?;
    Ok(Response::json(&key.wire()))
}

/// Looks a key up by its namespaced name; a project stands in it with its id or its number.
pub fn namespaced(from: &impl Read, name: &str) -> Result<Option<Key>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tag_keys WHERE namespaced = $1 \
         UNION SELECT {COLUMNS} FROM tag_keys WHERE parent = $2 AND short_name = $3"
    );
    let (parent, short) = name.split_once('/').unwrap_or((name, ""));
    let row = from.row(&sql, params![name, format!("projects/{parent}"), short])?;
    row.map(|mut row| Key::from_row(&mut row)).transpose()
}

/// A page of the keys of a parent.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let (parent, _) = place(request.query("parent").unwrap_or_default())?;
    let size = page::size(&request, "pageSize", 100, 300)? as usize;
    let after: i64 = page::cursor(&request)?.unwrap_or(0);
    let sql = format!("SELECT {COLUMNS} FROM tag_keys WHERE parent = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = Outside.rows(&sql, params![parent, after, size + 1]);
    let mut keys = rows?.iter_mut().map(Key::from_row).collect::<Result<Vec<_>>>()?;
    let more = keys.len() > size;
    keys.truncate(size);
    let mut answer = json!({});
    if let Some(last) = keys.last() {
        answer["tagKeys"] = keys.iter().map(Key::wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

/// Changes the description of a key.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let describes = takes_description(request.query("updateMask").unwrap_or_default())?;
    check_description(&sent.description)?;
    let mut key = load(&Outside, &request)?;
    key.check_etag(sent.etag.as_deref())?;
    if describes {
        key.description = sent.description;
    }
    let before = key.revision;
    key.revision += 1;
    key.updated = context::now();
    let task = task("UpdateTagKeyMetadata", &key);
    run(&request, "rctk", &key, &task, |tx| {
        let sql =
            "UPDATE tag_keys SET description = $2, revision = $3, updated_ms = $4 WHERE id = $1 AND revision = $5";
        let row = params![key.id, &key.description, key.revision, key.updated, before];
        if tx.execute(sql, row)? == 1 { Ok(()) } else { Err(refusal::stale()) }
    })
}

/// Deletes a key that has no values.
///
/// Errors: 400 where it has some; 403, 404; 409 where the etag is an old one.
pub fn delete(request: Request) -> Result<Response> {
    let key = load(&Outside, &request)?;
    key.check_etag(request.query("etag"))?;
    let task = task("DeleteTagKeyMetadata", &key);
    let response = run(&request, "rctk", &key, &task, |tx| {
        if tx.row("SELECT id FROM tag_values WHERE tag_key = $1 LIMIT 1", params![key.id])?.is_some() {
            let message = "Cannot delete tag key still attached to tag values. Delete the tag values first.";
            return Err(refusal::precondition("TAG_KEY_IN_USE", &key.name(), message));
        }
        tx.execute("DELETE FROM tag_keys WHERE id = $1", params![key.id])?;
        Ok(())
    })?;
    if !request.query_bool("validateOnly")? {
        hierarchy::forget(&key.name());
    }
    Ok(response)
}

fn load(from: &impl Read, request: &RequestHead) -> Result<Key> {
    Key::load(from, &format!("tagKeys/{}", request.param("tagKey")))
}

fn task(metadata: &str, key: &Key) -> Task {
    let metadata = typed(&format!("google.cloud.resourcemanager.v3.{metadata}"), json!({}));
    Task::new(metadata, typed(MESSAGE, key.wire()))
}

/// Writes a change and its operation, unless the client only wants it checked.
fn run(
    request: &RequestHead,
    prefix: &str,
    key: &Key,
    task: &Task,
    write: impl Fn(&Transaction) -> Result<()>,
) -> Result<Response> {
    let only_check = request.query_bool("validateOnly")?;
    super::target::write(only_check, prefix, &names::full(&key.parent), task, write)
}

/// Policies of keys.
pub mod policy {
    use super::load;
    use crate::names;
    use crate::policies::{self, Kind};
    use crate::store::Outside;
    use fogbank_sdk::{Request, RequestHead, Response, Result};

    fn resource(request: &RequestHead) -> Result<String> {
        Ok(names::full(&load(&Outside, request)?.name()))
    }

    /// The policy of a key.
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
