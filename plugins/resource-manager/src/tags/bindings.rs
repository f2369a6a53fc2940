//! `cloudresourcemanager.tagBindings.*`: which resources have which tag values.
//! <https://cloud.google.com/resource-manager/reference/rest/v3/tagBindings>

use super::target::{self, Target, Verb};
use super::value::Value;
use crate::names;
use crate::operations::{Task, typed};
use crate::refusal;
use crate::store::Outside;
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Error, Request, Response, Result, context, identity, page, query};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    parent: String,
    tag_value: String,
    tag_value_namespaced_name: String,
}

/// Binds a value to a resource.
///
/// Errors: 400, 403, 404; 409 where the resource has a value of the key already.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let target = Target::of(&sent.parent)?;
    target.require(Verb::Create)?;
    let value = find(&sent)?;
    identity::require("resourcemanager.tagValueBindings.create", &names::full(&value.name()), &[])?;
    let metadata = typed("google.cloud.resourcemanager.v3.CreateTagBindingMetadata", json!({}));
    let response = typed("google.cloud.resourcemanager.v3.TagBinding", wire(&target, &value));
    let task = Task::new(metadata, response);
    target::write(request.query_bool("validateOnly")?, "rctb", &target.full, &task, |tx| bind(tx, &target, &value))
}

fn find(sent: &Sent) -> Result<Value> {
    match (sent.tag_value.as_str(), sent.tag_value_namespaced_name.as_str()) {
        ("", "") => Err(Error::required("tagValue")),
        (name, "") => Value::load(&Outside, name),
        ("", name) => Value::namespaced(&Outside, name)?.ok_or_else(|| refusal::missing(name)),
        _ => Err(refusal::field("tag_value", "only one of tag_value and tag_value_namespaced_name can be given")),
    }
}

/// Writes a binding.
///
/// Errors: 409 where the resource has a value of the key already.
pub fn bind(tx: &Transaction, target: &Target, value: &Value) -> Result<()> {
    let sql = "INSERT INTO tag_bindings (resource, tag_key, tag_value, created_ms) VALUES ($1, $2, $3, $4)";
    match tx.execute(sql, params![&target.full, value.key.id, value.id, context::now()]) {
        Err(error) if error.is_unique() => Err(refusal::exists()),
        Err(error) if error.is_foreign_key() => Err(refusal::missing(&value.name())),
        written => Ok(written.map(|_| ())?),
    }
}

/// Takes a value away from a resource.
///
/// Errors: 400, 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    let (full, name) = parts(request.param("tagBinding"))?;
    let target = Target::of(&full)?;
    target.require(Verb::Delete)?;
    let value = Value::load(&Outside, &name)?;
    identity::require("resourcemanager.tagValueBindings.delete", &names::full(&value.name()), &[])?;
    let metadata = typed("google.cloud.resourcemanager.v3.DeleteTagBindingMetadata", json!({}));
    let task = Task::new(metadata, typed("google.protobuf.Empty", json!({})));
    target::write(false, "rctb", &target.full, &task, |tx| {
        let sql = "DELETE FROM tag_bindings WHERE resource = $1 AND tag_value = $2";
        match tx.execute(sql, params![&target.full, value.id])? {
            0 => Err(refusal::missing("The tag binding")),
            _ => Ok(()),
        }
    })
}

/// The resource and the value in `%2F%2Fservice%2Fresource/tagValues/1`, decoded once or not at all.
fn parts(text: &str) -> Result<(String, String)> {
    let (resource, value) = text
        .rsplit_once("/tagValues/")
        .ok_or_else(|| refusal::field("name", "must be tagBindings/{full resource name}/tagValues/{number}"))?;
    let resource = if resource.starts_with('%') { query::decode(resource)? } else { resource.to_owned() };
    Ok((resource, format!("tagValues/{value}")))
}

/// The values that are bound to a resource itself.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let parent = request.query("parent").filter(|parent| !parent.is_empty());
    let target = Target::of(parent.ok_or_else(|| Error::required("parent"))?)?;
    target.require(Verb::List)?;
    let size = page::size(&request, "pageSize", 50, 300)? as usize;
    let after: i64 = page::cursor(&request)?.unwrap_or(0);
    let mut bound = Value::bound_to(&Outside, &target.full)?;
    bound.retain(|value| value.id > after);
    let more = bound.len() > size;
    bound.truncate(size);
    let mut answer = json!({});
    if let Some(last) = bound.last() {
        answer["tagBindings"] = bound.iter().map(|value| wire(&target, value)).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

fn wire(target: &Target, value: &Value) -> serde_json::Value {
    json!({
        "name": format!("tagBindings/{}/{}", query::encode(&target.full), value.name()),
        "parent": target.full,
        "tagValue": value.name(),
        "tagValueNamespacedName": value.namespaced_name(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_bindings_are_read_however_they_are_encoded() {
        let full = "//cloudresourcemanager.googleapis.com/projects/123";
        for text in [format!("{full}/tagValues/4"), format!("{}/tagValues/4", query::encode(full))] {
            assert_eq!(parts(&text).unwrap(), (full.to_owned(), "tagValues/4".to_owned()));
        }
        assert_eq!(parts("x").unwrap_err().http_status(), 400);
        assert_eq!(parts("%zz/tagValues/4").unwrap_err().http_status(), 400);
    }
}
