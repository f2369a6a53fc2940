//! The caller, and which members of policies mean them.
//! <https://cloud.google.com/iam/docs/principal-identifiers>

use fogbank_sdk::Level;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::groups::Groups;
use super::restriction::Restriction;
use crate::roles::basic::Basic;

/// Where identities of workload identity pools are named.
const POOLS: &str = "//iam.googleapis.com/";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `user:ann@example.com` in small letters; `principal://...` as it is; `allUsers` for somebody unknown.
    name: String,
    /// Groups of the configuration.
    groups: BTreeSet<String>,
    /// Groups that an identity provider names.
    provided: Vec<String>,
    attributes: BTreeMap<String, String>,
}

impl Principal {
    /// The caller of that name.
    pub fn new(name: &str, restriction: &Restriction, groups: &Groups) -> Self {
        let name =
            if name.starts_with("principal:") || name == "allUsers" { name.to_owned() } else { name.to_lowercase() };
        // The kind of a member is written with capitals inside.
        let name = match name.strip_prefix("serviceaccount:") {
            Some(email) => format!("serviceAccount:{email}"),
            None => name,
        };
        let groups = groups.containing(&name);
        Self { name, groups, provided: restriction.groups.clone(), attributes: restriction.attributes.clone() }
    }

    /// Whether somebody stands behind the request.
    pub fn is_known(&self) -> bool {
        self.name != "allUsers"
    }

    /// The e-mail address of a user or a service account.
    fn email(&self) -> Option<&str> {
        let (kind, email) = self.name.split_once(':')?;
        ["user", "serviceAccount"].contains(&kind).then_some(email)
    }

    /// Whether a member of a policy means this caller. `levels` are those of the resource that is asked about.
    pub fn is(&self, member: &str, levels: &[Level]) -> bool {
        match member {
            "allUsers" => return true,
            "allAuthenticatedUsers" => return self.is_known(),
            _ => {}
        }
        let Some((kind, value)) = member.split_once(':') else { return false };
        match kind {
            "user" | "serviceAccount" => {
                self.name.split_once(':').is_some_and(|(own, email)| own == kind && email.eq_ignore_ascii_case(value))
            }
            "group" => self.groups.contains(&value.to_lowercase()),
            "domain" => self.is_of_domain(value),
            "projectOwner" => self.has_basic(Basic::Owner, value, levels),
            "projectEditor" => self.has_basic(Basic::Editor, value, levels),
            "projectViewer" => self.has_basic(Basic::Viewer, value, levels),
            "principal" => self.is_principal(value),
            "principalSet" => self.is_in_set(value),
            // `deleted:...` among them: whoever has the name now is somebody else.
            _ => false,
        }
    }

    fn is_of_domain(&self, domain: &str) -> bool {
        let email = self.name.strip_prefix("user:").and_then(|email| email.rsplit_once('@'));
        email.is_some_and(|(_, own)| own.eq_ignore_ascii_case(domain))
    }

    /// Whether the project's own policy, where it is among the levels, gives the caller that basic role.
    fn has_basic(&self, basic: Basic, project: &str, levels: &[Level]) -> bool {
        let (name, names) = (format!("//cloudresourcemanager.googleapis.com/projects/{project}"), projects(levels));
        if !names.contains(&name.as_str()) {
            return false;
        }
        let policies = levels.iter().filter(|level| names.contains(&level.resource.as_str()));
        policies.filter_map(|level| serde_json::from_str::<Value>(&level.policy).ok()).any(|policy| {
            let bindings = policy["bindings"].as_array().into_iter().flatten();
            let plain = bindings.filter(|binding| binding["role"] == basic.name() && binding["condition"].is_null());
            plain.flat_map(|binding| binding["members"].as_array().into_iter().flatten()).any(|member| {
                // Only what names somebody: a project's own policy cannot point at itself.
                member.as_str().is_some_and(|member| !member.starts_with("project") && self.is(member, &[]))
            })
        })
    }

    fn is_principal(&self, value: &str) -> bool {
        if let Some(email) = value.strip_prefix("//goog/subject/") {
            return self.email().is_some_and(|own| own.eq_ignore_ascii_case(email));
        }
        if let Some(email) = value.strip_prefix("//iam.googleapis.com/projects/-/serviceAccounts/") {
            let own = self.name.strip_prefix("serviceAccount:");
            return own.is_some_and(|own| own.eq_ignore_ascii_case(email));
        }
        self.name.strip_prefix("principal:").is_some_and(|own| own == value)
    }

    fn is_in_set(&self, value: &str) -> bool {
        match value {
            "//goog/public:all" | "//goog/public:allUsers" => return true,
            "//goog/public:allAuthenticatedUsers" => return self.is_known(),
            _ => {}
        }
        if let Some(group) = value.strip_prefix("//goog/group/") {
            return self.groups.contains(&group.to_lowercase());
        }
        // `projects/N/locations/global/workloadIdentityPools/P` and behind it `*`, `group/G` or `attribute.A/V`.
        let Some((pool, _)) = self.name.strip_prefix("principal:").and_then(|own| own.split_once("/subject/")) else {
            return false;
        };
        let Some(rest) = value.strip_prefix(pool).and_then(|rest| rest.strip_prefix('/')) else { return false };
        if !pool.starts_with(POOLS) {
            return false;
        }
        match rest.split_once('/') {
            None => rest == "*",
            Some(("group", group)) => self.provided.iter().any(|own| own == group),
            Some((attribute, wanted)) => {
                let name = attribute.strip_prefix("attribute.").unwrap_or_default();
                self.attributes.get(name).is_some_and(|own| own == wanted)
            }
        }
    }
}

