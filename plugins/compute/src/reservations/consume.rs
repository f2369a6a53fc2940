//! Which reservation an instance takes its place from.
//! <https://cloud.google.com/compute/docs/instances/reservations-consume>

use compute_api::failure;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Code, Error, Result};
use serde_json::{Value, json};

/// The field of an instance's row with the path of its reservation; not shown to clients, and no link: a reservation goes without
/// asking.
const TAKEN: &str = "_reservation";
/// What an affinity to certain reservations calls itself.
const NAME: &str = "compute.googleapis.com/reservation-name";

/// Finds the reservation of a new instance, where it takes or needs one.
///
/// Errors: 400 for a certain reservation that there is not, that is of other machines, or that has no room.
pub fn take(tx: &Transaction, instance: &mut Resource) -> Result<()> {
    let affinity = instance.body.get("reservationAffinity").cloned().unwrap_or_default();
    let reservations = match affinity["consumeReservationType"].as_str() {
        Some("NO_RESERVATION") => return Ok(()),
        Some("SPECIFIC_RESERVATION") => named(tx, instance, &affinity)?,
        _ => open(tx, instance)?,
    };
    let needed = affinity["consumeReservationType"] == "SPECIFIC_RESERVATION";
    let fitting: Vec<&Resource> = reservations.iter().filter(|reservation| fits(reservation, instance)).collect();
    if needed && fitting.is_empty() {
        return Err(refused("The properties of the instance are not those of the specified reservations."));
    }
    if fitting.is_empty() {
        return Ok(());
    }
    let instances = store::all(tx, &instance.path.project, "instances")?;
    let room = fitting.iter().find(|reservation| in_use(reservation, &instances) < count(reservation));
    match room {
        Some(reservation) => {
            let path = reservation.path.clone();
            instance.set(TAKEN, path.to_string());
            instance.body.entry("resourceStatus").or_insert_with(|| json!({}))["reservationConsumptionInfo"] =
                json!({"consumedReservation": path.marked()});
            Ok(())
        }
        None if needed => Err(refused("The specified reservations have no room for the instance.")),
        None => Ok(()),
    }
}

fn refused(why: &str) -> Error {
    Error::new(Code::InvalidArgument, "invalid", why.to_owned())
}

/// The reservations that an affinity names: by their names, or by their paths without the zone.
fn named(tx: &Transaction, instance: &Resource, affinity: &Value) -> Result<Vec<Resource>> {
    let field = "resource.reservationAffinity";
    if affinity["key"] != NAME {
        let key = affinity["key"].as_str().unwrap_or_default();
        return Err(failure::invalid(&format!("{field}.key"), key, &format!("It has to be {NAME}.")));
    }
    let values: Vec<&str> = affinity["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if values.is_empty() {
        return Err(failure::invalid(&format!("{field}.values"), "", "A reservation is needed."));
    }
    let mut found = Vec::new();
    for value in values {
        let path = instance.path.sibling("reservations", value.rsplit('/').next().unwrap_or_default());
        found.push(store::find(tx, &path)?.ok_or_else(|| failure::not_found(&path))?);
    }
    Ok(found)
}

/// Reservations of the zone that any instance may take.
fn open(tx: &Transaction, instance: &Resource) -> Result<Vec<Resource>> {
    let mut all = store::all(tx, &instance.path.project, "reservations")?;
    all.retain(|one| one.path.scope == instance.path.scope && one.body["specificReservationRequired"] != true);
    Ok(all)
}

/// Whether an instance is one of those that a reservation is for.
fn fits(reservation: &Resource, instance: &Resource) -> bool {
    let properties = &reservation.body.get("specificReservation").unwrap_or(&Value::Null)["instanceProperties"];
    let last = |value: &Value| value.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    let cards = |list: &Value| {
        let cards = list.as_array().into_iter().flatten();
        cards.map(|card| (last(&card["acceleratorType"]), card["acceleratorCount"].clone())).collect::<Vec<_>>()
    };
    let of = |field: &str| instance.body.get(field).cloned().unwrap_or_default();
    last(&properties["machineType"]) == last(&of("machineType"))
        && last(&properties["minCpuPlatform"]) == last(&of("minCpuPlatform"))
        && cards(&properties["guestAccelerators"]) == cards(&of("guestAccelerators"))
}

fn count(reservation: &Resource) -> usize {
    let count =
        reservation.body.get("specificReservation").and_then(|specific| specific["count"].as_str()?.parse().ok());
    count.unwrap_or_default()
}

/// How many instances have their places from a reservation; one that does not run has none.
pub fn in_use(reservation: &Resource, instances: &[Resource]) -> usize {
    let path = reservation.path.to_string();
    let has = |instance: &&Resource| {
        let rests = matches!(instance.text("status"), Some("TERMINATED" | "SUSPENDED"));
        instance.text(TAKEN) == Some(&path) && !rests
    };
    instances.iter().filter(has).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;

    fn row(path: &str, body: Value) -> Resource {
        Resource::new(Path::parse(path).unwrap(), body.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_instance_fits_a_reservation_of_its_kind() {
        let kept =
            json!({"specificReservation": {"count": "2", "instanceProperties": {"machineType": "n1-standard-1"}}});
        let reservation = row("projects/p/zones/us-central1-a/reservations/r", kept);
        let machine = |kind: &str| {
            let link = format!("//compute/projects/p/zones/us-central1-a/machineTypes/{kind}");
            row("projects/p/zones/us-central1-a/instances/i", json!({"machineType": link}))
        };
        assert!(fits(&reservation, &machine("n1-standard-1")) && !fits(&reservation, &machine("n1-standard-2")));
        let mut there = machine("n1-standard-1");
        there.set(TAKEN, reservation.path.to_string());
        assert_eq!((in_use(&reservation, std::slice::from_ref(&there)), count(&reservation)), (1, 2));
        there.set("status", "TERMINATED");
        assert_eq!(in_use(&reservation, &[there]), 0);
    }
}
