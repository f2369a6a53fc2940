//! Versions of a managed group: which templates its instances are to be made from, and how many from each.
//! <https://cloud.google.com/compute/docs/instance-groups/updating-migs>
//!
//! An instance is of a version when its template and the version's name are the same; a new name alone (`rolling-action replace`)
//! makes all instances out of date.

use super::member::Member;
use compute_api::failure;
use compute_api::path::{MARK, Path};
use compute_api::store::Resource;
use fogbank_sdk::Result;
use serde_json::{Value, json};

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What instances are made from.
    pub template: Path,
    /// What its maker calls it.
    pub name: Option<String>,
    /// How many instances are wanted of it.
    pub count: usize,
}

// === impl Version ===

impl Version {
    /// Whether an instance is of it.
    pub fn has(&self, member: &Member) -> bool {
        member.template == self.template.to_string() && member.version == self.name
    }

    /// Makes an instance one of it.
    pub fn take(&self, member: &mut Member) {
        member.template = self.template.to_string();
        member.version.clone_from(&self.name);
    }
}

/// The versions of a manager, in their order.
pub fn of(manager: &Resource) -> Vec<Version> {
    let size = size(manager);
    let listed = manager.body.get("versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut versions: Vec<Version> = Vec::new();
    let mut rest = None;
    for version in listed {
        let Some(template) = version["instanceTemplate"].as_str().and_then(template_of) else { continue };
        let count = said(&version["targetSize"], size);
        if count.is_none() {
            rest = Some(versions.len());
        }
        let name = version["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        versions.push(Version { template, name, count: count.unwrap_or_default() });
    }
    let given: usize = versions.iter().map(|version| version.count).sum();
    if let Some(version) = rest.or(Some(0)).and_then(|at| versions.get_mut(at)) {
        version.count += size.saturating_sub(given);
    }
    versions
}

/// What a `targetSize` says of a group of `size`: a number, or a part in percent, which is rounded up.
fn said(target: &Value, size: usize) -> Option<usize> {
    let fixed = target["fixed"].as_u64().map(|count| count as usize);
    let percent = target["percent"].as_u64().map(|percent| (size * percent as usize).div_ceil(100));
    fixed.or(percent).map(|count| count.min(size))
}

/// How many running instances are wanted.
pub fn size(manager: &Resource) -> usize {
    manager.body.get("targetSize").and_then(Value::as_u64).unwrap_or_default() as usize
}

/// The version that lacks most instances: what the next one is made from.
pub fn lacking<'a>(versions: &'a [Version], members: &[Member]) -> Option<&'a Version> {
    let lacks = |version: &Version| {
        let having = members.iter().filter(|member| member.runs() && version.has(member)).count();
        version.count as i64 - having as i64
    };
    versions.iter().rev().max_by_key(|version| lacks(version))
}

/// Places of the instances that are of no version, of those that their version has too many of, and how many others lack.
fn sorted(versions: &[Version], members: &[Member]) -> (Vec<usize>, Vec<usize>, usize) {
    let (mut homeless, mut beyond, mut having) = (Vec::new(), Vec::new(), vec![0; versions.len()]);
    for (at, member) in members.iter().enumerate().filter(|(_, member)| member.runs()) {
        let Some(version) = versions.iter().position(|version| version.has(member)) else {
            homeless.push(at);
            continue;
        };
        having[version] += 1;
        if having[version] > versions[version].count {
            beyond.push(at);
        }
    }
    let lacking = versions.iter().zip(&having).map(|(version, having)| version.count.saturating_sub(*having)).sum();
    (homeless, beyond, lacking)
}

/// Places of the instances that are to become something else: those of no version, and of versions with more than are wanted
/// as many as other versions lack.
pub fn outdated(versions: &[Version], members: &[Member]) -> Vec<usize> {
    let (mut old, beyond, lacking) = sorted(versions, members);
    let taken = lacking.saturating_sub(old.len()).min(beyond.len());
    old.extend(&beyond[..taken]);
    old
}

/// Places of the instances of which some go where there are too many: of no version, or of one that has too many.
pub fn surplus(versions: &[Version], members: &[Member]) -> Vec<usize> {
    let (homeless, beyond, _) = sorted(versions, members);
    let full = |member: &Member| {
        let of = versions.iter().find(|version| version.has(member));
        of.is_some_and(|version| beyond.iter().any(|at| version.has(&members[*at])))
    };
    let there = members.iter().enumerate().filter(|(_, member)| member.runs());
    there.filter(|(at, member)| homeless.contains(at) || full(member)).map(|(at, _)| at).collect()
}

