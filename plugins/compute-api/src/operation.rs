//! Operations: what a change answers, and what a client asks until it is done.
//! <https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses#handling_api_responses>

use crate::call::Call;
use crate::path::{Path, Scope};
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::operations::{self, Operation, wire};
use fogbank_sdk::{Error, Reply, Response, Result, context, id};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of an operation with nothing left to do: the runner only has to say so.
pub const DONE: &str = "done";

/// The field of a payload with what the operation shows beside what all show; the runner may say more by its progress.
pub const SHOWN: &str = "shown";

/// Requests are known by their ids for that long, in milliseconds.
const REMEMBERED_MS: i64 = 60 * 60 * 1000;

/// What follows a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Nothing: it is done with the transaction.
    Done,
    /// The service's runner, with the kind of the operation and its input. What is to be deleted is deleted by the runner.
    Run(&'static str, Value),
    /// The rows are as they have to be, a deleted one is gone; the service's runner carries the change to where it has its effect.
    Follow(&'static str, Value),
}

/// What is kept of an operation beside what the host keeps.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Input {
    /// `insert`, `setTags`
    #[serde(rename = "type")]
    pub kind: String,
    /// Path of the resource.
    pub target: String,
    /// Its numeric id.
    pub id: i64,
    /// The service's own.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub payload: Value,
}

impl Input {
    /// What an operation of this API was begun with.
    pub fn of(operation: &Operation) -> Result<Self> {
        operations::read(&operation.input)
    }

    /// Path of the resource.
    pub fn path(&self) -> Result<Path> {
        Path::parse(&self.target).ok_or_else(|| Error::internal(format!("an operation's target is {}", self.target)))
    }
}

/// The operation that the same request has begun before.
pub fn repeated(tx: &Transaction, call: &Call) -> Result<Option<String>> {
    let Some(request) = &call.request_id else { return Ok(None) };
    let sql = "SELECT operation FROM request WHERE project = $1 AND id = $2";
    let row = tx.query_one(sql, params![call.project.as_str(), request.as_str()])?;
    Ok(row.map(|row| row.get("operation")).transpose()?)
}

/// Begins the operation of a change in the change's own transaction; gives its name.
pub fn start(tx: &Transaction, call: &Call, target: &Path, number: i64, then: Then) -> Result<String> {
    let (kind, payload) = match then {
        Then::Done => (DONE, Value::Null),
        Then::Run(kind, payload) | Then::Follow(kind, payload) => (kind, payload),
    };
    let input = Input { kind: call.method.action.to_owned(), target: target.to_string(), id: number, payload };
    let name = begin(tx, kind, &call.scope, &input, target)?;
    if let Some(request) = &call.request_id {
        let now = context::now().millis();
        tx.execute("DELETE FROM request WHERE created_ms < $1", params![now - REMEMBERED_MS])?;
        let sql = "INSERT INTO request (project, id, operation, created_ms) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, params![call.project.as_str(), request.as_str(), name.as_str(), now])?;
    }
    Ok(name)
}

/// Begins an operation that no request asked for in so many words (a group makes a machine).
pub fn begin(tx: &Transaction, kind: &str, scope: &Scope, input: &Input, target: &Path) -> Result<String> {
    // A project stands in no collection; a place has one, so that it can be read again.
    let (collection, name_of) = match target.collection.is_empty() {
        true => ("projects", &target.project),
        false => (target.collection.as_str(), &target.name),
    };
    let place = format!("projects/{}/{scope}/{collection}/{name_of}", target.project);
    let new = operations::New::of(kind, place).input(input)?.id(name()?);
    Ok(operations::start(tx, new)?)
}

/// `operation-1763730000000-5e9c...`
fn name() -> Result<String> {
    let hex = |bytes: &[u8]| fogbank_sdk::encoding::hex(bytes);
    let bytes = id::random::<14>()?;
    Ok(format!(
        "operation-{}-{}-{}-{}",
        context::now().millis(),
        hex(&bytes[..6]),
        hex(&bytes[6..10]),
        hex(&bytes[10..])
    ))
}

/// The answer to a change: its operation as it is now.
pub fn answer(call: &Call, name: &str) -> Result<Reply> {
    Ok(Response::json(&show(&operations::get(name)?, &call.base)?).into())
}

/// An operation as clients see it, with links of `base`.
pub fn show(operation: &Operation, base: &str) -> Result<Value> {
    let input = Input::of(operation)?;
    let place = Path::parse(&operation.target).ok_or_else(|| Error::internal("an operation without a place"))?;
    let shown = wire::Compute {
        project_url: format!("{base}projects/{}", place.project),
        scope: match place.scope {
            Scope::Global => wire::Scope::Global,
            Scope::Region(name) => wire::Scope::Region(name),
            Scope::Zone(name) => wire::Scope::Zone(name),
        },
        operation_type: input.kind,
        target_link: format!("{base}{}", input.target),
        target_id: u64::try_from(input.id).unwrap_or_default(),
    };
    let mut wire = wire::compute(operation, &shown);
    for more in [input.payload.get(SHOWN), serde_json::from_str(&operation.metadata).ok().as_ref()] {
        for (field, value) in more.and_then(Value::as_object).into_iter().flatten() {
            wire[field] = value.clone();
        }
    }
    Ok(wire)
}
