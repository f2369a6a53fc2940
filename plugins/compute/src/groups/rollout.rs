//! What becomes of a group's members: which are made, which go, which go over to another version.

use super::member::{self, Action, Member};
use super::policy::{self, Disruption, Policy};
use super::versions::{self, Version};
use super::{configs, manager};
use compute_api::store::Resource;
use fogbank_sdk::Result;
use std::collections::BTreeMap;

/// Brings members to what the manager wants, as far as may be done at once.
///
/// Errors: where there are no random numbers.
pub fn plan(manager: &Resource, members: &mut Vec<Member>) -> Result<()> {
    let versions = versions::of(manager);
    let policy = policy::of(manager);
    if policy.proactive {
        renew(manager, members, &versions, &policy);
        refresh(manager, members);
    }
    fill(manager, members, &versions, &policy)
}

/// Whether a group has all that it wants, and is doing nothing.
pub fn is_settled(manager: &Resource, members: &[Member]) -> bool {
    let running = members.iter().filter(|member| member.runs()).count();
    let resting = members.iter().all(|member| member.action == Action::None);
    let current = !policy::of(manager).proactive || versions::outdated(&versions::of(manager), members).is_empty();
    resting && current && running == versions::size(manager)
}

/// Whether all instances are of the versions that they are to be of.
pub fn is_current(manager: &Resource, members: &[Member]) -> bool {
    let running = members.iter().filter(|member| member.runs()).count();
    let resting = members.iter().all(|member| member.action == Action::None);
    resting && running <= versions::size(manager) && versions::outdated(&versions::of(manager), members).is_empty()
}

/// Has instances of other versions go over, so many at a time as may be unavailable.
fn renew(manager: &Resource, members: &mut [Member], versions: &[Version], policy: &Policy) {
    let running = members.iter().filter(|member| member.runs() && member.action == Action::None).count();
    let in_place = policy.least < Disruption::Replace || policy.keeps_names || configs::is_stateful(manager);
    // What is not made beside the old one is away for a while.
    let unavailable = if in_place { policy.unavailable.max(1) } else { policy.unavailable };
    let must_run = versions::size(manager).saturating_sub(unavailable);
    let old: Vec<usize> = versions::outdated(versions, members)
        .into_iter()
        .filter(|at| members[*at].action == Action::None)
        .take(running.saturating_sub(must_run))
        .collect();
    for at in old {
        let Some(version) = versions::lacking(versions, members).cloned() else { return };
        let needed = needed(&members[at], &version).max(policy.least);
        change(&mut members[at], &version, needed, policy.keeps_names || configs::is_stateful(manager));
    }
}

/// What is needed for an instance to become one of another version.
pub fn needed(member: &Member, version: &Version) -> Disruption {
    match member.template == version.template.to_string() {
        true => Disruption::None,
        false => Disruption::Replace,
    }
}

/// Has an instance go over.
pub fn change(member: &mut Member, version: &Version, how: Disruption, keeps_name: bool) {
    match how {
        Disruption::Replace if keeps_name => {
            version.take(member);
            member.recreate();
        }
        Disruption::Replace => member.action = Action::Deleting,
        Disruption::Restart => {
            version.take(member);
            member.restart();
        }
        Disruption::Refresh => {
            version.take(member);
            member.action = Action::Refreshing;
        }
        Disruption::None => version.take(member),
    }
}

/// Instances are told labels and metadata that all of the group have.
fn refresh(manager: &Resource, members: &mut [Member]) {
    let common = configs::common_revision(manager);
    for member in members.iter_mut().filter(|member| member.action == Action::None && member.common != common) {
        member.action = Action::Refreshing;
    }
}

/// Adds members that are missing, and marks those to be deleted that their versions have too many of: unfinished ones first, then the
/// last.
fn fill(manager: &Resource, members: &mut Vec<Member>, versions: &[Version], policy: &Policy) -> Result<()> {
    let old = versions::outdated(versions, members);
    let surges = policy.proactive && policy.least.max(Disruption::Restart) == Disruption::Replace;
    let beyond = if surges && !configs::is_stateful(manager) { policy.surge.min(old.len()) } else { 0 };
    let most = versions::size(manager) + if versions::size(manager) == 0 { 0 } else { beyond };
    let zones = manager::zones(manager);
    let mut there = members.iter().filter(|member| member.runs()).count();
    while there < most && !zones.is_empty() {
        let Some(version) = versions::lacking(versions, members) else { return Ok(()) };
        let zone = emptiest(&zones, members);
        let name = member::new_name(manager.text("baseInstanceName").unwrap_or("instance"), members)?;
        members.push(Member::new(&manager.path.project, &zone, &name, version));
        there += 1;
    }
    while there > most {
        let last = |want: &dyn Fn(usize, &Member) -> bool| {
            let mut found = members.iter().enumerate().rev().filter(|(_, member)| member.runs());
            found.find(|(at, member)| want(*at, member)).map(|(at, _)| at)
        };
        let surplus = versions::surplus(versions, members);
        let is_surplus = |at: usize| surplus.contains(&at);
        let at = last(&|at, member| is_surplus(at) && member.action != Action::None);
        let at = at.or_else(|| last(&|at, _| is_surplus(at)));
        let Some(at) = at.or_else(|| last(&|_, _| true)) else { break };
        members[at].action = Action::Deleting;
        there -= 1;
    }
    Ok(())
}

