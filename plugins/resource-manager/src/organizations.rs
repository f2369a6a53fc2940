//! Organizations, which the configuration names.

use crate::container::{COLUMNS, Container};
use crate::filter::{Fields, Filter};
use crate::names;
use crate::store::{Outside, Read};
use fogbank_sdk::db::params;
use fogbank_sdk::{RequestHead, Result, identity, page};
use serde_json::{Value, json};

/// The organization of a request's path.
///
/// Errors: 403, 404.
pub fn load(request: &RequestHead) -> Result<Container> {
    Container::load(&Outside, &format!("organizations/{}", request.param("organization")))
}

struct Organization<'c>(&'c Container);

impl Fields for Organization<'_> {
    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "domain" => vec![self.0.display_name.clone()],
            _ => self.0.customer.iter().cloned().collect(),
        }
    }

    fn texts(&self) -> Vec<String> {
        vec![self.0.name.clone(), self.0.display_name.clone()]
    }
}

fn known(field: &str) -> bool {
    matches!(field, "domain" | "directorycustomerid" | "owner.directorycustomerid")
}

/// A page of the organizations that `filter` finds and the caller may get, in order of their names.
///
/// Errors: 400 for what is no filter or token.
pub fn search(filter: &str, size: u32, token: &str, wire: fn(&Container) -> Value) -> Result<Value> {
    let filter = Filter::parse(filter, known)?;
    let after: String = if token.is_empty() { String::new() } else { page::decode(token)? };
    let size = if size == 0 { 50 } else { size.min(1000) as usize };
    let sql = format!("SELECT {COLUMNS} FROM containers WHERE parent IS NULL AND name > $1 ORDER BY name");
    let rows = Outside.rows(&sql, params![after])?.iter_mut().map(Container::from_row).collect::<Result<Vec<_>>>()?;
    let found: Vec<Container> = rows.into_iter().filter(|row| filter.matches(&Organization(row))).collect();
    let full: Vec<String> = found.iter().map(|organization| names::full(&organization.name)).collect();
    let allowed = identity::allowed("resourcemanager.organizations.get", &full)?;
    let mut found: Vec<_> =
        found.into_iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(row, _)| row).collect();
    let more = found.len() > size;
    found.truncate(size);
    let mut answer = json!({});
    if let Some(last) = found.last() {
        answer["organizations"] = found.iter().map(wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.name));
        }
    }
    Ok(answer)
}

/// Policies of organizations.
pub mod policy {
    use super::load;
    use crate::names;
    use crate::policies::{self, Kind};
    use fogbank_sdk::{Request, Response, Result};

    /// The policy of an organization.
    ///
    /// Errors: 400, 403, 404.
    pub fn get(mut request: Request) -> Result<Response> {
        let organization = load(&request)?;
        policies::get(&mut request, &names::full(&organization.name))
    }

    /// Replaces the policy.
    ///
    /// Errors: 400, 403, 404; 409 where the etag is an old one.
    pub fn set(mut request: Request) -> Result<Response> {
        let organization = load(&request)?;
        policies::set(&mut request, &names::full(&organization.name), Kind::Other)
    }

    /// What the caller may do.
    ///
    /// Errors: 400, 403, 404.
    pub fn test(mut request: Request) -> Result<Response> {
        let organization = load(&request)?;
        policies::test(&mut request, &names::full(&organization.name))
    }
}
