//! `iam.permissions.queryTestablePermissions`: the permissions that can be tested on a resource, or put into a role.

use crate::catalog::Catalog;
use crate::resources::FullName;
use crate::roles::grantable::size;
use fogbank_sdk::{Request, Response, Result, page};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    full_resource_name: String,
    page_size: i64,
    page_token: String,
}

/// A page of the permissions that can be about a resource.
pub fn query_testable(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let name = FullName::read(&sent.full_resource_name)?;
    let size = size(sent.page_size, 100, 1000)?;
    let after: String = if sent.page_token.is_empty() { String::new() } else { page::decode(&sent.page_token)? };
    let catalog = Catalog::load();
    let permissions: Vec<&str> = name.permissions(&catalog).into_iter().filter(|name| **name > *after).collect();
    Ok(Response::json(&page_of(&permissions, size)))
}

fn page_of(permissions: &[&str], size: usize) -> Value {
    let shown = &permissions[..size.min(permissions.len())];
    let mut answer = json!({});
    if !shown.is_empty() {
        answer["permissions"] = shown.iter().map(|name| json!({"name": name, "title": name, "stage": "GA"})).collect();
    }
    if let Some(last) = shown.last().filter(|_| shown.len() < permissions.len()) {
        answer["nextPageToken"] = json!(page::encode(last));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f13_pages_go_on_where_the_last_ended() {
        let all = ["a.b.c", "a.b.d", "x.y.z"];
        let first = page_of(&all, 2);
        assert_eq!(first["permissions"].as_array().unwrap().len(), 2);
        assert_eq!(page::decode::<String>(first["nextPageToken"].as_str().unwrap()).unwrap(), "a.b.d");
        assert_eq!(page_of(&all[2..], 2).get("nextPageToken"), None);
    }
}