fn emptiest(zones: &[String], members: &[Member]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let of: Vec<String> = members.iter().filter(|member| member.stays()).map(Member::zone).collect();
    for zone in &of {
        *counts.entry(zone).or_default() += 1;
    }
    let least = zones.iter().min_by_key(|zone| counts.get(zone.as_str()).copied().unwrap_or_default());
    least.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;
    use serde_json::json;

    fn group(size: u64, template: &str) -> Resource {
        let path = Path::parse("projects/p/regions/us-central1/instanceGroupManagers/g").unwrap();
        let link = format!("//compute/projects/p/global/instanceTemplates/{template}");
        let body = json!({"targetSize": size, "baseInstanceName": "g", "versions": [{"instanceTemplate": link}]});
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    fn rest(members: &mut [Member]) {
        members.iter_mut().for_each(|member| member.action = Action::None);
    }

    fn going(members: &[Member]) -> Vec<usize> {
        (0..members.len()).filter(|at| !members[*at].stays()).collect()
    }

    #[test]
    fn a_group_spreads_over_its_zones_and_shrinks() {
        let mut members = Vec::new();
        plan(&group(6, "t"), &mut members).unwrap();
        let mut zones: Vec<String> = members.iter().map(Member::zone).collect();
        zones.sort();
        zones.dedup();
        assert_eq!((members.len(), zones.len()), (6, 3));
        rest(&mut members[1..]);
        plan(&group(4, "t"), &mut members).unwrap();
        assert_eq!(going(&members), [0, 5], "what is unfinished goes first");
    }

    #[test]
    fn without_a_surge_a_few_go_at_a_time() {
        let mut members = Vec::new();
        plan(&group(3, "old"), &mut members).unwrap();
        rest(&mut members);
        let mut next = group(3, "new");
        next.set(
            "updatePolicy",
            json!({"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}),
        );
        for _ in 0..2 {
            plan(&next, &mut members).unwrap();
            assert_eq!((going(&members).len(), members.len()), (1, 4));
        }
    }

    #[test]
    fn with_a_surge_none_goes_before_another_runs() {
        let mut members = Vec::new();
        plan(&group(2, "old"), &mut members).unwrap();
        rest(&mut members);
        let mut next = group(2, "new");
        next.set(
            "updatePolicy",
            json!({"type": "PROACTIVE", "minimalAction": "REPLACE", "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0}}),
        );
        plan(&next, &mut members).unwrap();
        assert_eq!((members.len(), going(&members).len()), (3, 0));
        assert!(!is_settled(&next, &members));
        rest(&mut members);
        plan(&next, &mut members).unwrap();
        assert_eq!(going(&members).len(), 1);
    }

    #[test]
    fn a_canary_stays_and_what_it_replaces_goes() {
        let mut members = Vec::new();
        plan(&group(2, "old"), &mut members).unwrap();
        rest(&mut members);
        let mut next = group(2, "old");
        let policy = json!({"minimalAction": "REPLACE", "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0}});
        next.set("updatePolicy", policy);
        next.body["updatePolicy"]["type"] = json!("PROACTIVE");
        let link = "//compute/projects/p/global/instanceTemplates/new";
        let canary = json!({"instanceTemplate": link, "targetSize": {"fixed": 1}});
        next.body["versions"].as_array_mut().unwrap().push(canary);
        plan(&next, &mut members).unwrap();
        assert_eq!((members.len(), going(&members).len()), (3, 0));
        rest(&mut members);
        plan(&next, &mut members).unwrap();
        assert_eq!(going(&members), [1]);
        members.remove(1);
        assert!(is_current(&next, &members));
    }

    #[test]
    fn a_new_name_of_the_version_restarts_where_that_is_enough() {
        let mut members = Vec::new();
        plan(&group(1, "t"), &mut members).unwrap();
        rest(&mut members);
        let mut next = group(1, "t");
        let policy = json!({"type": "PROACTIVE", "minimalAction": "RESTART", "maxUnavailable": {"fixed": 0}});
        next.set("updatePolicy", policy);
        next.body["versions"][0]["name"] = json!("again");
        plan(&next, &mut members).unwrap();
        assert_eq!((members.len(), members[0].action), (1, Action::Restarting));
        rest(&mut members);
        assert!(is_settled(&next, &members));
    }
}
