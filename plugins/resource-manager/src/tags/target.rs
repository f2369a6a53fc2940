//! Resources that tags are bound to, and writing what is done with tags.

use crate::names;
use crate::operations::{self, Task};
use crate::projects::Project;
use crate::refusal;
use crate::store::{Outside, Read};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Code, Error, Response, Result, identity};

/// The reason of the error that takes a checked change back.
const CHECKED: &str = "validateOnly";

/// Writes a change and its operation; where the client only wants it checked, the change is taken back.
///
/// Errors: those of `change`.
pub fn write(
    only_check: bool,
    prefix: &str,
    target: &str,
    task: &Task,
    change: impl Fn(&Transaction) -> Result<()>,
) -> Result<Response> {
    let written = db::transaction(|tx| {
        change(tx)?;
        match only_check {
            true => Err(Error::new(Code::Cancelled, CHECKED, "Checked.")),
            false => operations::start(tx, prefix, target, task),
        }
    });
    match written {
        Err(error) if error.reason() == CHECKED => Ok(operations::nothing_done(task)),
        written => operations::finish(&written?, task),
    }
}

/// A resource that tags can be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The full name under which bindings are kept: of a project the one with its number.
    pub full: String,
    /// The full name that policies are kept under.
    policy: String,
}

impl Target {
    /// Reads the full name of a resource that a client gave. What belongs to this service has to be there.
    ///
    /// Errors: 400, 403, 404.
    pub fn of(full: &str) -> Result<Self> {
        let path = full.strip_prefix("//").and_then(|rest| rest.split_once('/'));
        let fine = path.is_some_and(|(host, path)| host.contains('.') && !path.is_empty() && full.len() <= 2048);
        if !fine {
            return Err(refusal::field("parent", "must be a full resource name: //service.googleapis.com/..."));
        }
        let Some(name) = names::relative(full) else {
            return Ok(Self { full: full.to_owned(), policy: full.to_owned() });
        };
        match name.strip_prefix("projects/") {
            Some(key) => {
                let project = Project::asked_for(key)?;
                Ok(Self { full: names::full(&project.name()), policy: project.full_name() })
            }
            None if names::is_container(name) => {
                crate::container::Container::load(&Outside, name)?;
                Ok(Self { full: full.to_owned(), policy: full.to_owned() })
            }
            None => Err(refusal::field("parent", "tags cannot be bound to this resource")),
        }
    }

    /// Refuses who may not do `verb` (`createTagBinding`, ...) with the resource's tags.
    ///
    /// Errors: 403.
    pub fn require(&self, verb: Verb) -> Result<()> {
        let of_hierarchy = names::relative(&self.full).is_some();
        let permission = match (of_hierarchy, verb) {
            (true, Verb::Create) => "resourcemanager.hierarchyNodes.createTagBinding",
            (true, Verb::Delete) => "resourcemanager.hierarchyNodes.deleteTagBinding",
            (true, Verb::List) => "resourcemanager.hierarchyNodes.listTagBindings",
            (true, Verb::ListEffective) => "resourcemanager.hierarchyNodes.listEffectiveTags",
            (false, Verb::Create) => "resourcemanager.resourceTagBindings.create",
            (false, Verb::Delete) => "resourcemanager.resourceTagBindings.delete",
            (false, Verb::List | Verb::ListEffective) => "resourcemanager.resourceTagBindings.list",
        };
        Ok(identity::require(permission, &self.policy, &[])?)
    }

    /// The resource and what it is below of, from the bottom up, by the full names that bindings are kept under.
    pub fn levels(&self, from: &impl Read) -> Result<Vec<String>> {
        let mut levels = vec![self.full.clone()];
        for level in identity::ancestry(&self.policy)? {
            let full = match names::relative(&level.resource).and_then(|name| name.strip_prefix("projects/")) {
                Some(key) if !key.contains('/') => match Project::find(from, key)? {
                    Some(project) => names::full(&project.name()),
                    None => continue,
                },
                _ => level.resource,
            };
            if !levels.contains(&full) {
                levels.push(full);
            }
        }
        Ok(levels)
    }
}

/// What is done with a resource's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Binding one.
    Create,
    /// Taking one away.
    Delete,
    /// Seeing those that are bound to the resource itself.
    List,
    /// Seeing those that hold for it.
    ListEffective,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_what_is_no_full_name_is_refused() {
        for full in ["", "projects/1", "//", "//storage.googleapis.com", "//storage.googleapis.com/", "///x"] {
            assert_eq!(Target::of(full).unwrap_err().http_status(), 400, "{full}");
        }
        let bucket = "//storage.googleapis.com/projects/_/buckets/b";
        assert_eq!(Target::of(bucket).unwrap().full, bucket);
        assert!(Target::of("//cloudresourcemanager.googleapis.com/tagKeys/1").is_err());
    }
}
