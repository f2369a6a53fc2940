//! Many instances by one request. <https://cloud.google.com/compute/docs/instances/multiple/create-in-bulk>

use super::{create, draft, going, metadata, template, work};
use crate::machines;
use crate::projects::quota::Limits;
use compute_api::call::Call;
use compute_api::operation::{self, Input, Then};
use compute_api::path::{Path, Scope};
use compute_api::{failure, places, store};
use fogbank_sdk::operations::{self, Operation, ResultOf, State};
use fogbank_sdk::{Error, Outcome, Reply, Request, Result, context, db, id};
use serde_json::{Map, Value, json};

/// `POST .../zones/ZONE/instances/bulkInsert`
///
/// Errors: 400 naming a field; 429; 503 without the container engine.
pub fn bulk_insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    run(&call, &call.scope.clone(), body)
}

/// `POST .../regions/REGION/instances/bulkInsert`: in the first zone of the region that is not denied.
///
/// Errors: as [`bulk_insert`].
pub fn regional(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    let region = call.scope.region().unwrap_or_default();
    let denied = |zone: &String| {
        let locations = body.get("locationPolicy").and_then(|policy| policy.get("locations"));
        let key = |locations: &Value| locations.get(format!("zones/{zone}")).cloned();
        locations.and_then(key).is_some_and(|location| location["preference"] == "DENY")
    };
    let zone = places::zones_of(region).find(|zone| !denied(zone));
    let zone = zone.ok_or_else(|| failure::invalid("resource.locationPolicy", "", "No zone of the region is left."))?;
    run(&call, &Scope::Zone(zone), body)
}

