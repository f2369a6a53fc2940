//! Groups, which no local cloud can ask a directory for: they stand in the operator's configuration.
//!
//! ```toml
//! [plugins.iam.settings]
//! groups = { "devs@example.com" = ["user:ann@example.com", "group:leads@example.com"] }
//! ```

use fogbank_sdk::{Result, context};
use std::collections::{BTreeMap, BTreeSet};

/// Members by the group's address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(BTreeMap<String, Vec<String>>);

impl Groups {
    /// Groups with their members, written as policies write them.
    pub fn of(groups: BTreeMap<String, Vec<String>>) -> Self {
        let lower = |members: Vec<String>| members.iter().map(|member| member.to_lowercase()).collect();
        Self(groups.into_iter().map(|(group, members)| (group.to_lowercase(), lower(members))).collect())
    }

    /// The operator's.
    ///
    /// Errors: 500, with the reason in the log, for a setting of another shape.
    pub fn configured() -> Result<Self> {
        Ok(context::setting("groups")?.map(Self::of).unwrap_or_default())
    }

    /// The addresses of all groups that `member` is in, directly or through other groups, however they are nested.
    pub fn containing(&self, member: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut looked_for = vec![member.to_lowercase()];
        while let Some(member) = looked_for.pop() {
            for (group, members) in &self.0 {
                if members.contains(&member) && found.insert(group.clone()) {
                    looked_for.push(format!("group:{group}"));
                }
            }
        }
        found
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// `devs` has Ann and the leads, the leads have Bob and, in a circle, the devs.
    pub fn sample() -> Groups {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Groups::of(BTreeMap::from([
            ("Devs@example.com".to_owned(), texts(&["user:Ann@example.com", "group:leads@example.com"])),
            ("leads@example.com".to_owned(), texts(&["user:bob@example.com", "group:devs@example.com"])),
            ("others@example.com".to_owned(), texts(&["user:cy@example.com"])),
        ]))
    }

    #[test]
    fn groups_nest_and_circles_end() {
        let of = |member: &str| sample().containing(member).into_iter().collect::<Vec<_>>();
        assert_eq!(of("user:ann@EXAMPLE.com"), ["devs@example.com", "leads@example.com"]);
        assert_eq!(of("user:bob@example.com"), ["devs@example.com", "leads@example.com"]);
        assert_eq!(of("user:cy@example.com"), ["others@example.com"]);
        assert_eq!(of("serviceAccount:ann@example.com"), Vec::<String>::new());
    }
}
