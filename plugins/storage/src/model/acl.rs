//! Access control lists: who (`entity`) may do what (`role`), for buckets, for objects, and as a bucket's default for
//! objects. <https://cloud.google.com/storage/docs/access-control/lists>

use crate::model::project;
use fogbank_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

/// One line of an access list, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    pub entity: String,
    pub role: String,
}

/// What a list is about, which decides the roles that it may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Bucket,
    Object,
}

/// The part of the documentation that refusals point to.
const UNIFORM: &str = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access";

/// What to do to an access list, for the refusal under uniform access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Insert,
    Update,
    Delete,
}

/// The refusal of access lists where uniform bucket-level access is on.
pub fn refused(verb: Verb, scope: Scope) -> Error {
    let verb = match verb {
        Verb::Get => "get",
        Verb::Insert => "insert",
        Verb::Update => "update",
        Verb::Delete => "delete",
    };
    Error::invalid(match scope {
        Scope::Bucket => {
            format!("Cannot {verb} legacy ACL for a bucket that has uniform bucket-level access. {UNIFORM}")
        }
        Scope::Object => {
            format!("Cannot {verb} legacy ACL for an object when uniform bucket-level access is enabled. {UNIFORM}")
        }
    })
}

// === impl Entry ===

impl Entry {
    pub fn new(entity: impl Into<String>, role: &str) -> Self {
        Self { entity: entity.into(), role: role.to_owned() }
    }

    /// The entry in normal form (role in upper case, projects by number), or 400.
    pub fn checked(self, scope: Scope) -> Result<Self> {
        let role = self.role.to_ascii_uppercase();
        let roles: &[&str] = match scope {
            Scope::Bucket => &["OWNER", "READER", "WRITER"],
            Scope::Object => &["OWNER", "READER"],
        };
        if self.entity.is_empty() {
            return Err(Error::new(fogbank_sdk::Code::InvalidArgument, "required", "Required"));
        }
        if !roles.contains(&role.as_str()) {
            return Err(Error::invalid(format!("Invalid value for role: {:?}", self.role)));
        }
        Ok(Self { entity: entity(&self.entity)?, role })
    }

    /// The e-mail address in the entity, if it is one.
    pub fn email(&self) -> Option<&str> {
        let who = self.entity.strip_prefix("user-").or_else(|| self.entity.strip_prefix("group-"))?;
        who.contains('@').then_some(who)
    }

    /// The domain in the entity, if it is one.
    pub fn domain(&self) -> Option<&str> {
        self.entity.strip_prefix("domain-")
    }

    /// The team and the project's number, if the entity is a project's team.
    pub fn team(&self) -> Option<(&str, &str)> {
        self.entity.strip_prefix("project-")?.split_once('-')
    }

    /// Whether it is for everybody.
    pub fn is_public(&self) -> bool {
        self.entity == "allUsers" || self.entity == "allAuthenticatedUsers"
    }
}

/// An entity in normal form. <https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls#resource>
pub fn entity(text: &str) -> Result<String> {
    if text == "allUsers" || text == "allAuthenticatedUsers" {
        return Ok(text.to_owned());
    }
    let unknown = || Error::invalid(format!("Unknown entity: {text}"));
    let (kind, rest) = text.split_once('-').filter(|(_, rest)| !rest.is_empty()).ok_or_else(unknown)?;
    match kind {
        "user" | "group" | "domain" => Ok(format!("{kind}-{}", rest.to_ascii_lowercase())),
        "project" => {
            let (team, id) = rest.split_once('-').filter(|(_, id)| !id.is_empty()).ok_or_else(unknown)?;
            let known = ["owners", "editors", "viewers"].contains(&team);
            known.then(|| format!("project-{team}-{}", project::number(id))).ok_or_else(unknown)
        }
        _ => Err(unknown()),
    }
}

/// Entries of one list.
const MOST_ENTRIES: usize = 100;

/// A whole list in normal form: each entity once, the last entry counts.
pub fn checked(entries: Vec<Entry>, scope: Scope) -> Result<Vec<Entry>> {
    if entries.len() > MOST_ENTRIES {
        return Err(Error::invalid(format!("An access control list can have at most {MOST_ENTRIES} entries.")));
    }
    let mut list: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        put(&mut list, entry.checked(scope)?);
    }
    Ok(list)
}

