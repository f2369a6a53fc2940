//! What is there from the start: the organizations of the configuration, and the project of a client that names none.

use crate::projects;
use crate::store::{Outside, Read};
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Result, context};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The organization that is there where the configuration names none, so that folders have a place.
const DEFAULT: (i64, &str) = (123_456_789_012, "example.com");

/// An element of the setting `organizations`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configured {
    id: Number,
    domain: String,
    /// The id of the directory's customer; made from the number where absent.
    customer: Option<String>,
}

/// A number, which a configuration may write as text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

/// An organization as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Organization {
    domain: String,
    customer: String,
}

/// Makes the organizations and the project where they are not there yet. One query where they are.
///
/// Errors: 500 for a setting that does not read; the database's.
pub fn ensure() -> Result<()> {
    let organizations = configured(context::setting("organizations")?)?;
    let project = context::default_project();
    let sql = "SELECT name, display_name, customer FROM containers WHERE parent IS NULL \
               UNION ALL SELECT id, NULL, NULL FROM projects WHERE id = $1";
    let mut present = BTreeMap::new();
    let mut has_project = project.is_empty();
    for mut row in Outside.rows(sql, params![&project])? {
        match (row.take("display_name")?, row.take("customer")?) {
            (Some(domain), Some(customer)) => {
                drop(present.insert(row.take("name")?, Organization { domain, customer }))
            }
            _ => has_project = true,
        }
    }
    // One that is configured no longer stays while something is below it.
    if organizations.iter().any(|(name, organization)| present.get(name) != Some(organization)) {
        write(&organizations, &present)?;
    }
    if !has_project {
        projects::spring::from_configuration(&project)?;
    }
    Ok(())
}

/// Organizations by name.
fn configured(setting: Option<Vec<Configured>>) -> Result<BTreeMap<String, Organization>> {
    let (id, domain) = DEFAULT;
    let default = || vec![Configured { id: Number::Number(id), domain: domain.to_owned(), customer: None }];
    setting.unwrap_or_else(default).into_iter().map(organization).collect()
}

fn organization(configured: Configured) -> Result<(String, Organization)> {
    let id = match &configured.id {
        Number::Number(id) => Some(*id),
        Number::Text(text) => text.parse().ok(),
    };
    let id = id.filter(|id| *id > 0).ok_or_else(|| {
        Error::internal(format!("setting organizations: {:?} is not the number of an organization", configured.id))
    })?;
    let customer = configured.customer.unwrap_or_else(|| format!("C{:08x}", id & 0xffff_ffff));
    Ok((format!("organizations/{id}"), Organization { domain: configured.domain, customer }))
}

/// Writes what is new, and takes out what nobody has put anything into.
fn write(wanted: &BTreeMap<String, Organization>, present: &BTreeMap<String, Organization>) -> Result<()> {
    let upsert = "INSERT INTO containers (name, display_name, customer, state, created_ms, updated_ms) \
                  VALUES ($1, $2, $3, 'ACTIVE', $4, $4) ON CONFLICT (name) DO UPDATE SET \
                  display_name = excluded.display_name, customer = excluded.customer, \
                  updated_ms = excluded.updated_ms, revision = containers.revision + 1";
    let delete = "DELETE FROM containers WHERE name = $1 \
                  AND NOT EXISTS (SELECT 1 FROM containers below WHERE below.parent = $1) \
                  AND NOT EXISTS (SELECT 1 FROM projects WHERE parent = $1) \
                  AND NOT EXISTS (SELECT 1 FROM tag_keys WHERE parent = $1)";
    let now = context::now();
    let changed = wanted.iter().filter(|(name, organization)| present.get(*name) != Some(organization));
    let changed = changed
        .map(|(name, organization)| stmt(upsert, params![name, &organization.domain, &organization.customer, now]));
    let gone = present.keys().filter(|name| !wanted.contains_key(*name)).map(|name| stmt(delete, params![name]));
    db::execute(changed.chain(gone).collect())?;
    Ok(())
}

/// Whether a project springs up when it is asked for: the setting `auto-create-projects`, or where it is absent, whether nobody
/// has to say who they are.
pub fn springs_up() -> Result<bool> {
    let setting: Option<bool> = context::setting("auto-create-projects")?;
    Ok(setting.unwrap_or_else(|| !fogbank_sdk::identity::caller().enforced))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_organization_where_none_is_configured() {
        let organizations = configured(None).unwrap();
        assert_eq!(organizations["organizations/123456789012"].domain, "example.com");
        assert!(organizations["organizations/123456789012"].customer.starts_with('C'));
    }

    #[test]
    fn organizations_come_from_the_configuration() {
        let setting = r#"[{"id": "77", "domain": "a.test"}, {"id": 8, "domain": "b.test", "customer": "C0b"}]"#;
        let organizations = configured(serde_json::from_str(setting).unwrap()).unwrap();
        assert_eq!(organizations["organizations/77"].domain, "a.test");
        assert_eq!(organizations["organizations/8"].customer, "C0b");
        let broken = r#"[{"id": "x", "domain": "a.test"}]"#;
        assert_eq!(configured(serde_json::from_str(broken).unwrap()).unwrap_err().http_status(), 500);
    }
}
