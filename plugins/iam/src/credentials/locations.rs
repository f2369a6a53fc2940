//! `getAllowedLocations`: where credentials may be used from. Nothing here confines them.

use fogbank_sdk::{Request, Response, Result};
use serde_json::json;

/// What the real service answers for an identity without a boundary: a bit for each location, none of them set.
const EVERYWHERE: &str = "0x0";

/// Shows the locations of an account or a pool.
pub fn get_allowed_locations(_request: Request) -> Result<Response> {
    Ok(Response::json(&json!({"locations": [], "encodedLocations": EVERYWHERE})))
}
