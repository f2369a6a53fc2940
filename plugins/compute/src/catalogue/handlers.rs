//! Lists of the catalogue.

use super::{kinds, machine, public, usage, zones};
use compute_api::call::Call;
use compute_api::links;
use compute_api::list::{self, Wanted};
use compute_api::path::Scope;
use compute_api::{failure, places};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::Value;

/// `GET .../zones`, `.../machineTypes` and their like.
///
/// Errors: 404 for a zone or region that is none; 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    if !places::exists(&call.scope) {
        return Err(failure::no_place(&call.project, &call.scope));
    }
    let items = shown(&call, vec![(call.scope.clone(), all(&call, &call.scope))]);
    let page = Wanted::of(&request)?.page(&request, items)?;
    let items = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(Response::json(&list::answer(&call, items, page.next)).into())
}

/// `GET .../aggregated/machineTypes` and its like.
///
/// Errors: 400 for a filter that is none.
pub fn aggregated_list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let scopes = places::scopes_of(call.collection).into_iter();
    let items = shown(&call, scopes.map(|scope| (scope.clone(), all(&call, &scope))).collect());
    let page = Wanted::of(&request)?.page(&request, items)?;
    let first = request.query("pageToken").is_none_or(str::is_empty);
    Ok(Response::json(&list::by_scope(&call, page, first)).into())
}

/// `GET .../regions`: with quotas.
///
/// Errors: 400 for a filter that is none.
pub fn regions(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut regions = zones::all(&call.project, "regions");
    usage::add(&call.project, &mut regions)?;
    let items = shown(&call, vec![(Scope::Global, regions)]);
    let page = Wanted::of(&request)?.page(&request, items)?;
    let items = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(Response::json(&list::answer(&call, items, page.next)).into())
}

/// `GET .../regions/REGION`: with quotas.
///
/// Errors: 404.
pub fn region(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut regions = vec![zones::given(&path).ok_or_else(|| failure::not_found(&path))?];
    usage::add(&call.project, &mut regions)?;
    links::expand(&mut regions[0], &call.base);
    Ok(Response::json(&regions[0]).into())
}

/// Everything of the call's collection in a scope, links marked.
fn all(call: &Call, scope: &Scope) -> Vec<Value> {
    match (call.collection.name, scope) {
        ("machineTypes", Scope::Zone(zone)) => {
            machine::all(zone).iter().map(|found| found.show(&call.project, zone)).collect()
        }
        ("zones" | "regions", _) => zones::all(&call.project, call.collection.name),
        ("licenses", _) => public::licenses(&call.project),
        (collection, _) => kinds::all(&call.project, scope, collection),
    }
}

fn shown(call: &Call, scopes: Vec<(Scope, Vec<Value>)>) -> Vec<(Scope, Value)> {
    let items = scopes.into_iter().flat_map(|(scope, items)| items.into_iter().map(move |item| (scope.clone(), item)));
    items
        .map(|(scope, mut item)| {
            links::expand(&mut item, &call.base);
            (scope, item)
        })
        .collect()
}
