//! Cloud Routers. <https://cloud.google.com/compute/docs/reference/rest/v1/routers>
//!
//! NAT lets machines without an external address reach the internet. Sessions of BGP are kept as they are described and never come
//! up: nothing is at their other end.

pub mod check;
pub mod status;

use crate::effects;
use compute_api::call::Call;
use compute_api::store::{self, Resource};
use compute_api::{change, list as lists, show};
use fogbank_sdk::{Reply, Request, Response, Result, db};
use serde_json::json;

pub use status::{get_nat_ip_info, get_nat_mapping_info, get_router_status, list_bgp_routes};

/// `POST .../routers`
///
/// Errors: 400 naming the field, 404 for a network, an address or a subnetwork that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    body.remove("region");
    change::insert(&call, body, |tx, router| {
        let network = crate::reference::network(tx, &mut router.body, None)?;
        check::complete(tx, router)?;
        effects::follow(tx, &[network.path])
    })
}

/// `GET .../routers/R`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    Ok(Response::json(&show::resource(&store::get(&call.target(&request)?)?, &call.base)?).into())
}

/// `GET .../routers`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |_| Ok(())).map(Reply::from)
}

/// `GET .../aggregated/routers`
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, |_| Ok(())).map(Reply::from)
}

/// `PATCH .../routers/R`
///
/// Errors: as [`insert`]; 400 for another network.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |tx, before, router| {
        router.body.remove("region");
        crate::reference::immutable(before, router, &["network"])?;
        check::complete(tx, router)?;
        effects::follow(tx, &router.link("network").into_iter().collect::<Vec<_>>())
    })
}

/// `PUT .../routers/R`
///
/// Errors: as [`patch`].
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |tx, router| {
        let before = router.clone();
        replace(router, body.clone())?;
        crate::reference::immutable(&before, router, &["network"])?;
        check::complete(tx, router)?;
        effects::follow(tx, &router.link("network").into_iter().collect::<Vec<_>>())
    })
}

fn replace(router: &mut Resource, body: serde_json::Map<String, serde_json::Value>) -> Result<()> {
    let network = router.body.get("network").cloned();
    change::replace(router, body)?;
    router.body.remove("region");
    if let Some(network) = network {
        crate::reference::default(&mut router.body, "network", network);
    }
    Ok(())
}

/// `POST .../routers/R/preview`: what an update would make, which is not kept.
///
/// Errors: as [`update`].
pub fn preview(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let router = db::read(|tx| {
        let mut router = store::load(tx, &path)?;
        replace(&mut router, body.clone())?;
        check::complete(tx, &mut router)?;
        Ok(router)
    })?;
    Ok(Response::json(&json!({"resource": show::resource(&router, &call.base)?})).into())
}

/// `DELETE .../routers/R`
///
/// Errors: 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, router| {
        effects::follow(tx, &router.link("network").into_iter().collect::<Vec<_>>())
    })
}
