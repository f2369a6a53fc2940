//! `fogbank:operations`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::database::database;
use fogbank_sdk::bindings::fogbank::operations::operations::{self, NewOperation, Operation};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Outcome, Reply, Request, Response, Result, Work};

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    let id = arguments.text("id");
    Some(match function {
        "start" => start(arguments),
        "get" => operations::get(&id).map(shown).map_err(name),
        "list" => list(arguments),
        "progress" => operations::progress(&id, 50, &arguments.text("text")).map(Into::into).map_err(name),
        "cancel" => operations::cancel(&id).map(Into::into).map_err(name),
        "delete" => operations::delete(&id).map(Into::into).map_err(name),
        _ => return None,
    })
}

fn shown(operation: Operation) -> serde_json::Value {
    format!("{operation:?}").into()
}

/// All at once, or a page of `limit` behind the operation `after`.
fn list(arguments: &Arguments) -> Given {
    let (after, limit) = (arguments.text("after"), arguments.number("limit") as u32);
    let after = Some(after.as_str()).filter(|after| !after.is_empty());
    let found = operations::list(&arguments.text("target"), after, if limit == 0 { 1000 } else { limit });
    found.map_err(name).map(|found| found.into_iter().map(shown).collect())
}

/// `GET /probe/v1/wait/OPERATION`: what it is once it has ended, or after a minute.
pub fn wait(request: Request) -> Result<Reply> {
    let operation = operations::get(request.param("operation"))?;
    match operation.outcome {
        None => Ok(Reply::Wait { operation: operation.id, timeout_ms: 60_000 }),
        Some(_) => Ok(Response::json(&shown(operation)).into()),
    }
}

fn start(arguments: &Arguments) -> Given {
    let transaction = database::begin(database::Mode::Write).map_err(name)?;
    let new = NewOperation {
        kind: arguments.text("kind"),
        target: arguments.text("target"),
        input: serde_json::Value::from(arguments.text("text")).to_string(),
        id: Some(arguments.text("id")).filter(|id| !id.is_empty()),
        hidden: false,
    };
    let id = operations::start(&transaction, &new).map_err(name)?;
    transaction.commit().map_err(name)?;
    Ok(id.into())
}

/// `note` writes a row and is done, `wait` goes on until it is cancelled, `fail` fails, `trap` traps at the first attempt.
pub fn run(work: Work) -> Outcome {
    let operation = match work {
        Work::Operation(operation) => operation,
        Work::Containers(names) => return crate::docker::heard(names).into(),
        _ => return Outcome::Done(String::new()),
    };
    match operation.kind.as_str() {
        "wait" if !operation.cancel_requested => Outcome::AgainAfter(50),
        "trap" if operation.attempts <= 1 => panic!("at the first attempt"),
        "fail" => Outcome::Failed(operations::Failure {
            code: "FAILED_PRECONDITION".into(),
            reason: "because".into(),
            message: "It was to fail.".into(),
        }),
        _ => note(&operation).into(),
    }
}

fn note(operation: &Operation) -> fogbank_sdk::Result<()> {
    let insert = "INSERT INTO ran (id, input) VALUES ($1, $2)";
    db::execute(vec![db::stmt(insert, params![operation.id.as_str(), operation.input.as_str()])])?;
    Ok(())
}
