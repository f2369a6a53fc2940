//! Addresses, regional and global. <https://cloud.google.com/compute/docs/reference/rest/v1/addresses>
//!
//! External ones are of [`leases::EXTERNAL_RANGE`], 127.96.0.0/11: addresses of the local host on which Fogbank listens and forwards
//! to the machine that has one. They are reached from this host and from nowhere else.

pub mod change;
pub mod choose;

use crate::leases;
use compute_api::call::Call;
use compute_api::path::MARK;
use compute_api::store::{self, Resource};
use compute_api::{list as lists, part, show};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Value, json};

pub use change::{delete, insert, move_to};
pub use compute_api::generic::{set_labels, test_iam_permissions};

/// `GET .../addresses/A`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut address = store::get(&path)?;
    complete_all(std::slice::from_mut(&mut address))?;
    Ok(Response::json(&show::resource(&address, &call.base)?).into())
}

/// `GET .../addresses`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |addresses| complete_all(addresses)).map(Reply::from)
}

/// `GET .../aggregated/addresses`
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, |addresses| complete_all(addresses)).map(Reply::from)
}

fn complete_all(addresses: &mut [Resource]) -> Result<()> {
    let users = part::users_elsewhere(&addresses.iter().map(|address| &address.path).collect::<Vec<_>>())?;
    db::read(|tx| {
        for address in addresses.iter_mut() {
            let elsewhere = users.of(&address.path).to_vec();
            complete(tx, address, elsewhere)?;
        }
        Ok(())
    })
}

/// Says who uses the address, `elsewhere` beside those that are known here.
fn complete(tx: &Transaction, address: &mut Resource, elsewhere: Vec<String>) -> Result<()> {
    let mut users = users(tx, address)?;
    users.extend(elsewhere);
    users.sort();
    users.dedup();
    let users: Vec<Value> = users.into_iter().map(|user| json!(format!("{MARK}{user}"))).collect();
    // A range for a service's network is used as soon as it is there.
    let status = if users.is_empty() { "RESERVED" } else { "IN_USE" };
    address.set("status", status);
    if !users.is_empty() {
        address.set("users", users);
    }
    Ok(())
}

/// Paths of what uses an address: machines and routers.
pub fn users(tx: &Transaction, address: &Resource) -> Result<Vec<String>> {
    let mut users = Vec::new();
    for machine in leases::of_owner(tx, &address.path)?.into_iter().filter_map(|lease| lease.machine) {
        let row = tx.query_one("SELECT path FROM machine WHERE id = $1", params![machine])?;
        users.extend(row.map(|row| row.get::<String>("path")).transpose()?);
    }
    users.extend(store::users_of(tx, &address.path)?);
    Ok(users)
}