/// The names of the projects on the way up: there is one, which may have its number as a second name.
fn projects(levels: &[Level]) -> Vec<&str> {
    let names = levels.iter().map(|level| level.resource.as_str());
    let projects = names.filter(|name| {
        let id = name.strip_prefix("//cloudresourcemanager.googleapis.com/projects/");
        id.is_some_and(|id| !id.contains('/'))
    });
    projects.collect()
}

#[cfg(test)]
mod tests {
    use super::super::groups::tests::sample;
    use super::*;
    use serde_json::json;

    fn principal(name: &str) -> Principal {
        Principal::new(name, &Restriction::default(), &sample())
    }

    fn is(name: &str, member: &str) -> bool {
        principal(name).is(member, &[])
    }

    #[test]
    fn users_and_accounts_are_matched_without_regard_to_case() {
        assert!(is("user:ann@example.com", "user:Ann@Example.com"));
        assert!(is("user:Ann@Example.com", "user:ann@example.com"));
        assert!(is("serviceAccount:Robot@x.iam.gserviceaccount.com", "serviceAccount:robot@x.iam.gserviceaccount.com"));
        assert!(!is("user:ann@example.com", "serviceAccount:ann@example.com"));
        assert!(!is("user:ann@example.com", "user:bob@example.com"));
        assert!(!is("user:ann@example.com", "ann@example.com"));
        assert!(!is("allUsers", "user:allUsers"));
    }

    #[test]
    fn everybody_and_everybody_known() {
        assert!(is("allUsers", "allUsers") && is("user:ann@example.com", "allUsers"));
        assert!(!is("allUsers", "allAuthenticatedUsers") && is("user:ann@example.com", "allAuthenticatedUsers"));
    }

    #[test]
    fn groups_and_domains() {
        assert!(is("user:bob@example.com", "group:DEVS@example.com"));
        assert!(!is("user:cy@example.com", "group:devs@example.com"));
        assert!(is("user:ann@example.com", "domain:Example.com"));
        assert!(!is("user:ann@evil-example.com", "domain:example.com"));
        assert!(!is("user:ann@example.com.evil", "domain:example.com"));
        assert!(!is("serviceAccount:robot@example.com", "domain:example.com"));
    }

    #[test]
    fn a_deleted_member_is_nobody() {
        assert!(!is("user:ann@example.com", "deleted:user:ann@example.com?uid=1"));
        assert!(!is(
            "serviceAccount:r@x.iam.gserviceaccount.com",
            "deleted:serviceAccount:r@x.iam.gserviceaccount.com?uid=1"
        ));
    }

    #[test]
    fn convenience_members_look_at_the_projects_own_policy() {
        let project = "//cloudresourcemanager.googleapis.com/projects/";
        let policy = json!({"bindings": [
            {"role": "roles/owner", "members": ["user:ann@example.com"]},
            {"role": "roles/editor", "members": ["group:leads@example.com"]},
            {"role": "roles/viewer", "members": ["user:cy@example.com"], "condition": {"expression": "false"}},
        ]});
        let level = |resource: &str, policy: String| Level { resource: resource.into(), policy };
        let levels = [
            level("//storage.googleapis.com/projects/_/buckets/b", String::new()),
            level(&format!("{project}123"), String::new()),
            level(&format!("{project}shop"), policy.to_string()),
        ];
        let is = |name: &str, member: &str| principal(name).is(member, &levels);
        assert!(is("user:ann@example.com", "projectOwner:shop") && is("user:ann@example.com", "projectOwner:123"));
        assert!(!is("user:cy@example.com", "projectEditor:shop") && !is("user:ann@example.com", "projectOwner:other"));
        assert!(is("user:bob@example.com", "projectEditor:shop"));
        assert!(!is("user:cy@example.com", "projectViewer:shop"));
    }

    #[test]
    fn federated_identities_match_by_pool_subject_group_and_attribute() {
        let pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";
        let restriction = Restriction {
            groups: vec!["devs".into()],
            attributes: BTreeMap::from([("branch".into(), "main".into())]),
            ..Restriction::default()
        };
        let name = format!("principal:{pool}/subject/Repo:Ann");
        let principal = Principal::new(&name, &restriction, &Groups::default());
        let is = |member: &str| principal.is(member, &[]);
        assert!(is(&name));
        assert!(!is(&name.to_lowercase()), "subjects are matched by their letters");
        for set in ["*", "group/devs", "attribute.branch/main"] {
            assert!(is(&format!("principalSet:{pool}/{set}")), "{set}");
        }
        for set in ["", "group/ops", "attribute.branch/other", "attribute.main/branch", "subject/Repo:Ann"] {
            assert!(!is(&format!("principalSet:{pool}/{set}")), "{set}");
        }
        assert!(!is(&format!("principalSet:{pool}2/*")) && !is("principalSet://iam.googleapis.com/*"));
        assert!(!is("user:Repo:Ann"));
    }

    #[test]
    fn deny_policies_name_principals_in_another_form() {
        assert!(is("user:ann@example.com", "principal://goog/subject/Ann@example.com"));
        assert!(is("allUsers", "principalSet://goog/public:all"));
        assert!(is("user:bob@example.com", "principalSet://goog/group/devs@example.com"));
        let robot = "serviceAccount:r@x.iam.gserviceaccount.com";
        assert!(is(robot, "principal://iam.googleapis.com/projects/-/serviceAccounts/r@x.iam.gserviceaccount.com"));
        assert!(!is("user:ann@example.com", "principal://goog/subject/bob@example.com"));
    }
}
