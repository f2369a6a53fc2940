//! Resources on the way up: from a name, the stored parents, and the parents that manifests declare by pattern.

use super::tables::Entry;
use crate::plugin::manifest::ParentRule;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Levels that are followed; a hierarchy of the real service has at most 14.
const MAX_LEVELS: usize = 32;

/// One level of the way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    pub resource: Arc<str>,
    /// google.iam.v1.Policy as JSON text; none where none was ever set.
    pub policy: Option<Arc<str>>,
}

/// A resource and its ancestors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestry {
    /// From the bottom up; the first is the resource itself.
    pub levels: Vec<Level>,
    /// The lowest level about which anything is known: all resources that share it share everything above.
    pub anchor: Arc<str>,
}

/// Follows `resource` up.
pub fn ancestry(entries: &BTreeMap<Arc<str>, Entry>, rules: &[ParentRule], resource: &str) -> Ancestry {
    let mut levels: Vec<Level> = Vec::new();
    let mut anchor: Option<Arc<str>> = None;
    let mut next: Option<Arc<str>> = Some(Arc::from(resource));
    while let Some(current) = next.take() {
        // A circle of parents ends where it closes.
        if levels.len() >= MAX_LEVELS || levels.iter().any(|level| level.resource == current) {
            break;
        }
        let mut name: &str = &current;
        loop {
            let entry = entries.get(name);
            let parent = entry.and_then(|entry| entry.parent.clone());
            let parent = parent.or_else(|| rules.iter().find_map(|rule| rule.parent_of(name)).map(Arc::from));
            let policy = entry.and_then(|entry| entry.policy.as_ref()).map(|policy| Arc::clone(&policy.document));
            let known = parent.is_some() || policy.is_some();
            if known || name.len() == current.len() {
                let resource: Arc<str> = Arc::from(name);
                if known && anchor.is_none() {
                    anchor = Some(Arc::clone(&resource));
                }
                levels.push(Level { resource, policy });
            }
            if parent.is_some() {
                next = parent;
                break;
            }
            match above(name) {
                Some(above) => name = above,
                None => break,
            }
        }
    }
    Ancestry { levels, anchor: anchor.unwrap_or_else(|| Arc::from(resource)) }
}

/// What a name is below of: the name less its last segment; nothing above the host.
fn above(name: &str) -> Option<&str> {
    let (above, _) = name.rsplit_once('/')?;
    (above.len() > 2 && !above.ends_with('/')).then_some(above)
}

#[cfg(test)]
mod tests {
    use super::super::tables::StoredPolicy;
    use super::*;

    fn entries(list: &[(&str, Option<&str>, Option<&str>)]) -> BTreeMap<Arc<str>, Entry> {
        let entry = |(name, policy, parent): &(&str, Option<&str>, Option<&str>)| {
            let policy = policy.map(|text| StoredPolicy { document: Arc::from(text), generation: 1 });
            (Arc::from(*name), Entry { policy, parent: parent.map(Arc::from) })
        };
        list.iter().map(entry).collect()
    }

    fn names(ancestry: &Ancestry) -> Vec<&str> {
        ancestry.levels.iter().map(|level| &*level.resource).collect()
    }

    #[test]
    fn the_way_goes_by_names_then_parents_then_rules() {
        let entries = entries(&[
            ("//st.test/b/one", Some("{}"), Some("//rm.test/projects/7")),
            ("//rm.test/projects/7", None, Some("//rm.test/projects/shop")),
            ("//rm.test/projects/shop", Some("{}"), Some("//rm.test/folders/1")),
        ]);
        let rules = [ParentRule::parse("//vm.test/projects/{p}", "//rm.test/projects/{p}").expect("rule")];
        let way = ancestry(&entries, &rules, "//st.test/b/one/o/a/b");
        let up = ["//rm.test/projects/shop", "//rm.test/folders/1"];
        let wanted = ["//st.test/b/one/o/a/b", "//st.test/b/one", "//rm.test/projects/7", up[0], up[1]];
        assert_eq!(names(&way), wanted);
        assert_eq!(&*way.anchor, "//st.test/b/one");
        let way = ancestry(&entries, &rules, "//vm.test/projects/shop/vms/v");
        assert_eq!(names(&way), ["//vm.test/projects/shop/vms/v", "//vm.test/projects/shop", up[0], up[1]]);
    }

    #[test]
    fn a_name_that_only_begins_the_same_is_nobodys_child() {
        let entries = entries(&[("//st.test/b/one", Some("{}"), None)]);
        let way = ancestry(&entries, &[], "//st.test/b/one-more/o/x");
        assert_eq!(names(&way), ["//st.test/b/one-more/o/x"]);
        assert_eq!(&*way.anchor, "//st.test/b/one-more/o/x");
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let entries = entries(&[("//a/x", None, Some("//a/y")), ("//a/y", None, Some("//a/x"))]);
        assert_eq!(names(&ancestry(&entries, &[], "//a/x")), ["//a/x", "//a/y"]);
    }
}
