//! Operations of this service and of `vpc`, in all scopes. <https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations>

use compute_api::call::Call;
use compute_api::list::{self, Page, Wanted};
use compute_api::operation;
use compute_api::path::{Path, Scope};
use compute_api::{failure, places};
use fogbank_sdk::operations::{self, Operation, State};
use fogbank_sdk::{Error, Reply, Request, RequestHead, Response, Result, context, page};
use serde_json::Value;

/// How long `wait` waits, as the real service does.
const PATIENCE_MS: u64 = 120_000;
/// Operations that are read at once.
const BATCH: u32 = 500;

/// `GET .../operations/OPERATION`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    Ok(Response::json(&operation::show(&find(&call, &request)?, &call.base)?).into())
}

/// `POST .../operations/OPERATION/wait`: answers when the operation has ended, or after two minutes.
///
/// Errors: 404.
pub fn wait(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let found = find(&call, &request)?;
    // The same request comes again when the operation has ended or the time is over, and looks the same then. So the time is
    // counted from the operation's beginning; the API lets an answer come early.
    let age = u64::try_from(context::now().millis()).unwrap_or_default().saturating_sub(found.created_ms);
    if found.state == State::Done || age >= PATIENCE_MS {
        return Ok(Response::json(&operation::show(&found, &call.base)?).into());
    }
    Ok(Reply::Wait { operation: found.id, timeout_ms: PATIENCE_MS - age })
}

/// `DELETE .../operations/OPERATION`
///
/// Errors: 404; 400 for one that has not ended.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let found = find(&call, &request)?;
    if found.state != State::Done {
        return Err(Error::invalid(format!("The operation '{}' has not ended.", found.id)));
    }
    operations::delete(&found.id)?;
    Ok(Response::new(204).into())
}

/// `GET .../operations`, the newest first.
///
/// Errors: 404 for a zone or region that is none; 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    if !places::exists(&call.scope) {
        return Err(failure::no_place(&call.project, &call.scope));
    }
    let page = read(&request, &call, &format!("projects/{}/{}/", call.project, call.scope))?;
    let items = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(Response::json(&list::answer(&call, items, page.next)).into())
}

/// `GET .../aggregated/operations`
///
/// Errors: 400 for a filter that is none.
pub fn aggregated_list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let page = read(&request, &call, &format!("projects/{}/", call.project))?;
    let first = request.query("pageToken").is_none_or(str::is_empty);
    Ok(Response::json(&list::by_scope(&call, page, first)).into())
}

/// The operation that a request names: by its name, or by its numeric id.
fn find(call: &Call, request: &RequestHead) -> Result<Operation> {
    let name = request.param("operation");
    let missing = || failure::not_found(&call.path(name));
    let found = match operations::get(name) {
        Ok(found) => found,
        Err(operations::Error::NotFound) => return Err(missing()),
        Err(error) => return Err(error.into()),
    };
    let place = Path::parse(&found.target).ok_or_else(missing)?;
    if place.project != call.project || place.scope != call.scope { Err(missing()) } else { Ok(found) }
}

fn read(request: &RequestHead, call: &Call, prefix: &str) -> Result<Page> {
    let wanted = Wanted::of(request)?;
    let mut after: Option<String> = page::cursor(request)?;
    let mut items: Vec<(Scope, Value)> = Vec::new();
    loop {
        let batch = operations::list(prefix, after.as_deref(), BATCH)?;
        let end = batch.len() < BATCH as usize;
        for found in batch {
            let Some(place) = Path::parse(&found.target) else { continue };
            let shown = operation::show(&found, &call.base)?;
            if wanted.matches(&shown) {
                if items.len() == wanted.size() {
                    return Ok(Page { items, next: after.map(|after| page::encode(&after)) });
                }
                items.push((place.scope, shown));
            }
            after = Some(found.id);
        }
        if end {
            return Ok(Page { items, next: None });
        }
    }
}
