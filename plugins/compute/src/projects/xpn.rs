//! Shared VPC: a host project, and service projects that use its networks. <https://cloud.google.com/vpc/docs/shared-vpc>
//!
//! Networks of another project can be used without that, by whoever may; what is kept here is who belongs to whom.

use super::{load, path};
use compute_api::call::Call;
use compute_api::change;
use compute_api::operation::Then;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{failure, list as lists};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde_json::{Value, json};

/// Of a host project: the ids of its service projects. Of a service project: its host.
const RESOURCES: &str = "_xpnResources";
const HOST: &str = "_xpnHost";

/// `POST projects/PROJECT/enableXpnHost`
///
/// Errors: 400 for a project that is attached to a host.
pub fn enable_host(request: Request) -> Result<Reply> {
    set_status(&request, |project| {
        if let Some(host) = project.text(HOST) {
            return Err(Error::invalid(format!("The project is a service project of '{host}'.")));
        }
        project.set("xpnProjectStatus", "HOST");
        Ok(())
    })
}

/// `POST projects/PROJECT/disableXpnHost`
///
/// Errors: 400 while it has service projects.
pub fn disable_host(request: Request) -> Result<Reply> {
    set_status(&request, |project| {
        if let Some(first) = resources(project).first() {
            return Err(failure::in_use(&project.path, &format!("projects/{first}")));
        }
        project.body.remove("xpnProjectStatus");
        Ok(())
    })
}

fn set_status(request: &Request, set: impl Fn(&mut Resource) -> Result<()>) -> Result<Reply> {
    let call = Call::of_project(request)?;
    load(&call.project)?;
    change::change(&call, &path(&call.project), |_, project| set(project).map(|()| Then::Done))
}

fn resources(host: &Resource) -> Vec<String> {
    let kept = host.body.get(RESOURCES).and_then(Value::as_array).into_iter().flatten();
    kept.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `POST projects/HOST/enableXpnResource`
///
/// Errors: 400 where this is no host project, or the other belongs to a host already; 404.
pub fn enable_resource(request: Request) -> Result<Reply> {
    edit(request, |tx, host, mut service| {
        if host.text("xpnProjectStatus") != Some("HOST") {
            return Err(Error::invalid(format!(
                "The project '{}' is not a shared VPC host project.",
                host.path.project
            )));
        }
        if let Some(other) = service.text(HOST) {
            let why = format!("The project '{}' is a service project of '{other}' already.", service.path.project);
            return Err(Error::invalid(why));
        }
        let mut all = resources(host);
        all.push(service.path.project.clone());
        host.set(RESOURCES, all);
        service.set(HOST, host.path.project.clone());
        store::save(tx, &service)
    })
}

/// `POST projects/HOST/disableXpnResource`
///
/// Errors: 400 for a project that is no service project of this one; 404.
pub fn disable_resource(request: Request) -> Result<Reply> {
    edit(request, |tx, host, mut service| {
        let mut all = resources(host);
        let at = all.iter().position(|id| *id == service.path.project);
        let missing =
            || Error::invalid(format!("The project '{}' is no service project of this one.", service.path.project));
        all.remove(at.ok_or_else(missing)?);
        host.set(RESOURCES, all);
        service.body.remove(HOST);
        store::save(tx, &service)
    })
}

fn edit(mut request: Request, how: impl Fn(&Transaction, &mut Resource, Resource) -> Result<()>) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    load(&call.project)?;
    let body = call.body(&mut request)?;
    let id = body.get("xpnResource").and_then(|resource| resource["id"].as_str());
    let id = id.ok_or_else(|| failure::required("xpnResource.id"))?.to_owned();
    if id == call.project {
        return Err(failure::invalid("xpnResource.id", &id, "A project cannot be its own service project."));
    }
    load(&id)?;
    change::change(&call, &path(&call.project), |tx, host| {
        how(tx, host, store::load(tx, &path(&id))?)?;
        Ok(Then::Done)
    })
}

/// `GET projects/PROJECT/getXpnHost`: the host of a service project; nothing where it has none.
///
/// Errors: 404.
pub fn get_host(request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    match load(&call.project)?.text(HOST) {
        None => Ok(Response::json(&json!({})).into()),
        Some(host) => Ok(Response::json(&super::handlers::shown(&load(host)?, &call.base)?).into()),
    }
}

/// `GET projects/HOST/getXpnResources`
///
/// Errors: 404; 400 for a filter that is none.
pub fn get_resources(request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    let all = resources(&load(&call.project)?);
    let items = all.into_iter().map(|id| json!({"id": id, "type": "PROJECT"})).collect();
    lists::of_items(&request, &call, items).map(Reply::from)
}

/// `POST projects/PROJECT/listXpnHosts`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list_hosts(request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    let rows = db::query("SELECT path FROM resource WHERE collection = $1 ORDER BY path", params![""])?;
    let paths = rows.into_iter().map(|row| row.get::<String>("path")).collect::<std::result::Result<Vec<_>, _>>()?;
    let projects = paths.iter().filter_map(|path| Path::parse(path)).map(|path| store::get(&path));
    let hosts = projects.collect::<Result<Vec<_>>>()?.into_iter();
    let hosts = hosts.filter(|project| project.text("xpnProjectStatus") == Some("HOST"));
    let items = hosts.map(|project| super::handlers::shown(&project, &call.base)).collect::<Result<Vec<_>>>()?;
    lists::of_items(&request, &call, items).map(Reply::from)
}
