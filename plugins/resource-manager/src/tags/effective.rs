//! The tags that hold for a resource: its own, and those that it inherits.
//! <https://cloud.google.com/resource-manager/reference/rest/v3/effectiveTags>

use super::target::{Target, Verb};
use super::value::Value;
use crate::store::Outside;
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde_json::json;

/// A value that holds for a resource.
pub struct Effective {
    /// The value.
    pub value: Value,
    /// Whether it is bound further up.
    pub inherited: bool,
}

/// The values that hold for a resource: of each key the one that is bound nearest.
pub fn of(target: &Target) -> Result<Vec<Effective>> {
    let mut found: Vec<Effective> = Vec::new();
    for level in target.levels(&Outside)? {
        for value in Value::bound_to(&Outside, &level)? {
            if found.iter().all(|nearer| nearer.value.key.id != value.key.id) {
                found.push(Effective { value, inherited: level != target.full });
            }
        }
    }
    found.sort_by_key(|effective| effective.value.id);
    Ok(found)
}

/// A page of the tags that hold for a resource.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let parent = request.query("parent").filter(|parent| !parent.is_empty());
    let target = Target::of(parent.ok_or_else(|| Error::required("parent"))?)?;
    target.require(Verb::ListEffective)?;
    let size = page::size(&request, "pageSize", 50, 300)? as usize;
    let after: i64 = page::cursor(&request)?.unwrap_or(0);
    let mut found = of(&target)?;
    found.retain(|effective| effective.value.id > after);
    let more = found.len() > size;
    found.truncate(size);
    let mut answer = json!({});
    if let Some(last) = found.last() {
        answer["effectiveTags"] = found.iter().map(wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.value.id));
        }
    }
    Ok(Response::json(&answer))
}

fn wire(effective: &Effective) -> serde_json::Value {
    let value = &effective.value;
    json!({
        "tagValue": value.name(),
        "namespacedTagValue": value.namespaced_name(),
        "tagKey": value.key.name(),
        "namespacedTagKey": value.key.namespaced,
        "tagKeyParentName": value.key.parent,
        "inherited": effective.inherited,
    })
}
