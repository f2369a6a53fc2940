//! `GET .../instances/NAME/referrers`: what an instance is a member of.

use compute_api::call::Call;
use compute_api::path::{MARK, Path};
use compute_api::{links, list as lists, store};
use fogbank_sdk::{Reply, Request, Response, Result, db};
use serde_json::{Value, json};

/// Lists groups and targets that refer to an instance; for the name `-` those of all instances of the zone are empty.
///
/// Errors: 404.
pub fn list_referrers(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let users = match path.name.as_str() {
        "-" => Vec::new(),
        _ => {
            store::get(&path)?;
            db::read(|tx| store::users_of(tx, &path))?
        }
    };
    let items: Vec<Value> = users.iter().filter_map(|user| reference(user, &path)).collect();
    let items = items.into_iter().map(|item| (path.scope.clone(), item)).collect();
    let page = lists::Wanted::of(&request)?.page(&request, items)?;
    let items: Vec<Value> = page.items.into_iter().map(|(_, item)| item).collect();
    let mut answer = json!({
        "kind": "compute#instanceListReferrers",
        "id": format!("{path}/referrers"),
        "selfLink": format!("{}{path}/referrers", call.base),
        "items": items,
    });
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    links::expand(&mut answer["items"], &call.base);
    Ok(Response::json(&answer).into())
}

fn reference(user: &str, target: &Path) -> Option<Value> {
    let user = Path::parse(user)?;
    Some(json!({
        "kind": "compute#reference",
        "referenceType": "MEMBER_OF",
        "referrer": format!("{MARK}{user}"),
        "target": target.marked(),
    }))
}
