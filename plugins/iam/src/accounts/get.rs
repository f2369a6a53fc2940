//! `iam.projects.serviceAccounts.get`.

use fogbank_sdk::{Request, Response, Result};

/// Shows an account.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&super::of(&request)?.wire()))
}
