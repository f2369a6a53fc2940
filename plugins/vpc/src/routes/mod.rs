//! Routes. <https://cloud.google.com/compute/docs/reference/rest/v1/routes>
//!
//! Beside those that clients make there are [`generated`] ones: to the internet, and to every subnetwork.

pub mod change;
pub mod generated;

use compute_api::{call::Call, list as lists, show, store};
use fogbank_sdk::{Reply, Request, Response, Result};

pub use change::{delete, insert};
pub use compute_api::generic::test_iam_permissions;

/// `GET .../routes/R`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    Ok(Response::json(&show::resource(&store::get(&call.target(&request)?)?, &call.base)?).into())
}

/// `GET .../routes`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |_| Ok(())).map(Reply::from)
}
