//! Roles: named sets of permissions. Predefined ones come from the manifests of the loaded services, basic ones are computed from the
//! names of permissions, custom ones are rows. <https://cloud.google.com/iam/docs/reference/rest/v1/roles>

pub mod basic;
pub mod custom;
pub mod grantable;
pub mod predefined;

use crate::catalog::Catalog;
use custom::Role;
use fogbank_sdk::{Error, Request, Result};
use std::collections::{BTreeMap, BTreeSet};

/// How much of each role a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Basic,
    /// With the permissions.
    Full,
}

impl View {
    /// Reads the API's name.
    ///
    /// Errors: 400 for any other than BASIC and FULL.
    pub fn read(text: &str) -> Result<Self> {
        match text {
            "" | "BASIC" => Ok(Self::Basic),
            "FULL" => Ok(Self::Full),
            other => Err(Error::invalid(format!("Invalid value for view: '{other}'"))),
        }
    }

    fn of(request: &Request) -> Result<Self> {
        Self::read(request.query("view").unwrap_or_default())
    }
}

/// The permissions of a role: `roles/storage.admin`, `roles/viewer`, `projects/demo/roles/mine`. None where there is no such role, or
/// where it is deleted or disabled.
///
/// Errors: the database's.
pub fn permissions_of(name: &str) -> Result<Option<BTreeSet<String>>> {
    if name.starts_with("roles/") {
        let catalog = Catalog::load();
        let found = catalog.permissions_of(name);
        return Ok(found.map(|permissions| permissions.into_iter().map(str::to_owned).collect()));
    }
    let role = custom::by_name(name)?.filter(Role::is_in_force);
    Ok(role.map(|role| role.permissions.into_iter().collect()))
}

/// Roles for the length of one decision: what is loaded is asked for once, each custom role read once.
#[derive(Debug, Default)]
pub struct Book {
    catalog: Option<Catalog>,
    custom: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Book {
    /// Whether a role has a permission; false for a role that is not there, deleted or disabled.
    ///
    /// Errors: the database's.
    pub fn includes(&mut self, role: &str, permission: &str) -> Result<bool> {
        if role.starts_with("roles/") {
            return Ok(self.catalog.get_or_insert_with(Catalog::load).includes(role, permission));
        }
        if !self.custom.contains_key(role) {
            self.custom.insert(role.to_owned(), permissions_of(role)?);
        }
        Ok(self.custom.get(role).and_then(Option::as_ref).is_some_and(|held| held.contains(permission)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_basic_or_full() {
        assert_eq!((View::read("").unwrap(), View::read("FULL").unwrap()), (View::Basic, View::Full));
        assert_eq!(View::read("full").unwrap_err().http_status(), 400);
    }
}
