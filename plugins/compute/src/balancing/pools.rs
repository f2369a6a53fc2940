//! `targetPools`: members, health checks, backups. <https://cloud.google.com/compute/docs/reference/rest/v1/targetPools>

use super::{reference_in, references};
use compute_api::call::Call;
use compute_api::change;
use compute_api::failure;
use compute_api::operation::Then;
use compute_api::path::Path;
use compute_api::store;
use fogbank_sdk::{Reply, Request, Response, Result, db};
use serde_json::{Value, json};

const CHECKS: [&str; 3] = ["httpHealthChecks", "httpsHealthChecks", "healthChecks"];

/// What a list of a pool names, and what a request about it says.
struct Members {
    field: &'static str,
    reference: &'static str,
    collections: &'static [&'static str],
}

const INSTANCES: Members = Members { field: "instances", reference: "instance", collections: &["instances"] };
const HEALTH_CHECKS: Members = Members { field: "healthChecks", reference: "healthCheck", collections: &CHECKS };

/// `POST .../addInstance`
///
/// Errors: 404 for an instance that is not there; 400 for one of another region.
pub fn add_instance(request: Request) -> Result<Reply> {
    add(request, &INSTANCES)
}

/// `POST .../removeInstance`
///
/// Errors: 400 for one that is not in the pool.
pub fn remove_instance(request: Request) -> Result<Reply> {
    remove(request, &INSTANCES)
}

/// `POST .../addHealthCheck`
///
/// Errors: 404 for a check that is not there.
pub fn add_health_check(request: Request) -> Result<Reply> {
    add(request, &HEALTH_CHECKS)
}

/// `POST .../removeHealthCheck`
///
/// Errors: 400 for one that the pool does not have.
pub fn remove_health_check(request: Request) -> Result<Reply> {
    remove(request, &HEALTH_CHECKS)
}

fn add(mut request: Request, members: &Members) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let chosen = references(&body, members.field, members.reference, members.collections)?;
    change::change(&call, &path, |tx, pool| {
        let mut all = listed(&pool.body, members.field);
        for member in &chosen {
            store::load(tx, member)?;
            if member.scope.region().is_some_and(|region| Some(region) != path.scope.region()) {
                return Err(failure::invalid(members.field, member, "It has to be in the region of the target pool."));
            }
            if !all.contains(&member.marked()) {
                all.push(member.marked());
            }
        }
        pool.set(members.field, all);
        Ok(Then::Done)
    })
}

fn remove(mut request: Request, members: &Members) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let chosen = references(&body, members.field, members.reference, members.collections)?;
    change::change(&call, &path, |_, pool| {
        let mut all = listed(&pool.body, members.field);
        for member in &chosen {
            let at = all.iter().position(|there| *there == member.marked());
            all.remove(at.ok_or_else(|| failure::invalid(members.field, member, "It is not in the target pool."))?);
        }
        match all.is_empty() {
            true => drop(pool.body.remove(members.field)),
            false => pool.set(members.field, all),
        }
        Ok(Then::Done)
    })
}

fn listed(body: &serde_json::Map<String, Value>, field: &str) -> Vec<String> {
    let kept = body.get(field).and_then(Value::as_array).into_iter().flatten();
    kept.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `POST .../setBackup?failoverRatio=R`, with another pool in `target`, or none.
///
/// Errors: 404 for a pool that is not there; 400 for a ratio that is none.
pub fn set_backup(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let backup = body.get("target").map(|target| reference_in(target, "target", &["targetPools"])).transpose()?;
    let ratio = request.query("failoverRatio").map(|text| match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(failure::invalid("failoverRatio", text, "It has to be a number from 0 to 1.")),
    });
    let ratio = ratio.transpose()?;
    change::change(&call, &path, |_, pool| {
        for (field, value) in [
            ("backupPool", backup.as_ref().map(|backup| json!(backup.marked()))),
            ("failoverRatio", ratio.map(|ratio| json!(ratio))),
        ] {
            match value {
                Some(value) => pool.set(field, value),
                None => drop(pool.body.remove(field)),
            }
        }
        Ok(Then::Done)
    })
}

/// `POST .../getHealth`, with a member in `instance`: nothing is known of its health, for nobody asks it.
///
/// Errors: 404 for a pool or an instance that is not there, 400 for one that is not in the pool.
pub fn get_health(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let member: Path = reference_in(body.get("instance").unwrap_or(&Value::Null), "instance", &["instances"])?;
    let pool = store::get(&path)?;
    db::read(|tx| store::load(tx, &member))?;
    if !listed(&pool.body, "instances").contains(&member.marked()) {
        return Err(failure::invalid("instance", &member, "It is not in the target pool."));
    }
    Ok(Response::json(&json!({"kind": call.method.kind})).header("x-fogbank-effect", "none").into())
}