fn run(call: &Call, scope: &Scope, body: Map<String, Value>) -> Result<Reply> {
    machines::require_available()?;
    if let Some(operation) = db::read(|tx| operation::repeated(tx, call))? {
        return operation::answer(call, &operation);
    }
    let names = names(&body)?;
    db::transaction(|tx| Limits::now()?.require(tx, &call.project, names.len() as u64))?;
    let least = body.get("minCount").and_then(number).unwrap_or(names.len());
    // What begins together is found together, by this id.
    let group = json!({"operationGroupId": group_id()?});
    let mut begun = Vec::new();
    let mut first: Option<Error> = None;
    for name in &names {
        let path = Path::new(&call.project, scope.clone(), "instances", name);
        let made = one(&body, path).and_then(|draft| create::create_for(draft, &group));
        match made {
            Ok(operation) => begun.push(operation),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    if let Some(error) = first.filter(|_| begun.len() < least) {
        take_back(&names, scope, &call.project, &begun)?;
        return Err(error);
    }
    let payload = json!({
        "operations": begun,
        "least": least,
        "wanted": names.len(),
        "place": scope.to_string(),
        operation::SHOWN: group,
    });
    let target = Path::new(&call.project, call.scope.clone(), "instances", "bulkInsert");
    let operation =
        db::transaction(|tx| operation::start(tx, call, &target, 0, Then::Run(work::BULK, payload.clone())))?;
    operation::answer(call, &operation)
}

fn one(body: &Map<String, Value>, path: Path) -> Result<draft::Draft> {
    let mut own = Map::new();
    if let Some(hostname) = body.get("perInstanceProperties").and_then(|all| all.get(&path.name)?.get("hostname")) {
        own.insert("hostname".into(), hostname.clone());
    }
    if let Some(properties) = body.get("instanceProperties").and_then(Value::as_object) {
        template::under(&mut own, properties.clone(), &path);
    }
    let source = body.get("sourceInstanceTemplate").and_then(Value::as_str);
    draft::complete(path, own, source)
}

/// The names that the request gives: by a pattern of `#`, or one by one.
fn names(body: &Map<String, Value>) -> Result<Vec<String>> {
    let count = body.get("count").and_then(number);
    let own = body.get("perInstanceProperties").and_then(Value::as_object);
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        let named = own.iter().map(|(key, value)| value["name"].as_str().unwrap_or(key).to_owned());
        return named.map(checked).collect();
    }
    let count = count.filter(|count| (1..=1000).contains(count));
    let count = count.ok_or_else(|| failure::invalid("resource.count", "", "It has to be between 1 and 1000."))?;
    let pattern = body.get("namePattern").and_then(Value::as_str).unwrap_or_default();
    let digits = pattern.bytes().filter(|byte| *byte == b'#').count();
    if digits == 0 {
        return Err(failure::invalid("resource.namePattern", pattern, "It has to contain '#'."));
    }
    let marks = "#".repeat(digits);
    (1..=count).map(|at| checked(pattern.replacen(&marks, &format!("{at:0digits$}"), 1))).collect()
}

fn checked(name: String) -> Result<String> {
    match metadata::is_name(&name) {
        true => Ok(name),
        false => Err(failure::invalid("resource.namePattern", name, "It makes no name of an instance.")),
    }
}

fn number(value: &Value) -> Option<usize> {
    value.as_str().map_or_else(|| value.as_u64().map(|number| number as usize), |text| text.parse().ok())
}

/// Removes what was begun where too few could be.
fn take_back(names: &[String], scope: &Scope, project: &str, begun: &[String]) -> Result<()> {
    if begun.is_empty() {
        return Ok(());
    }
    db::transaction(|tx| {
        for name in names {
            let path = Path::new(project, scope.clone(), "instances", name);
            let Some(instance) = store::find(tx, &path)? else { continue };
            let ours = begun
                .iter()
                .any(|id| operations::get(id).is_ok_and(|one| one.input.contains(&instance.id.to_string())));
            if ours {
                let input = Input {
                    kind: "delete".into(),
                    target: path.to_string(),
                    id: instance.id,
                    payload: going::going(tx, &instance)?,
                };
                operation::begin(tx, work::DELETE, scope, &input, &path)?;
            }
        }
        Ok(())
    })
}

/// `operation-group-1763730000000-5e9c...`
fn group_id() -> Result<String> {
    let tail = fogbank_sdk::encoding::hex(&id::random::<10>()?);
    Ok(format!("operation-group-{}-{tail}", context::now().millis()))
}

/// Ends when all that was begun has ended; fails where too many failed.
pub fn wait(operation: &Operation, input: &Input) -> Result<Outcome> {
    let begun = input.payload["operations"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut failed = Vec::new();
    let (mut all, mut made) = (0, 0);
    for id in begun {
        let one = operations::get(id)?;
        all += 1;
        match (one.state, one.outcome) {
            (State::Done, Some(ResultOf::Failure(failure))) => failed.push(failure),
            (State::Done, _) => made += 1,
            _ => {}
        }
    }
    let ended = made + failed.len() == all;
    tell(operation, input, made, ended)?;
    if !ended {
        return Ok(Outcome::AgainAfter(200));
    }
    let least = input.payload["least"].as_u64().unwrap_or_default() as usize;
    let enough = all - failed.len() >= least;
    Ok(match failed.into_iter().next().filter(|_| !enough) {
        Some(failure) => Outcome::Failed(failure),
        None => Outcome::Done(String::new()),
    })
}

/// Says how far it is, and where the instances are.
fn tell(operation: &Operation, input: &Input, made: usize, ended: bool) -> Result<()> {
    let wanted = input.payload["wanted"].as_u64().unwrap_or_default() as usize;
    let place = input.payload["place"].as_str().unwrap_or_default();
    let status = json!({
        "targetVmCount": wanted,
        "createdVmCount": made,
        "failedToCreateVmCount": if ended { wanted.saturating_sub(made) } else { 0 },
        "deletedVmCount": 0,
        "status": if ended { "DONE" } else { "CREATING" },
    });
    let percent = u32::try_from(made * 100 / wanted.max(1)).unwrap_or_default();
    let told = json!({"instancesBulkInsertOperationMetadata": {"perLocationStatus": {place: status}}});
    operations::progress(&operation.id, percent, &told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_a_pattern_or_are_said() {
        let body = json!({"count": "3", "namePattern": "vm-##"}).as_object().unwrap().clone();
        assert_eq!(names(&body).unwrap(), ["vm-01", "vm-02", "vm-03"]);
        let body = json!({"perInstanceProperties": {"a": {}, "b": {"name": "c"}}}).as_object().unwrap().clone();
        assert_eq!(names(&body).unwrap(), ["a", "c"]);
        assert!(names(json!({"count": "2", "namePattern": "vm"}).as_object().unwrap()).is_err());
        assert!(names(json!({"count": "0", "namePattern": "vm-#"}).as_object().unwrap()).is_err());
    }
}
