//! What a manifest says of permissions beyond its routes: roles that the service brings, and where resources have parents by
//! their names alone.

use super::problem::{Problems, Spot};
use super::raw::{RawManifest, RawRole};
use super::route::{Permission, Route};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Permissions, roles and parents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Every permission that a route or the manifest's `permissions` name.
    pub permissions: BTreeSet<Arc<str>>,
    pub roles: Vec<Role>,
    /// Permissions that basic roles do not have; `*` stands for any run of characters.
    pub not_basic: Vec<String>,
    pub parents: Vec<ParentRule>,
}

/// A predefined role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `roles/storage.admin`.
    pub name: String,
    pub title: String,
    pub description: String,
    /// With `*` for any run of characters.
    pub permissions: Vec<String>,
}

/// Every resource of one shape of name has a parent of another: `//compute.example.com/projects/{project}` is below
/// `//projects.example.com/{project}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRule {
    child: Vec<Piece>,
    parent: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Param(String),
}

impl ParentRule {
    /// Reads a rule; the error is a sentence.
    pub fn parse(child: &str, parent: &str) -> Result<Self, String> {
        let rule = Self { child: pieces(child)?, parent: pieces(parent)? };
        let names: BTreeSet<&str> = rule.child.iter().filter_map(Piece::name).collect();
        match rule.parent.iter().filter_map(Piece::name).find(|name| !names.contains(name)) {
            Some(name) => Err(format!("`{parent}` uses {{{name}}}, which `{child}` does not have")),
            None => Ok(rule),
        }
    }

    /// The parent of `resource`, where its name has the rule's shape.
    pub fn parent_of(&self, resource: &str) -> Option<String> {
        let segments: Vec<&str> = resource.split('/').collect();
        if segments.len() != self.child.len() {
            return None;
        }
        let mut values = BTreeMap::new();
        for (piece, segment) in self.child.iter().zip(segments) {
            match piece {
                Piece::Text(text) if text == segment => {}
                // `-` and `_` stand for whatever: they are nobody's child.
                Piece::Param(name) if !matches!(segment, "" | "-" | "_") => {
                    values.insert(name.as_str(), segment);
                }
                _ => return None,
            }
        }
        let filled = self.parent.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Param(name) => values.get(name.as_str()).copied().unwrap_or_default(),
        });
        Some(filled.collect::<Vec<_>>().join("/"))
    }
}

impl Piece {
    fn name(&self) -> Option<&str> {
        match self {
            Piece::Text(_) => None,
            Piece::Param(name) => Some(name),
        }
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    if !text.starts_with("//") {
        return Err(format!("`{text}` is no full resource name: it does not begin with `//`"));
    }
    let piece = |segment: &str| match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(name) => Ok(Piece::Param(name.to_owned())),
        None if segment.contains(['{', '}']) => Err(format!("`{text}`: {{name}} stands for a whole segment")),
        None => Ok(Piece::Text(segment.to_owned())),
    };
    text.split('/').map(piece).collect()
}

/// Checks what the manifest says, given its checked routes.
pub(super) fn access(raw: &mut RawManifest, routes: &[Arc<Route>], problems: &mut Problems) -> Access {
    let mut permissions: BTreeSet<Arc<str>> = BTreeSet::new();
    for route in routes {
        if let Some(Permission::Named(name)) = &route.permission {
            permissions.insert(Arc::clone(name));
        }
    }
    for name in std::mem::take(&mut raw.permissions) {
        match is_permission(&name) {
            true => drop(permissions.insert(name.into())),
            false => problems.add(format!("permissions: `{name}` is none (service.collection.verb)")),
        }
    }
    let mut parents = Vec::new();
    for (child, parent) in &raw.parents {
        parents.extend(problems.take("parents", ParentRule::parse(child, parent)));
    }
    let roles = roles(std::mem::take(&mut raw.roles), problems);
    Access { permissions, roles, not_basic: std::mem::take(&mut raw.basic_roles.exclude), parents }
}

fn is_permission(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    name.contains('.') && name.split('.').all(part)
}

fn roles(raw: Vec<(Spot, RawRole)>, problems: &mut Problems) -> Vec<Role> {
    let mut names = BTreeSet::new();
    let mut roles = Vec::new();
    for (spot, RawRole { name, title, description, permissions }) in raw {
        if !name.starts_with("roles/") || name.len() == "roles/".len() {
            problems.add_in(spot, format!("role {name}: the name of a role begins with `roles/`"));
        } else if !names.insert(name.clone()) {
            problems.add_in(spot, format!("role {name}: two have this name"));
        } else if permissions.is_empty() {
            problems.add_in(spot, format!("role {name}: it has no permissions"));
        } else {
            roles.push(Role { title: title.unwrap_or_else(|| name.clone()), name, description, permissions });
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_follows_from_a_name() {
        let rule = ParentRule::parse("//vm.test/projects/{p}", "//rm.test/projects/{p}").expect("rule");
        assert_eq!(rule.parent_of("//vm.test/projects/shop").as_deref(), Some("//rm.test/projects/shop"));
        for other in ["//vm.test/projects/shop/x", "//vm.test/projects/-", "//vm.test/projects/", "//other/projects/a"]
        {
            assert_eq!(rule.parent_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        assert!(ParentRule::parse("//a/{b}", "//c/{d}").is_err());
        assert!(ParentRule::parse("a/{b}", "//c/{b}").is_err());
        assert!(ParentRule::parse("//a/x{b}", "//c").is_err());
    }
}
