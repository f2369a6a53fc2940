//! `cloudresourcemanager.tagValues.tagHolds.*`: what keeps a value from being deleted besides its bindings.
//! <https://cloud.google.com/resource-manager/reference/rest/v3/tagValues.tagHolds>

use super::value::Value;
use super::{free_number, target};
use crate::filter::{Fields, Filter};
use crate::names;
use crate::operations::{Task, typed};
use crate::refusal;
use crate::store::{Outside, Read, moment};
use fogbank_sdk::db::{Row, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, Timestamp, context, page};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    holder: String,
    origin: String,
    help_link: String,
}

struct Hold {
    id: i64,
    value: i64,
    holder: String,
    origin: String,
    help_link: String,
    created: Timestamp,
}

impl Hold {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            value: row.get("tag_value")?,
            holder: row.take("holder")?,
            origin: row.take("origin")?,
            help_link: row.take("help_link")?,
            created: moment(row, "created_ms")?,
        })
    }

    fn wire(&self) -> serde_json::Value {
        let mut wire = json!({
            "name": format!("tagValues/{}/tagHolds/{}", self.value, self.id),
            "holder": self.holder,
            "createTime": self.created,
        });
        for (name, text) in [("origin", &self.origin), ("helpLink", &self.help_link)] {
            if !text.is_empty() {
                wire[name] = json!(text);
            }
        }
        wire
    }
}

impl Fields for Hold {
    fn values(&self, field: &str) -> Vec<String> {
        vec![if field == "holder" { self.holder.clone() } else { self.origin.clone() }]
    }

    fn texts(&self) -> Vec<String> {
        vec![self.holder.clone(), self.origin.clone()]
    }
}

fn known(field: &str) -> bool {
    matches!(field, "holder" | "origin")
}

/// Holds a value.
///
/// Errors: 400, 403, 404; 409 where the same holder holds it already.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    check(&sent)?;
    let value = load(&request)?;
    let now = context::now();
    let Sent { holder, origin, help_link } = sent;
    let hold = Hold { id: free_number()?, value: value.id, holder, origin, help_link, created: now };
    let task = task("CreateTagHoldMetadata", typed("google.cloud.resourcemanager.v3.TagHold", hold.wire()));
    let sql =
        "INSERT INTO tag_holds (id, tag_value, holder, origin, help_link, created_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    target::write(request.query_bool("validateOnly")?, "rcth", &names::full(&value.key.name()), &task, |tx| {
        let row = params![hold.id, hold.value, &hold.holder, &hold.origin, &hold.help_link, hold.created];
        match tx.execute(sql, row) {
            Err(error) if error.is_unique() => Err(refusal::exists()),
            written => Ok(written.map(|_| ())?),
        }
    })
}

fn check(sent: &Sent) -> Result<()> {
    if sent.holder.is_empty() {
        return Err(Error::required("holder"));
    }
    match [&sent.holder, &sent.origin].iter().all(|text| text.chars().count() < 200) {
        true => Ok(()),
        false => Err(refusal::field("holder", "holder and origin must be less than 200 characters long")),
    }
}

/// Lets a value go.
///
/// Errors: 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    let value = load(&request)?;
    let id: i64 = request.param_as("tagHold")?;
    let task = task("DeleteTagHoldMetadata", typed("google.protobuf.Empty", json!({})));
    target::write(request.query_bool("validateOnly")?, "rcth", &names::full(&value.key.name()), &task, |tx| {
        match tx.execute("DELETE FROM tag_holds WHERE id = $1 AND tag_value = $2", params![id, value.id])? {
            0 => Err(refusal::missing("The tag hold")),
            _ => Ok(()),
        }
    })
}

/// A page of the holds on a value that the filter finds.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let value = load(&request)?;
    let filter = Filter::parse(request.query("filter").unwrap_or_default(), known)?;
    let size = page::size(&request, "pageSize", 100, 300)? as usize;
    let after: i64 = page::cursor(&request)?.unwrap_or(0);
    let sql = "SELECT id, tag_value, holder, origin, help_link, created_ms FROM tag_holds \
               WHERE tag_value = $1 AND id > $2 ORDER BY id";
    let rows = Outside.rows(sql, params![value.id, after]);
    let mut holds = rows?.iter_mut().map(Hold::from_row).collect::<Result<Vec<_>>>()?;
    holds.retain(|hold| filter.matches(hold));
    let more = holds.len() > size;
    holds.truncate(size);
    let mut answer = json!({});
    if let Some(last) = holds.last() {
        answer["tagHolds"] = holds.iter().map(Hold::wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

fn load(request: &RequestHead) -> Result<Value> {
    Value::load(&Outside, &format!("tagValues/{}", request.param("tagValue")))
}

fn task(metadata: &str, response: serde_json::Value) -> Task {
    Task::new(typed(&format!("google.cloud.resourcemanager.v3.{metadata}"), json!({})), response)
}
