//! Full resource names as clients write them when they ask what there is to know about a resource.

use crate::catalog::Catalog;
use fogbank_sdk::{Error, Result};
use std::collections::BTreeSet;

/// A full resource name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullName<'n> {
    pub host: &'n str,
    pub path: &'n str,
}

impl<'n> FullName<'n> {
    /// Reads `//storage.googleapis.com/projects/_/buckets/b`. Clients that are pointed here put this host in front of projects
    /// (`//127.0.0.1:8080/projects/demo`); some leave the slashes out.
    ///
    /// Errors: 400.
    pub fn read(text: &'n str) -> Result<Self> {
        let bare = text.strip_prefix("//").or_else(|| text.split_once("://").map(|(_, rest)| rest)).unwrap_or(text);
        match bare.split_once('/') {
            Some((host, path)) if !host.is_empty() && !path.is_empty() => {
                Ok(Self { host, path: path.trim_end_matches('/') })
            }
            _ => Err(Error::invalid(format!("Invalid value for fullResourceName: '{text}'"))),
        }
    }

    /// `projects/demo`, `organizations/12`, where the resource is a level of the hierarchy: below it there may be anything.
    pub fn container(&self) -> Option<&'n str> {
        let mut segments = self.path.split('/');
        let kind = segments.next()?;
        let named = segments.next().is_some_and(|id| !id.is_empty()) && segments.next().is_none();
        (matches!(kind, "projects" | "folders" | "organizations") && named).then_some(self.path)
    }

    /// The permissions that can be about the resource.
    pub fn permissions<'c>(&self, catalog: &'c Catalog) -> BTreeSet<&'c str> {
        if self.container().is_some() {
            return catalog.permissions();
        }
        catalog.permissions_of_host(self.host).unwrap_or_else(|| catalog.permissions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    #[test]
    fn projects_are_found_at_every_host() {
        for text in [
            "//cloudresourcemanager.googleapis.com/projects/demo",
            "//127.0.0.1:8080/projects/demo",
            "https://cloudresourcemanager.googleapis.com/projects/demo/",
            "cloudresourcemanager.googleapis.com/projects/demo",
        ] {
            assert_eq!(FullName::read(text).unwrap().container(), Some("projects/demo"), "{text}");
        }
        assert_eq!(FullName::read("//storage.googleapis.com/projects/_/buckets/b").unwrap().container(), None);
        for text in ["", "//", "//host", "//host/"] {
            assert_eq!(FullName::read(text).unwrap_err().http_status(), 400, "{text}");
        }
    }

    #[test]
    fn a_resource_has_the_permissions_of_its_service() {
        let catalog = sample();
        let count = |text: &str| FullName::read(text).unwrap().permissions(&catalog).len();
        assert_eq!(count("//storage.googleapis.com/projects/_/buckets/b"), 5);
        assert_eq!(count("//127.0.0.1:8080/projects/demo"), 9);
    }
}
