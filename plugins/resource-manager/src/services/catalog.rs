//! The services that there are: those that are loaded, and those that every project of the real cloud has.

use fogbank_sdk::catalog;
use std::collections::BTreeMap;

/// What there is besides the services that are loaded, with its title.
const ALWAYS: [(&str, &str); 2] =
    [("cloudapis.googleapis.com", "Google Cloud APIs"), ("servicemanagement.googleapis.com", "Service Management API")];

/// Titles of hosts that a service claims besides the one that it is known by.
const TITLES: [(&str, &str); 6] = [
    ("apikeys.googleapis.com", "API Keys API"),
    ("iam.googleapis.com", "Identity and Access Management (IAM) API"),
    ("iamcredentials.googleapis.com", "IAM Service Account Credentials API"),
    ("policytroubleshooter.googleapis.com", "Policy Troubleshooter API"),
    ("serviceusage.googleapis.com", "Service Usage API"),
    ("sts.googleapis.com", "Security Token Service API"),
];

/// Services by their names, with their titles.
pub struct Known(BTreeMap<String, String>);

impl Known {
    /// The services that there are now.
    pub fn now() -> Self {
        let loaded = catalog::services().into_iter().flat_map(|service| {
            let title = service.title;
            service.hosts.into_iter().enumerate().map(move |(at, host)| {
                let title = if at == 0 { title.clone() } else { host.clone() };
                (host, title)
            })
        });
        Self::of(loaded)
    }

    fn of(loaded: impl Iterator<Item = (String, String)>) -> Self {
        let always = ALWAYS.iter().map(|(name, title)| ((*name).to_owned(), (*title).to_owned()));
        Self(loaded.filter(|(name, _)| is_service(name)).chain(always).collect())
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a service is loaded or always there, and so enabled unless somebody disabled it.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The title of a service; its name where nothing better is known.
    pub fn title<'n>(&'n self, name: &'n str) -> &'n str {
        let listed = TITLES.iter().find(|(host, _)| *host == name).map(|(_, title)| *title);
        let own = self.0.get(name).map(String::as_str);
        own.filter(|title| *title != name).or(listed).unwrap_or(name)
    }
}

/// Whether this can be a service's name: one label below `googleapis.com`.
pub fn is_service(name: &str) -> bool {
    let fine = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.strip_suffix(".googleapis.com").is_some_and(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaded_services_and_those_of_every_project_are_known() {
        let hosts = [("storage.googleapis.com", "Cloud Storage"), ("pets.example.com", "Pets")];
        let known = Known::of(hosts.iter().map(|(host, title)| ((*host).to_owned(), (*title).to_owned())));
        assert!(known.has("storage.googleapis.com") && known.has("cloudapis.googleapis.com"));
        assert!(!known.has("compute.googleapis.com") && !known.has("pets.example.com"));
        assert_eq!(known.title("storage.googleapis.com"), "Cloud Storage");
        assert_eq!(known.title("sts.googleapis.com"), "Security Token Service API");
        assert_eq!(known.title("dns.googleapis.com"), "dns.googleapis.com");
    }

    #[test]
    fn f29_names_of_services_are_matched_whole() {
        assert!(is_service("compute.googleapis.com"));
        for name in [
            "",
            "googleapis.com",
            ".googleapis.com",
            "a.b.googleapis.com",
            "compute.googleapis.com.evil",
            "Compute.googleapis.com",
            "evil-googleapis.com",
            "../x.googleapis.com",
        ] {
            assert!(!is_service(name), "{name}");
        }
    }
}