/// The template is said alone or as versions; both are shown.
///
/// Errors: 400 without one, or for versions that say their sizes in a way that leaves nothing to the rest.
pub fn settle(manager: &mut Resource) -> Result<()> {
    let version =
        manager.body.get("versions").and_then(|versions| versions[0]["instanceTemplate"].as_str()).map(str::to_owned);
    let alone = manager.text("instanceTemplate").map(str::to_owned);
    let sent = version.or(alone).ok_or_else(|| failure::required("resource.instanceTemplate"))?;
    if template_of(&sent).is_none() {
        return Err(failure::invalid("resource.instanceTemplate", sent, "The URL is malformed."));
    }
    manager.set("instanceTemplate", sent.as_str());
    if manager.body.get("versions").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        manager.set("versions", json!([{"instanceTemplate": sent}]));
    }
    let versions = manager.body.get_mut("versions").and_then(Value::as_array_mut);
    let versions = versions.map(Vec::as_mut_slice).unwrap_or_default();
    for version in versions.iter_mut() {
        // What was shown may come back.
        if let Some(target) = version["targetSize"].as_object_mut() {
            target.remove("calculated");
        }
        if version["targetSize"].as_object().is_none_or(serde_json::Map::is_empty)
            && let Some(version) = version.as_object_mut()
        {
            version.remove("targetSize");
        }
    }
    match versions.iter().filter(|version| version.get("targetSize").is_none()).count() {
        1 => Ok(()),
        _ if versions.len() == 1 => Ok(()),
        _ => Err(failure::invalid("resource.versions", "", "Exactly one version has to be without a targetSize.")),
    }
}

fn template_of(text: &str) -> Option<Path> {
    text.strip_prefix(MARK).and_then(Path::parse).filter(|path| path.collection == "instanceTemplates")
}

/// Adds to the versions how many instances each should have.
pub fn show(manager: &mut Resource) {
    let counts: Vec<usize> = of(manager).into_iter().map(|version| version.count).collect();
    let versions = manager.body.get_mut("versions").and_then(Value::as_array_mut);
    for (version, count) in versions.into_iter().flatten().zip(counts) {
        version["targetSize"]["calculated"] = json!(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(versions: Value) -> Resource {
        let path = Path::parse("projects/p/zones/us-central1-a/instanceGroupManagers/g").unwrap();
        let body = json!({"targetSize": 3, "versions": versions});
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    fn template(name: &str) -> String {
        format!("//compute/projects/p/global/instanceTemplates/{name}")
    }

    fn members(version: &Version, count: usize) -> Vec<Member> {
        let one = |at| Member::new("p", "us-central1-a", &format!("g-{at}"), version);
        (0..count).map(one).collect()
    }

    #[test]
    fn a_canary_takes_its_part_of_the_instances() {
        let canary = json!({"instanceTemplate": template("new"), "targetSize": {"percent": 20}});
        let group = manager(json!([{"instanceTemplate": template("old")}, canary]));
        let versions = of(&group);
        assert_eq!(versions.iter().map(|version| version.count).collect::<Vec<_>>(), [2, 1]);
        let mut members = members(&versions[0], 3);
        assert_eq!(outdated(&versions, &members), [2]);
        assert_eq!(lacking(&versions, &members).unwrap().template.name, "new");
        versions[1].take(&mut members[2]);
        assert!(outdated(&versions, &members).is_empty());
    }

    #[test]
    fn a_new_name_alone_makes_all_instances_old() {
        let before = of(&manager(json!([{"instanceTemplate": template("t"), "name": "one"}])));
        let after = of(&manager(json!([{"instanceTemplate": template("t"), "name": "two"}])));
        assert_eq!(outdated(&after, &members(&before[0], 3)), [0, 1, 2]);
    }

    #[test]
    fn versions_that_leave_nothing_to_the_rest_are_refused() {
        let fixed = |name: &str| json!({"instanceTemplate": template(name), "targetSize": {"fixed": 1}});
        assert!(settle(&mut manager(json!([fixed("a"), fixed("b")]))).is_err());
        let mut group = manager(json!([{"instanceTemplate": template("a"), "targetSize": {"calculated": 3}}]));
        settle(&mut group).unwrap();
        assert!(group.body["versions"][0].get("targetSize").is_none());
    }
}
