//! Subnetworks that machines may be in. <https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks/listUsable>

use compute_api::call::Call;
use compute_api::links;
use compute_api::list as lists;
use compute_api::store::{self, Resource};
use fogbank_sdk::{Reply, Request, Response, Result, db};
use serde_json::{Value, json};

/// Purposes of subnetworks that no machine may be in.
const NOT_FOR_MACHINES: [&str; 4] =
    ["GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "PRIVATE_NAT", "REGIONAL_MANAGED_PROXY"];

/// `GET .../aggregated/subnetworks/listUsable`
///
/// Errors: 400 for a filter, a size or a token that is none.
pub fn list_usable(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let all = db::read(|tx| store::all(tx, &call.project, "subnetworks"))?;
    let usable = all
        .iter()
        .filter(|subnetwork| subnetwork.text("purpose").is_none_or(|purpose| !NOT_FOR_MACHINES.contains(&purpose)));
    let items = usable.map(|subnetwork| {
        let mut item = show(subnetwork);
        links::expand(&mut item, &call.base);
        (subnetwork.path.scope.clone(), item)
    });
    let page = lists::Wanted::of(&request)?.page(&request, items.collect())?;
    let mut answer = lists::answer(&call, page.items.into_iter().map(|(_, item)| item).collect(), page.next);
    let place = format!("projects/{}/aggregated/subnetworks/listUsable", call.project);
    answer["selfLink"] = json!(format!("{}{place}", call.base));
    answer["id"] = json!(place);
    Ok(Response::json(&answer).into())
}

fn show(subnetwork: &Resource) -> Value {
    let mut item = json!({"subnetwork": subnetwork.path.marked()});
    for field in [
        "network",
        "ipCidrRange",
        "purpose",
        "role",
        "stackType",
        "ipv6AccessType",
        "externalIpv6Prefix",
        "internalIpv6Prefix",
    ] {
        if let Some(value) = subnetwork.body.get(field) {
            item[field] = value.clone();
        }
    }
    let secondary = subnetwork.body.get("secondaryIpRanges").and_then(Value::as_array);
    if let Some(secondary) = secondary {
        let ranges =
            secondary.iter().map(|range| json!({"rangeName": range["rangeName"], "ipCidrRange": range["ipCidrRange"]}));
        item["secondaryIpRanges"] = ranges.collect();
    }
    item
}
