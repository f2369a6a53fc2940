//! A service with records, as it was first. `notes-v2` takes its place while it serves.

mod notes;

use fogbank_sdk::{Reply, Request, Result};
use notes::{add, count, list};

fogbank_sdk::service!(Notes);

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

const VERSION: u32 = 1;
const SELECT: &str = "SELECT words AS note FROM note ORDER BY id";

struct Notes;

impl fogbank_sdk::Service for Notes {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}
