//! `iam.roles.get` and `iam.roles.list`.

use super::{View, custom};
use crate::catalog::{Catalog, Predefined};
use fogbank_sdk::{Error, Request, Response, Result, etag, identity, page};
use serde_json::{Value, json};

/// Shows a basic or predefined role with its permissions.
pub fn get(request: Request) -> Result<Response> {
    let name = format!("roles/{}", request.param("role"));
    let catalog = Catalog::load();
    let role = catalog.role(&name).ok_or_else(|| Error::not_found(format!("The role named {name} was not found.")))?;
    Ok(Response::json(&wire(&catalog, &role, View::Full)))
}

/// A page of the basic and predefined roles; with `parent`, of its custom ones.
pub fn list(request: Request) -> Result<Response> {
    let parent = request.query("parent").unwrap_or_default();
    if !parent.is_empty() {
        identity::require("iam.roles.list", &format!("//cloudresourcemanager.googleapis.com/{parent}"), &[])?;
        return custom::page_of(&request, &custom::parent(parent)?);
    }
    let view = View::of(&request)?;
    let size = page::size(&request, "pageSize", 300, 1000)? as usize;
    let after: String = page::cursor(&request)?.unwrap_or_default();
    let catalog = Catalog::load();
    let roles: Vec<_> = catalog.roles().into_iter().filter(|role| role.name > after).collect();
    Ok(Response::json(&page_of(&roles, size, |role| wire(&catalog, role, view))))
}

/// The first `size` of `roles`, with a token for the rest.
pub(super) fn page_of(roles: &[Predefined], size: usize, wire: impl Fn(&Predefined) -> Value) -> Value {
    let shown = &roles[..size.min(roles.len())];
    let mut answer = json!({});
    if !shown.is_empty() {
        answer["roles"] = shown.iter().map(wire).collect();
    }
    if let Some(last) = shown.last().filter(|_| shown.len() < roles.len()) {
        answer["nextPageToken"] = json!(page::encode(&last.name));
    }
    answer
}

/// A role as the API shows it.
pub(super) fn wire(catalog: &Catalog, role: &Predefined, view: View) -> Value {
    let Predefined { name, title, description } = role;
    let mut wire = json!({"name": name, "title": title, "description": description, "stage": "GA", "etag": etag::of(name.as_bytes())});
    if view == View::Full {
        wire["includedPermissions"] = json!(catalog.permissions_of(name).unwrap_or_default());
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn f13_pages_end_where_the_next_begins() {
        let catalog = sample();
        let roles = catalog.roles();
        let names = |page: &Value| {
            page["roles"].as_array().into_iter().flatten().map(|role| role["name"].clone()).collect::<Vec<_>>()
        };
        let first = page_of(&roles, 4, |role| wire(&catalog, role, View::Basic));
        let after: String = page::decode(first["nextPageToken"].as_str().unwrap()).unwrap();
        let rest: Vec<_> = roles.iter().filter(|role| role.name > after).cloned().collect();
        let second = page_of(&rest, 4, |role| wire(&catalog, role, View::Basic));
        assert_eq!(names(&first).len() + names(&second).len(), roles.len());
        assert_eq!(second.get("nextPageToken"), None);
        assert_eq!(page_of(&[], 4, |_| json!({})), json!({}));
    }

    #[test]
    fn only_a_full_view_has_permissions() {
        let catalog = sample();
        let role = catalog.role("roles/storage.admin").unwrap();
        assert_eq!(wire(&catalog, &role, View::Basic).get("includedPermissions"), None);
        assert_eq!(wire(&catalog, &role, View::Full)["includedPermissions"].as_array().unwrap().len(), 5);
    }
}
