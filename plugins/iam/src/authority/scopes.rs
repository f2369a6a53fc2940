//! What OAuth scopes leave of somebody's rights. <https://developers.google.com/identity/protocols/oauth2/scopes>

use crate::roles::basic::Basic;

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// What a known scope is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scope {
    /// The first segment of permissions; none for all.
    service: Option<&'static str>,
    level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Read,
    /// Everything but who may what.
    Write,
    Full,
}

impl Scope {
    fn of(scope: &str) -> Option<Self> {
        let (service, level) = match scope.strip_prefix(PREFIX)? {
            "cloud-platform" => (None, Level::Full),
            "cloud-platform.read-only" => (None, Level::Read),
            "devstorage.read_only" => (Some("storage"), Level::Read),
            "devstorage.read_write" => (Some("storage"), Level::Write),
            "devstorage.full_control" => (Some("storage"), Level::Full),
            "compute" => (Some("compute"), Level::Full),
            "compute.readonly" => (Some("compute"), Level::Read),
            "iam" => (Some("iam"), Level::Full),
            _ => return None,
        };
        Some(Self { service, level })
    }

    fn is_about(self, permission: &str) -> bool {
        let first = permission.split('.').next().unwrap_or_default();
        self.service.is_none_or(|service| service == first)
    }

    fn allows(self, permission: &str) -> bool {
        self.is_about(permission)
            && match self.level {
                Level::Read => Basic::Viewer.grants(permission),
                Level::Write => !permission.ends_with(".setIamPolicy"),
                Level::Full => true,
            }
    }
}

/// Whether a scope says who somebody is and opens nothing.
fn is_identity(scope: &str) -> bool {
    ["openid", "email", "profile"].contains(&scope) || scope.starts_with("https://www.googleapis.com/auth/userinfo.")
}

/// Whether a token with these scopes (spaces between them) may be used for `permission`. No scope restricts nothing. A scope that is
/// not known here restricts nothing either: it may be about any service that the known ones are not about.
pub fn allow(scopes: &str, permission: &str) -> bool {
    let scopes: Vec<&str> = scopes.split_ascii_whitespace().filter(|scope| !is_identity(scope)).collect();
    let known: Vec<Scope> = scopes.iter().filter_map(|scope| Scope::of(scope)).collect();
    if known.is_empty() || known.iter().any(|scope| scope.allows(permission)) {
        return true;
    }
    known.len() < scopes.len() && !known.iter().any(|scope| scope.is_about(permission))
}

/// The scopes as far as they restrict anything; empty where they do not, so that decisions for such tokens are remembered together.
pub fn restricting(scopes: &str) -> String {
    let all = format!("{PREFIX}cloud-platform");
    let restricts = scopes.split_ascii_whitespace().any(|scope| Scope::of(scope).is_some());
    let unrestricted = scopes.split_ascii_whitespace().any(|scope| scope == all);
    if restricts && !unrestricted { scopes.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(scopes: &[&str], permission: &str) -> bool {
        let scopes: Vec<String> = scopes
            .iter()
            .map(|scope| if *scope == "openid" { "openid".into() } else { format!("{PREFIX}{scope}") })
            .collect();
        allow(&scopes.join(" "), permission)
    }

    #[test]
    fn read_only_scopes_refuse_writes() {
        for scope in ["devstorage.read_only", "cloud-platform.read-only"] {
            assert!(allowed(&[scope], "storage.objects.get") && allowed(&[scope], "storage.buckets.list"), "{scope}");
            assert!(
                !allowed(&[scope], "storage.objects.create") && !allowed(&[scope], "storage.objects.delete"),
                "{scope}"
            );
        }
        assert!(allowed(&["cloud-platform.read-only"], "compute.instances.list"));
        assert!(!allowed(&["devstorage.read_only"], "compute.instances.list"));
    }

    #[test]
    fn read_write_does_not_say_who_may_what() {
        assert!(allowed(&["devstorage.read_write"], "storage.objects.create"));
        assert!(!allowed(&["devstorage.read_write"], "storage.buckets.setIamPolicy"));
        assert!(allowed(&["devstorage.full_control"], "storage.buckets.setIamPolicy"));
    }

    #[test]
    fn the_widest_scope_counts() {
        assert!(allowed(&["devstorage.read_only", "cloud-platform"], "storage.objects.create"));
        assert!(allowed(&["devstorage.read_only", "compute"], "compute.instances.insert"));
        assert!(!allowed(&["devstorage.read_only", "compute"], "storage.objects.create"));
        assert!(allow("", "storage.objects.create"));
    }

    #[test]
    fn an_unknown_scope_restricts_nothing_more() {
        assert!(allowed(&["pubsub"], "storage.objects.create"));
        assert!(allowed(&["pubsub", "devstorage.read_only"], "pubsub.topics.create"));
        assert!(!allowed(&["pubsub", "devstorage.read_only"], "storage.objects.create"));
        assert!(!allowed(&["openid", "devstorage.read_only"], "pubsub.topics.create"));
    }

    #[test]
    fn what_restricts_nothing_is_not_kept() {
        assert_eq!(restricting("https://www.googleapis.com/auth/cloud-platform openid"), "");
        assert_eq!(restricting("openid email"), "");
        let scope = "https://www.googleapis.com/auth/devstorage.read_only";
        assert_eq!(restricting(scope), scope);
    }
}
