//! Operations in `google.longrunning` form that ended with the request that began them: the change is made when the answer goes out.
//! They are kept for a while, for clients that ask again. <https://google.aip.dev/151>

use crate::projects;
use fogbank_sdk::db::{self, Json, Statement, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context};
use serde_json::{Value, json};

/// How long they are kept, in days.
const DAYS: i64 = 7;

/// An operation that has ended well.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// `projects/12/locations/global/workloadIdentityPools/p/operations/x`.
    pub name: String,
    /// The id of the project, or what else decides who may look.
    pub owner: String,
    pub metadata: Value,
    /// The resource, with its `@type`.
    pub response: Value,
}

impl Ended {
    /// As the API shows it.
    pub fn wire(&self) -> Value {
        json!({"name": self.name, "metadata": self.metadata, "done": true, "response": self.response})
    }

    /// Keeps it, in the batch that makes the change.
    pub fn keep(&self) -> Statement {
        stmt(
            "INSERT INTO ended_operations (name, project, document, created_ms) VALUES ($1, $2, $3, $4)",
            params![&self.name, &self.owner, Json(self.wire()), context::now()],
        )
    }
}

/// Before when an operation has to have ended to be forgotten.
pub fn cutoff() -> Timestamp {
    context::now().plus_days(-DAYS)
}

/// An operation by its name, and whose it is.
///
/// Errors: 404.
pub fn find(name: &str) -> Result<(Value, String)> {
    let row = db::query_one("SELECT document, project FROM ended_operations WHERE name = $1", params![name])?;
    let mut row = row.ok_or_else(|| Error::not_found(format!("Operation {name} does not exist.")))?;
    Ok((row.take::<Json<Value>>("document")?.0, row.take("project")?))
}

/// Answers `operations.get` below a workload identity pool.
pub fn get(request: Request) -> Result<Response> {
    let project = projects::id(request.param("project"))?;
    let number = projects::look_up(&project)?.number;
    let mut name = format!("projects/{number}/locations/{}", request.param("location"));
    for (collection, param) in [("workloadIdentityPools", "pool"), ("providers", "provider"), ("keys", "key")] {
        match request.param(param) {
            "" => {}
            id => name = format!("{name}/{collection}/{id}"),
        }
    }
    let (operation, _) = find(&format!("{name}/operations/{}", request.param("operation")))?;
    Ok(Response::json(&operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_done() {
        let ended =
            Ended { name: "operations/x".into(), owner: "demo".into(), metadata: json!({}), response: json!({"a": 1}) };
        assert_eq!(ended.wire(), json!({"name": "operations/x", "metadata": {}, "done": true, "response": {"a": 1}}));
    }
}