/// Adds an entry, or replaces the entity's.
pub fn put(list: &mut Vec<Entry>, entry: Entry) {
    match list.iter_mut().find(|present| present.entity == entry.entity) {
        Some(present) => *present = entry,
        None => list.push(entry),
    }
}

fn team(team: &str, role: &str, number: i64) -> Entry {
    Entry::new(format!("project-{team}-{number}"), role)
}

/// `projectPrivate`, the default of everything: owners and editors own, viewers read.
pub fn project_private(number: i64) -> Vec<Entry> {
    vec![team("owners", "OWNER", number), team("editors", "OWNER", number), team("viewers", "READER", number)]
}

/// A `predefinedAcl` of a bucket of the project `number`.
pub fn predefined_bucket(name: &str, number: i64) -> Result<Vec<Entry>> {
    let mut list = match name {
        "projectPrivate" => return Ok(project_private(number)),
        "private" | "publicRead" | "publicReadWrite" | "authenticatedRead" => vec![team("owners", "OWNER", number)],
        _ => return Err(unknown_list(name)),
    };
    match name {
        "publicRead" => list.push(Entry::new("allUsers", "READER")),
        "publicReadWrite" => list.push(Entry::new("allUsers", "WRITER")),
        "authenticatedRead" => list.push(Entry::new("allAuthenticatedUsers", "READER")),
        _ => {}
    }
    Ok(list)
}

/// A `predefinedAcl` of an object, or a bucket's `predefinedDefaultObjectAcl` where `creator` (an entity) is absent: the
/// creator of an object is added when it is made.
pub fn predefined_object(name: &str, number: i64, creator: Option<&str>) -> Result<Vec<Entry>> {
    let mut list: Vec<Entry> = creator.map(|entity| Entry::new(entity, "OWNER")).into_iter().collect();
    match name {
        "private" => {}
        "projectPrivate" => list.extend(project_private(number)),
        "publicRead" => list.push(Entry::new("allUsers", "READER")),
        "authenticatedRead" => list.push(Entry::new("allAuthenticatedUsers", "READER")),
        "bucketOwnerRead" => list.push(team("owners", "READER", number)),
        "bucketOwnerFullControl" => list.push(team("owners", "OWNER", number)),
        _ => return Err(unknown_list(name)),
    }
    Ok(list)
}

fn unknown_list(name: &str) -> Error {
    Error::invalid(format!("Invalid value for a predefined ACL: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_have_one_normal_form() {
        assert_eq!(entity("user-Ann@Example.com").unwrap(), "user-ann@example.com");
        assert_eq!(entity("project-owners-77").unwrap(), "project-owners-77");
        assert_eq!(entity("project-viewers-demo").unwrap(), format!("project-viewers-{}", project::number("demo")));
        for bad in ["", "everybody", "user-", "project-kings-7", "project-owners-", "allusers"] {
            assert!(entity(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn objects_have_no_writers() {
        let entry = Entry::new("allUsers", "writer");
        assert_eq!(entry.clone().checked(Scope::Bucket).unwrap().role, "WRITER");
        assert!(entry.checked(Scope::Object).is_err());
    }

    #[test]
    fn an_entity_is_in_a_list_once() {
        let list =
            vec![Entry::new("allUsers", "READER"), Entry::new("user-a@b.c", "OWNER"), Entry::new("allUsers", "OWNER")];
        let list = checked(list, Scope::Object).unwrap();
        assert_eq!(list, [Entry::new("allUsers", "OWNER"), Entry::new("user-a@b.c", "OWNER")]);
    }

    #[test]
    fn predefined_lists_are_what_their_names_say() {
        assert_eq!(predefined_bucket("projectPrivate", 7).unwrap().len(), 3);
        assert_eq!(predefined_bucket("publicReadWrite", 7).unwrap()[1], Entry::new("allUsers", "WRITER"));
        assert!(predefined_bucket("bucketOwnerRead", 7).is_err());
        let list = predefined_object("bucketOwnerRead", 7, Some("user-a@b.c")).unwrap();
        assert_eq!(list, [Entry::new("user-a@b.c", "OWNER"), Entry::new("project-owners-7", "READER")]);
        assert_eq!(predefined_object("private", 7, None).unwrap(), []);
    }
}
