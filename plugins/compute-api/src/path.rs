//! Paths of resources: what follows `/compute/v1/` in their URLs. A path is how a resource is named in rows and in links.

use crate::collections::{self, Place};
use std::fmt;

/// Stands in front of a path inside a stored document, in the place of the URL that a client sees.
pub const MARK: &str = "//compute/";

/// Where a resource lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `global`
    Global,
    /// `regions/REGION`
    Region(String),
    /// `zones/ZONE`
    Zone(String),
}

/// The name of a resource: `projects/demo/zones/us-central1-a/instances/w1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Id of the project.
    pub project: String,
    /// Where it lives.
    pub scope: Scope,
    /// `instances`; `zones` and `regions` for a zone or a region itself, and empty for the project.
    pub collection: String,
    /// What follows the collection, slashes included (`family/debian-12`).
    pub name: String,
}

// === impl Scope ===

impl Scope {
    /// Reads `global`, `regions/R` or `zones/Z`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None if text == "global" => Some(Self::Global),
            Some(("regions", name)) => Some(Self::Region(name.to_owned())),
            Some(("zones", name)) => Some(Self::Zone(name.to_owned())),
            _ => None,
        }
    }

    /// The region: of a zone that which its name begins with.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Region(region) => Some(region),
            Self::Zone(zone) => zone.rsplit_once('-').map(|(region, _)| region),
        }
    }

    /// What the specification's tables call it.
    pub fn table(&self) -> collections::Scope {
        match self {
            Self::Global => collections::Scope::Global,
            Self::Region(_) => collections::Scope::Region,
            Self::Zone(_) => collections::Scope::Zone,
        }
    }

    /// `global`, `region` or `zone`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Region(_) => "region",
            Self::Zone(_) => "zone",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => out.write_str("global"),
            Self::Region(name) => write!(out, "regions/{name}"),
            Self::Zone(name) => write!(out, "zones/{name}"),
        }
    }
}

// === impl Path ===

impl Path {
    /// The path of a resource of a scope.
    pub fn new(project: &str, scope: Scope, collection: &str, name: &str) -> Self {
        Self { project: project.to_owned(), scope, collection: collection.to_owned(), name: name.to_owned() }
    }

    /// Reads `projects/...`. Nothing for what has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut segments = text.split('/');
        if segments.next()? != "projects" {
            return None;
        }
        let project = segments.next().filter(|project| !project.is_empty())?;
        let rest: Vec<&str> = segments.collect();
        if rest.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        let (scope, rest) = match *rest.as_slice() {
            [] => return Some(Self::new(project, Scope::Global, "", "")),
            [collection @ ("zones" | "regions"), name] => {
                return Some(Self::new(project, Scope::Global, collection, name));
            }
            ["global", ref rest @ ..] => (Scope::Global, rest),
            ["regions", name, ref rest @ ..] => (Scope::Region(name.to_owned()), rest),
            ["zones", name, ref rest @ ..] => (Scope::Zone(name.to_owned()), rest),
            _ => return None,
        };
        let (collection, name) = rest.split_first().filter(|(_, name)| !name.is_empty())?;
        Some(Self::new(project, scope, collection, &name.join("/")))
    }

    /// Reads what a client may send in the place of a URL: the URL on any host, the path, or a part of it that begins with the scope,
    /// which is then of `project`. <https://cloud.google.com/apis/design/resource_names>
    pub fn parse_reference(text: &str, project: &str) -> Option<Self> {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let partial = match text.split_once("://") {
            Some(("http" | "https", rest)) => {
                let at = rest.find("/projects/")?;
                &rest[at + 1..]
            }
            Some(_) => return None,
            None => text.trim_start_matches('/'),
        };
        let partial = partial.strip_prefix("compute/v1/").unwrap_or(partial);
        match partial.split('/').next()? {
            "projects" => Self::parse(partial),
            "global" | "zones" | "regions" => Self::parse(&format!("projects/{project}/{partial}")),
            _ => None,
        }
    }

    /// What the specification says of such resources in such a scope.
    pub fn place(&self) -> Option<&'static Place> {
        collections::named(&self.collection).and_then(|collection| collection.place(self.scope.table()))
    }

    /// The form of a link inside a stored document.
    pub fn marked(&self) -> String {
        format!("{MARK}{self}")
    }

    /// Its full resource name, as IAM knows it.
    pub fn full_name(&self) -> String {
        format!("//compute.googleapis.com/{self}")
    }

    /// Another resource of the same project and scope.
    pub fn sibling(&self, collection: &str, name: &str) -> Self {
        Self::new(&self.project, self.scope.clone(), collection, name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "projects/{}", self.project)?;
        match self.collection.as_str() {
            "" => Ok(()),
            "zones" | "regions" => write!(out, "/{}/{}", self.collection, self.name),
            collection => write!(out, "/{}/{collection}/{}", self.scope, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_reference_is_read() {
        let expected = "projects/p/regions/r/subnetworks/s";
        for text in [
            "https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/s",
            "http://127.0.0.1:8080/_tenants/blue/compute/beta/projects/p/regions/r/subnetworks/s",
            "projects/p/regions/r/subnetworks/s",
            "regions/r/subnetworks/s",
            "/regions/r/subnetworks/s",
            "//compute/projects/p/regions/r/subnetworks/s",
        ] {
            assert_eq!(
                Path::parse_reference(text, "p").map(|path| path.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_none_stays_as_it_is() {
        for text in [
            "",
            "default",
            "ftp://x/projects/p/global/networks/n",
            "global",
            "global/networks",
            "projects//global/x/y",
            "a/b/c",
        ] {
            assert_eq!(Path::parse_reference(text, "p"), None, "{text}");
        }
    }

    #[test]
    fn paths_are_written_as_they_were_read() {
        for text in [
            "projects/p",
            "projects/p/zones/z",
            "projects/p/global/images/family/debian-12",
            "projects/p/zones/z/disks/d",
        ] {
            assert_eq!(Path::parse(text).map(|path| path.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_zone_is_in_its_region() {
        assert_eq!(Scope::parse("zones/us-central1-a").unwrap().region(), Some("us-central1"));
        assert_eq!(Scope::parse("global").unwrap().region(), None);
    }
}
