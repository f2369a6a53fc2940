//! Work without a request: what is left of operations, and what is removed when its thirty days are over.

use crate::folders;
use crate::operations;
use crate::projects;
use crate::store::{Outside, Read};
use fogbank_sdk::db::params;
use fogbank_sdk::{Outcome, Result, Work, context, log};

/// How much is removed in one piece.
const PIECE: i64 = 50;
/// How soon the next piece follows, in milliseconds.
const SOON: u64 = 10;

/// Does one step of an operation or one piece of a schedule.
pub fn run(work: Work) -> Outcome {
    match work {
        Work::Operation(operation) => operations::step(&operation),
        Work::Schedule(name) if name == "expiry" => match expire() {
            Ok(true) => Outcome::AgainAfter(SOON),
            Ok(false) => Outcome::Done(String::new()),
            Err(error) => error.into(),
        },
        Work::Schedule(name) => {
            log::warn!("there is no schedule {name}");
            Outcome::Done(String::new())
        }
        _ => Outcome::Done(String::new()),
    }
}

/// Removes projects, then folders, whose time is over. Gives whether there may be more.
fn expire() -> Result<bool> {
    let now = context::now();
    let sql = "SELECT number, id FROM projects WHERE expires_ms IS NOT NULL AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2";
    let projects = Outside.rows(sql, params![now, PIECE])?;
    for row in &projects {
        projects::delete::remove(row.get("number")?, &row.get::<String>("id")?)?;
    }
    let folders = folders::delete::expired(now, PIECE)?;
    Ok(projects.len() as i64 == PIECE || folders == PIECE)
}
