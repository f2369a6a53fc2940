//! Reservations: counts of machines that are kept free. <https://cloud.google.com/compute/docs/instances/reservations-overview>

pub mod consume;

use crate::catalogue;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::Scope;
use compute_api::store::{self, Resource};
use compute_api::{change, failure, list as lists};
use fogbank_sdk::{Reply, Request, Result, db};
use serde_json::{Value, json};

/// `POST .../reservations`
///
/// Errors: 400 without a count or with a machine type that does not exist; 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |_, reservation| {
        reservation.set("status", "READY");
        reservation.body.entry("specificReservationRequired").or_insert(json!(false));
        check(reservation)?;
        Ok(Then::Done)
    })
}

/// `GET .../reservations/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    lists::one(&request, decorate).map(Reply::from)
}

/// `GET .../reservations`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, decorate).map(Reply::from)
}

/// `GET .../aggregated/reservations`
///
/// Errors: as [`list`].
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, decorate).map(Reply::from)
}

/// Adds to reservations how many instances use them.
fn decorate(reservations: &mut Vec<Resource>) -> Result<()> {
    let Some(project) = reservations.first().map(|first| first.path.project.clone()) else { return Ok(()) };
    let instances = db::read(|tx| store::all(tx, &project, "instances"))?;
    for reservation in reservations {
        let used = consume::in_use(reservation, &instances);
        if let Some(specific) = reservation.body.get_mut("specificReservation") {
            specific["inUseCount"] = json!(used.to_string());
        }
    }
    Ok(())
}

fn check(reservation: &mut Resource) -> Result<()> {
    let Scope::Zone(zone) = reservation.path.scope.clone() else { return Ok(()) };
    let Some(specific) = reservation.body.get_mut("specificReservation") else {
        return match reservation.body.contains_key("aggregateReservation") {
            true => Ok(()),
            false => Err(failure::required("resource.specificReservation")),
        };
    };
    let count = count_of(&specific["count"]);
    let count = count.ok_or_else(|| {
        failure::invalid("resource.specificReservation.count", "", "It has to be between 1 and 1000.")
    })?;
    if let Some(kind) = specific["instanceProperties"]["machineType"].as_str() {
        catalogue::machine_type(&zone, kind.rsplit('/').next().unwrap_or_default())?;
    } else if specific["sourceInstanceTemplate"].as_str().is_none() {
        return Err(failure::required("resource.specificReservation.instanceProperties.machineType"));
    }
    specific["count"] = json!(count.to_string());
    specific["assuredCount"] = json!(count.to_string());
    specific["inUseCount"] = json!("0");
    reservation.body.entry("shareSettings").or_insert(json!({"shareType": "LOCAL"}));
    Ok(())
}

fn count_of(value: &Value) -> Option<u64> {
    let count = value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64());
    count.filter(|count| (1..=1000).contains(count))
}

/// `POST .../reservations/NAME/resize`
///
/// Errors: 400 for a count that is none, 404.
pub fn resize(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let count = body.get("specificSkuCount").and_then(count_of);
    let count = count.ok_or_else(|| failure::invalid("specificSkuCount", "", "It has to be between 1 and 1000."))?;
    change::change(&call, &path, |tx, reservation| {
        let used = consume::in_use(reservation, &store::all(tx, &path.project, "instances")?);
        if (count as usize) < used {
            return Err(failure::invalid("specificSkuCount", count, &format!("{used} of the reserved are in use.")));
        }
        if let Some(specific) = reservation.body.get_mut("specificReservation") {
            specific["count"] = json!(count.to_string());
            specific["assuredCount"] = json!(count.to_string());
        }
        Ok(Then::Done)
    })
}
