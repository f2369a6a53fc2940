//! Permissions and predefined roles of all loaded services, which their manifests bring.

use crate::roles::basic::Basic;
use crate::wildcard;
use fogbank_sdk::catalog::{self, Service};
use std::collections::{BTreeMap, BTreeSet};

/// What is loaded, read once.
#[derive(Debug)]
pub struct Catalog(Vec<Service>);

/// A predefined or basic role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predefined {
    /// `roles/storage.admin`.
    pub name: String,
    pub title: String,
    pub description: String,
}

impl Catalog {
    /// Asks the host.
    pub fn load() -> Self {
        Self(catalog::services())
    }

    /// A catalog for unit tests.
    #[cfg(test)]
    pub fn of(services: Vec<Service>) -> Self {
        Self(services)
    }

    /// The services, in order of their names.
    pub fn services(&self) -> &[Service] {
        &self.0
    }

    /// Every permission that there is, in order.
    pub fn permissions(&self) -> BTreeSet<&str> {
        self.0.iter().flat_map(|service| &service.permissions).map(String::as_str).collect()
    }

    /// Whether a service has this permission.
    pub fn knows(&self, permission: &str) -> bool {
        self.0.iter().any(|service| service.permissions.iter().any(|known| known == permission))
    }

    /// Permissions of the services that claim a host name; none where nobody does.
    pub fn permissions_of_host(&self, host: &str) -> Option<BTreeSet<&str>> {
        let mut services =
            self.0.iter().filter(|service| service.hosts.iter().any(|claimed| claimed == host)).peekable();
        services.peek()?;
        let first = host.split('.').next().unwrap_or_default();
        let all: BTreeSet<&str> = services.flat_map(|service| &service.permissions).map(String::as_str).collect();
        // A service may speak for several hosts: `apikeys.` permissions are not about what lives at iam.googleapis.com.
        let own: BTreeSet<&str> = all
            .iter()
            .copied()
            .filter(|name| name.strip_prefix(first).is_some_and(|rest| rest.starts_with('.')))
            .collect();
        Some(if own.is_empty() { all } else { own })
    }

    /// All basic and predefined roles, in order of their names.
    pub fn roles(&self) -> Vec<Predefined> {
        let mut roles: BTreeMap<&str, Predefined> = BTreeMap::new();
        for basic in Basic::ALL {
            roles.insert(basic.name(), Predefined::new(basic.name(), basic.title(), basic.description()));
        }
        for role in self.0.iter().flat_map(|service| &service.roles) {
            roles.entry(&role.name).or_insert_with(|| Predefined::new(&role.name, &role.title, &role.description));
        }
        roles.into_values().collect()
    }

    /// A basic or predefined role.
    pub fn role(&self, name: &str) -> Option<Predefined> {
        if let Some(basic) = Basic::of(name) {
            return Some(Predefined::new(name, basic.title(), basic.description()));
        }
        let mut roles = self.0.iter().flat_map(|service| &service.roles);
        roles.find(|role| role.name == name).map(|role| Predefined::new(name, &role.title, &role.description))
    }

    /// Whether a basic or predefined role has a permission, which some service has to know; false for a role that nobody knows.
    pub fn includes(&self, role: &str, permission: &str) -> bool {
        self.knows(permission) && self.grants(role, permission)
    }

    /// The permissions of a basic or predefined role; none where there is no such role.
    pub fn permissions_of(&self, role: &str) -> Option<BTreeSet<&str>> {
        self.role(role)?;
        Some(self.permissions().into_iter().filter(|permission| self.grants(role, permission)).collect())
    }

    fn grants(&self, role: &str, permission: &str) -> bool {
        if let Some(basic) = Basic::of(role) {
            return basic.grants(permission) && !self.is_not_basic(permission);
        }
        let roles = self.0.iter().flat_map(|service| &service.roles).filter(|known| known.name == role);
        roles.flat_map(|known| &known.permissions).any(|pattern| wildcard::matches(pattern, permission))
    }

    fn is_not_basic(&self, permission: &str) -> bool {
        self.0.iter().flat_map(|service| &service.not_basic).any(|pattern| wildcard::matches(pattern, permission))
    }
}

