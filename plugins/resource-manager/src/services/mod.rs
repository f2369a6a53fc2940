//! Service Usage: which services a project uses. <https://cloud.google.com/service-usage/docs/reference/rest/v1/services>
//!
//! Services that are loaded are enabled from the start. Others can be enabled as well, so that scripts that enable what they are
//! used to go on; nothing follows from it.

mod catalog;
mod state;

use crate::operations::{self, Task, typed};
use crate::projects::Project;
use crate::refusal;
use catalog::Known;
use fogbank_sdk::db;
use fogbank_sdk::{Code, Error, Request, RequestHead, Response, Result, page};
use serde::Deserialize;
use serde_json::{Value, json};
use state::States;

/// The most services that one request enables.
const MOST_ENABLED: usize = 20;
/// The most services that one request shows by name.
const MOST_SHOWN: usize = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Batch {
    service_ids: Vec<String>,
}

/// Enables a service.
///
/// Errors: 400, 403, 404.
pub fn enable(request: Request) -> Result<Response> {
    let service = request.param("service").to_owned();
    turn(&request, &[service], true, |mut services| {
        let service = services.pop().unwrap_or_default();
        typed("google.api.serviceusage.v1.EnableServiceResponse", json!({"service": service}))
    })
}

/// Enables several services, all or none.
///
/// Errors: 400, 403, 404.
pub fn batch_enable(mut request: Request) -> Result<Response> {
    let Batch { service_ids } = request.json()?;
    if service_ids.is_empty() {
        return Err(Error::required("serviceIds"));
    }
    if service_ids.len() > MOST_ENABLED {
        return Err(refusal::field("service_ids", "at most 20 services can be enabled at once"));
    }
    turn(&request, &service_ids, true, |services| {
        typed("google.api.serviceusage.v1.BatchEnableServicesResponse", json!({"services": services}))
    })
}

/// Disables a service.
///
/// Errors: 400 where it is not enabled; 403, 404.
pub fn disable(request: Request) -> Result<Response> {
    let service = request.param("service").to_owned();
    turn(&request, &[service], false, |mut services| {
        let service = services.pop().unwrap_or_default();
        typed("google.api.serviceusage.v1.DisableServiceResponse", json!({"service": service}))
    })
}

fn turn(
    request: &RequestHead,
    services: &[String],
    enabled: bool,
    response: impl Fn(Vec<Value>) -> Value,
) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    let known = Known::now();
    if let Some(unknown) = services.iter().find(|name| !catalog::is_service(name)) {
        return Err(not_found(unknown));
    }
    let (id, task) = db::transaction(|tx| {
        let mut states = States::load(tx, project.number)?;
        if let Some(name) = services.iter().find(|name| !enabled && !states.is_enabled(&known, name)) {
            return Err(not_enabled(name, &project));
        }
        for name in services {
            states.set(tx, name, enabled)?;
        }
        let shown = services.iter().map(|name| wire(&project, &known, &states, name)).collect();
        let names: Vec<String> = services.iter().map(|name| resource(&project, name)).collect();
        let metadata = typed("google.api.serviceusage.v1.OperationMetadata", json!({"resourceNames": names}));
        let task = Task::new(metadata, response(shown));
        let id = operations::start(tx, &format!("acf.p2-{}", project.number), &project.full_name(), &task)?;
        Ok((id, task))
    })?;
    operations::finish(&id, &task)
}

/// Shows a service.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    let name = request.param("service");
    if !catalog::is_service(name) {
        return Err(not_found(name));
    }
    let states = States::load(&crate::store::Outside, project.number)?;
    Ok(Response::json(&wire(&project, &Known::now(), &states, name)))
}

/// Shows several services.
///
/// Errors: 400, 403, 404.
pub fn batch_get(request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    let names: Vec<&str> = request.query_all("names").collect();
    if names.is_empty() || names.len() > MOST_SHOWN {
        return Err(refusal::field("names", "must be 1 to 30 services"));
    }
    let (known, states) = (Known::now(), States::load(&crate::store::Outside, project.number)?);
    let shown = names.into_iter().map(|full| {
        let own = [format!("projects/{}/services/", project.number), format!("projects/{}/services/", project.id)];
        let name = own.iter().find_map(|prefix| full.strip_prefix(prefix.as_str()));
        match name.filter(|name| catalog::is_service(name)) {
            Some(name) => Ok(wire(&project, &known, &states, name)),
            None => Err(refusal::field("names", &format!("{full} is not a service of the parent"))),
        }
    });
    Ok(Response::json(&json!({"services": shown.collect::<Result<Vec<_>>>()?})))
}

/// A page of the services that there are, in order of their names; the filter says which state they are to have.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    let wanted = match request.query("filter").unwrap_or_default().replace(' ', "").as_str() {
        "" => None,
        "state:ENABLED" | "state=ENABLED" => Some(true),
        "state:DISABLED" | "state=DISABLED" => Some(false),
        _ => return Err(refusal::field("filter", "must be state:ENABLED or state:DISABLED")),
    };
    let size = page::size(&request, "pageSize", 50, 200)? as usize;
    let after: String = page::cursor(&request)?.unwrap_or_default();
    let (known, states) = (Known::now(), States::load(&crate::store::Outside, project.number)?);
    let all = known.names().chain(states.names());
    let all: std::collections::BTreeSet<&str> = all.filter(|name| *name > after.as_str()).collect();
    let mut found = all.into_iter().filter(|name| wanted.is_none_or(|state| states.is_enabled(&known, name) == state));
    let page: Vec<&str> = found.by_ref().take(size).collect();
    let mut answer = json!({});
    if let Some(last) = page.last() {
        answer["services"] = page.iter().map(|name| wire(&project, &known, &states, name)).collect();
        if found.next().is_some() {
            answer["nextPageToken"] = json!(page::encode(last));
        }
    }
    Ok(Response::json(&answer))
}

fn resource(project: &Project, service: &str) -> String {
    format!("projects/{}/services/{service}", project.number)
}

fn wire(project: &Project, known: &Known, states: &States, service: &str) -> Value {
    json!({
        "name": resource(project, service),
        "parent": project.name(),
        "config": {
            "name": service,
            "title": known.title(service),
            "documentation": {},
            "quota": {},
            "authentication": {},
            "usage": {"requirements": ["serviceusage.googleapis.com/tos/cloud"]},
        },
        "state": if states.is_enabled(known, service) { "ENABLED" } else { "DISABLED" },
    })
}

/// 403, as the real service answers for what it does not know.
fn not_found(service: &str) -> Error {
    let message = format!("Not found or permission denied for service(s): {service}.");
    Error::new(Code::PermissionDenied, "forbidden", message).with_details(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
        "domain": "serviceusage.googleapis.com",
        "metadata": {"services": service},
    }))
}

fn not_enabled(service: &str, project: &Project) -> Error {
    let message = format!("Service {service} is not enabled for project {}.", project.id);
    refusal::precondition("googleapis.com", &resource(project, service), &message)
}
