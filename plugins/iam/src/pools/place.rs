//! Where pools and what is below them live: `projects/12/locations/global/workloadIdentityPools/p/providers/x/keys/k`. Names have the
//! project's number; clients may write its id.

use crate::projects::{self, Project};
use fogbank_sdk::{Error, Request, Result};

/// A pool, a provider or a key, by the ids on the way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The project's id.
    pub project: String,
    /// The project's number.
    pub number: String,
    pub location: String,
    /// Of the pool, the provider, the key.
    pub ids: Vec<String>,
}

/// Names of the collections, from the top.
const COLLECTIONS: [&str; 3] = ["workloadIdentityPools", "providers", "keys"];

impl Place {
    /// A location.
    pub fn new(project: &str, number: &str, location: &str) -> Self {
        Self { project: project.to_owned(), number: number.to_owned(), location: location.to_owned(), ids: vec![] }
    }

    /// What is one level below.
    #[must_use]
    pub fn with(mut self, id: &str) -> Self {
        self.ids.push(id.to_owned());
        self
    }

    /// The name that the API shows.
    pub fn name(&self) -> String {
        self.below(&self.number)
    }

    /// The full resource name, which policies are kept under: with the project's id, as every resource here.
    pub fn resource(&self) -> String {
        format!("//iam.googleapis.com/{}", self.below(&self.project))
    }

    /// The same with the project's number, which is what principals of the pool are named by.
    pub fn numbered_resource(&self) -> String {
        format!("//iam.googleapis.com/{}", self.name())
    }

    fn below(&self, project: &str) -> String {
        let levels = COLLECTIONS.iter().zip(&self.ids).map(|(collection, id)| format!("/{collection}/{id}"));
        format!("projects/{project}/locations/{}{}", self.location, levels.collect::<String>())
    }

    /// The project's id, then the ids on the way down: what rows are found by.
    pub fn keys(&self) -> Vec<&str> {
        std::iter::once(&self.project).chain(&self.ids).map(String::as_str).collect()
    }
}

/// The place that a route's path names.
///
/// Errors: 404 for another location than `global`.
pub fn of(request: &Request) -> Result<Place> {
    check_location(request.param("location"))?;
    let Project { id, number } = projects::look_up(request.param("project"))?;
    let mut place = Place::new(&id, &number, "global");
    for param in ["pool", "provider", "key"] {
        match request.param(param) {
            "" => {}
            id => place = place.with(id),
        }
    }
    Ok(place)
}

fn check_location(location: &str) -> Result<()> {
    match location {
        "global" => Ok(()),
        other => {
            Err(Error::not_found(format!("Location {other} has no workload identity pools: they are in `global`.")))
        }
    }
}

/// A provider's name as tokens say it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPath<'n> {
    /// Id or number.
    pub project: &'n str,
    pub pool: &'n str,
    pub provider: &'n str,
}

impl<'n> PoolPath<'n> {
    /// Reads `//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/p/providers/x`, with or without the scheme or the
    /// host; none for anything else.
    pub fn read(name: &'n str) -> Option<Self> {
        let bare = name.strip_prefix("https:").unwrap_or(name);
        let bare = bare.strip_prefix("//iam.googleapis.com/").unwrap_or(bare);
        let segments: Vec<&str> = bare.split('/').collect();
        match segments.as_slice() {
            ["projects", project, "locations", "global", "workloadIdentityPools", pool, "providers", provider] => {
                Some(Self { project, pool, provider })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_number_and_policies_the_id() {
        let place = Place::new("demo", "12", "global").with("p").with("x");
        assert_eq!(place.name(), "projects/12/locations/global/workloadIdentityPools/p/providers/x");
        assert_eq!(
            place.resource(),
            "//iam.googleapis.com/projects/demo/locations/global/workloadIdentityPools/p/providers/x"
        );
        assert_eq!(place.keys(), ["demo", "p", "x"]);
    }

    #[test]
    fn a_provider_is_named_in_three_ways() {
        let bare = "projects/12/locations/global/workloadIdentityPools/p/providers/x";
        for name in
            [bare.to_owned(), format!("//iam.googleapis.com/{bare}"), format!("https://iam.googleapis.com/{bare}")]
        {
            assert_eq!(PoolPath::read(&name), Some(PoolPath { project: "12", pool: "p", provider: "x" }));
        }
        for name in
            ["", "projects/12", "//evil.example/projects/12/locations/global/workloadIdentityPools/p/providers/x"]
        {
            assert_eq!(PoolPath::read(name), None, "{name}");
        }
    }
}