impl Predefined {
    fn new(name: &str, title: &str, description: &str) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), description: description.to_owned() }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use fogbank_sdk::catalog::Role;

    /// Two services: one with buckets, one with accounts and API keys.
    pub fn sample() -> Catalog {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let service =
            |name: &str, hosts: &[&str], permissions: &[&str], roles: Vec<Role>, not_basic: &[&str]| Service {
                name: name.into(),
                version: "0.1.0".into(),
                title: name.into(),
                hosts: texts(hosts),
                permissions: texts(permissions),
                roles,
                not_basic: texts(not_basic),
            };
        let role = |name: &str, permissions: &[&str]| Role {
            name: name.into(),
            title: "T".into(),
            description: "D".into(),
            permissions: texts(permissions),
        };
        Catalog::of(vec![
            service(
                "iam",
                &["iam.googleapis.com", "apikeys.googleapis.com"],
                &["apikeys.keys.get", "iam.roles.create", "iam.roles.get", "iam.serviceAccounts.getAccessToken"],
                vec![role("roles/iam.securityReviewer", &["*.getIamPolicy", "*.list"])],
                &["iam.serviceAccounts.getAccessToken"],
            ),
            service(
                "storage",
                &["storage.googleapis.com"],
                &[
                    "storage.buckets.create",
                    "storage.buckets.getIamPolicy",
                    "storage.buckets.list",
                    "storage.buckets.setIamPolicy",
                    "storage.objects.get",
                ],
                vec![
                    role("roles/storage.admin", &["storage.*"]),
                    role("roles/storage.bucketViewer", &["storage.buckets.list", "storage.gone.get"]),
                ],
                &["storage.objects.*"],
            ),
        ])
    }

    #[test]
    fn stars_are_expanded_over_what_is_loaded() {
        let catalog = sample();
        assert_eq!(catalog.permissions_of("roles/storage.admin").unwrap().len(), 5);
        let reviewer = catalog.permissions_of("roles/iam.securityReviewer").unwrap();
        assert_eq!(reviewer.into_iter().collect::<Vec<_>>(), ["storage.buckets.getIamPolicy", "storage.buckets.list"]);
        assert_eq!(catalog.permissions_of("roles/nobody"), None);
    }

    #[test]
    fn a_permission_that_no_service_has_is_granted_by_nothing() {
        let catalog = sample();
        assert!(!catalog.includes("roles/storage.bucketViewer", "storage.gone.get"));
        assert!(!catalog.includes("roles/owner", "compute.instances.get"));
        assert!(catalog.includes("roles/storage.bucketViewer", "storage.buckets.list"));
    }

    #[test]
    fn basic_roles_are_computed() {
        let catalog = sample();
        assert!(
            catalog.includes("roles/viewer", "storage.buckets.list")
                && catalog.includes("roles/viewer", "iam.roles.get")
        );
        assert!(!catalog.includes("roles/viewer", "storage.buckets.create"));
        assert!(catalog.includes("roles/editor", "storage.buckets.create"));
        assert!(!catalog.includes("roles/editor", "storage.buckets.setIamPolicy"));
        assert!(!catalog.includes("roles/editor", "iam.roles.create"));
        assert!(catalog.includes("roles/owner", "storage.buckets.setIamPolicy"));
        for role in ["roles/viewer", "roles/editor", "roles/owner"] {
            assert!(
                !catalog.includes(role, "storage.objects.get")
                    && !catalog.includes(role, "iam.serviceAccounts.getAccessToken")
            );
        }
    }

    #[test]
    fn a_host_has_the_permissions_of_its_own_name() {
        let catalog = sample();
        assert_eq!(
            catalog.permissions_of_host("apikeys.googleapis.com").unwrap().into_iter().collect::<Vec<_>>(),
            ["apikeys.keys.get"]
        );
        assert_eq!(catalog.permissions_of_host("storage.googleapis.com").unwrap().len(), 5);
        assert_eq!(catalog.permissions_of_host("127.0.0.1:8080"), None);
    }
}
