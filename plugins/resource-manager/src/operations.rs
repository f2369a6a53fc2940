//! Long-running operations of Resource Manager and Service Usage, which share `/v1/operations`.
//!
//! What an operation is about is done when the operation is written, in the same transaction; the runner does again what was done
//! behind that commit. So an operation that a client sees is always done.

use crate::hierarchy;
use fogbank_sdk::db::Transaction;
use fogbank_sdk::operations::{self, New, Operation, ResultOf, wire};
use fogbank_sdk::{Error, Outcome, Request, Response, Result, id, identity, log, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What an operation tells, and what has to be true of the host when it is over.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Task {
    /// Whose place in the hierarchy has changed: `projects/shop`, `folders/123`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who becomes the owner of the subject, a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `Operation.metadata`, with its `@type`.
    pub metadata: Value,
    /// `Operation.response`, with its `@type`.
    pub response: Value,
}

impl Task {
    /// One that answers `response`.
    pub fn new(metadata: Value, response: Value) -> Self {
        Self { metadata, response, ..Self::default() }
    }

    /// Says whose place in the hierarchy has changed.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Does what is done behind the commit; bears being done twice.
    fn settle(&self) -> Result<()> {
        let Some(subject) = &self.subject else { return Ok(()) };
        hierarchy::settle(subject)?;
        match (&self.owner, subject.strip_prefix("projects/")) {
            (Some(owner), Some(project)) => hierarchy::make_owner(project, owner),
            _ => Ok(()),
        }
    }
}

/// A document with its `@type`: `kind` is the full name of the message.
pub fn typed(kind: &str, mut document: Value) -> Value {
    document["@type"] = json!(format!("type.googleapis.com/{kind}"));
    document
}

/// Writes an operation in `tx`. `prefix` (`cp`) begins its name; `target` is the full name of the resource whose permissions count
/// for those who list operations. Gives its id.
pub fn start(tx: &Transaction, prefix: &str, target: &str, task: &Task) -> Result<String> {
    let id = format!("{prefix}.{}", id::numeric()?);
    Ok(operations::start(tx, New::of("settle", target).id(id).input(task)?)?)
}

/// Does what is left behind the commit, and answers with the operation.
pub fn finish(id: &str, task: &Task) -> Result<Response> {
    if let Err(error) = task.settle() {
        log::warn!("the operation {id} does it again: {error}");
    }
    Ok(Response::json(&done(&format!("operations/{id}"), task)))
}

/// The runner's step.
pub fn step(operation: &Operation) -> Outcome {
    let work = || {
        let task: Task = operations::read(&operation.input)?;
        task.settle()?;
        Ok(task.response.to_string())
    };
    Outcome::from(work())
}

/// An operation that is done without anything having been written: a check (`validateOnly`).
pub fn nothing_done(task: &Task) -> Response {
    Response::json(&done("operations/noop.DONE_OPERATION", task))
}

fn done(name: &str, task: &Task) -> Value {
    json!({"name": name, "metadata": task.metadata, "done": true, "response": task.response})
}

fn show(mut operation: Operation) -> Result<Value> {
    let task: Task = operations::read(&operation.input)?;
    operation.metadata = task.metadata.to_string();
    operation.outcome.get_or_insert_with(|| ResultOf::Success(task.response.to_string()));
    let name = format!("operations/{}", operation.id);
    Ok(wire::google_longrunning(&operation, &name))
}

/// Shows an operation.
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&show(find(request.param("operation"))?)?))
}

/// A page of the operations that the caller may see, the newest first.
pub fn list(request: Request) -> Result<Response> {
    let size = page::size(&request, "pageSize", 100, 1000)?;
    let mut after: Option<String> = page::cursor(&request)?;
    let found = operations::list("//", after.as_deref(), size)?;
    after = found.last().filter(|_| found.len() == size as usize).map(|last| last.id.clone());
    let targets: Vec<String> = found.iter().map(|operation| operation.target.clone()).collect();
    let allowed = identity::allowed("serviceusage.operations.list", &targets)?;
    let shown = found.into_iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(operation, _)| show(operation));
    let mut answer = json!({"operations": shown.collect::<Result<Vec<_>>>()?});
    if let Some(last) = after {
        answer["nextPageToken"] = json!(page::encode(&last));
    }
    Ok(Response::json(&answer))
}

/// Forgets an operation.
///
/// Errors: 403, 404; 400 while it is not over.
pub fn delete(request: Request) -> Result<Response> {
    let operation = find(request.param("operation"))?;
    identity::require("serviceusage.operations.delete", &operation.target, &[])?;
    operations::delete(&operation.id)?;
    Ok(Response::json(&json!({})))
}

/// Asks an operation to stop: it is over already, so nothing happens.
///
/// Errors: 403, 404.
pub fn cancel(request: Request) -> Result<Response> {
    let operation = find(request.param("operation"))?;
    identity::require("serviceusage.operations.cancel", &operation.target, &[])?;
    Ok(Response::json(&json!({})))
}

fn find(id: &str) -> Result<Operation> {
    operations::get(id).map_err(|error| match error {
        operations::Error::NotFound => Error::not_found(format!("The operation operations/{id} was not found.")),
        error => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::operations::State;

    #[test]
    fn an_operation_is_done_when_it_is_seen() {
        let task =
            Task::new(typed("google.x.Meta", json!({})), typed("google.x.Project", json!({"projectId": "shop"})));
        let operation = Operation {
            id: "cp.1".into(),
            kind: "settle".into(),
            target: "//x".into(),
            input: serde_json::to_string(&task).unwrap(),
            metadata: String::new(),
            state: State::Pending,
            percent: 0,
            attempts: 0,
            created_ms: 0,
            updated_ms: 0,
            ended_ms: None,
            outcome: None,
            cancel_requested: false,
            user: String::new(),
        };
        let shown = show(operation).unwrap();
        assert_eq!((&shown["done"], &shown["name"]), (&json!(true), &json!("operations/cp.1")));
        assert_eq!(shown["response"]["@type"], "type.googleapis.com/google.x.Project");
        assert_eq!(shown, done("operations/cp.1", &task));
    }
}
