//! The service of `notes-v1` with one column more.

#[path = "../../notes-v1/src/notes.rs"]
mod notes;

use fogbank_sdk::{Reply, Request, Result};
use notes::{add, count, list};

fogbank_sdk::service!(Notes);

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

const VERSION: u32 = 2;
const SELECT: &str = "SELECT words || ' ' || stars AS note FROM note ORDER BY id";

struct Notes;

impl fogbank_sdk::Service for Notes {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}
