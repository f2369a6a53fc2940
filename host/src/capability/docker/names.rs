//! What things of a service are called at the engine, and the labels by which they are known again.
//!
//! A name says whose it is: installation, tenant, domain, and the service's own name. Only what also has the labels is ours: a
//! name can be given by anybody.

use super::error::DockerError;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::Arc;

const INSTALLATION: &str = "fogbank.installation";
const TENANT: &str = "fogbank.tenant";
const DOMAIN: &str = "fogbank.domain";
const NAME: &str = "fogbank.name";
/// The digest of what the thing was made from.
pub const SPEC: &str = "fogbank.spec";
/// The service's own labels, as a JSON list of pairs.
pub const OWN: &str = "fogbank.labels";
/// The digest of what an image was made from. Labels of images have names of their own: a container has those of its image as well.
pub const IMAGE_SPEC: &str = "fogbank.image.spec";
const IMAGE_INSTALLATION: &str = "fogbank.image.installation";
const IMAGE_TENANT: &str = "fogbank.image.tenant";

/// The longest name that a service may give.
const LONGEST: usize = 100;

/// Labels as the engine takes them.
pub type Labels = HashMap<String, String>;

/// A filter as the engine takes it.
pub type Filter = HashMap<String, Vec<String>>;

/// Whose things are meant: a domain in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub tenant: Arc<str>,
    pub domain: Arc<str>,
}

/// This data folder, as far as the engine knows it.
#[derive(Clone)]
pub struct Installation {
    /// Eight hexadecimal digits.
    pub id: String,
    key: Hmac<Sha256>,
}

impl Installation {
    /// From the data folder's secret.
    pub fn of(secret: &[u8]) -> Self {
        let key = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        let mut own = Self { id: String::new(), key };
        own.id = hex::encode(&own.mac("docker installation", "").finalize().into_bytes()[..4]);
        own
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(b"fogbank ");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        mac
    }

    /// Proves, to nobody but this installation, that `text` is its own.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        hex::encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// Whether `seal` is that of `text`; takes as long whatever is wrong with it.
    pub fn verifies(&self, purpose: &str, text: &str, seal: &str) -> bool {
        hex::decode(seal).is_ok_and(|seal| self.mac(purpose, text).verify_slice(&seal).is_ok())
    }

    /// The engine's name of a container, network or volume.
    pub fn name(&self, owner: &Owner, name: &str) -> Result<String, DockerError> {
        check(name)?;
        Ok(format!("{}{name}", self.prefix(owner)))
    }

    /// What the engine's names of an owner's things begin with. Neither tenants nor domains have dots.
    pub fn prefix(&self, owner: &Owner) -> String {
        format!("fogbank-{}.{}.{}.", self.id, owner.tenant, owner.domain)
    }

    /// Repository and tag of an owner's image.
    pub fn image(&self, owner: &Owner, name: &str) -> Result<(String, String), DockerError> {
        check(name)?;
        Ok((format!("fogbank-{}/{}/{}", self.id, owner.tenant, owner.domain), name.to_owned()))
    }

    /// The labels of a thing.
    pub fn labels(&self, owner: &Owner, name: &str) -> Labels {
        let pairs = [(INSTALLATION, &*self.id), (TENANT, &*owner.tenant), (DOMAIN, &*owner.domain), (NAME, name)];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The labels of an image.
    pub fn image_labels(&self, owner: &Owner) -> Labels {
        let pairs = [(IMAGE_INSTALLATION, &*self.id), (IMAGE_TENANT, &*owner.tenant)];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Whose a thing with these labels is, and what they call it; none where it is not this installation's.
    pub fn read(&self, labels: &Labels) -> Option<(Owner, String)> {
        let of = |key: &str| labels.get(key).map(String::as_str);
        if of(INSTALLATION)? != self.id {
            return None;
        }
        let owner = Owner { tenant: of(TENANT)?.into(), domain: of(DOMAIN)?.into() };
        Some((owner, of(NAME)?.to_owned()))
    }

    /// Finds all things of this installation, or of one tenant of it.
    pub fn filter_all(&self, tenant: Option<&str>) -> Filter {
        self.filter_by(INSTALLATION, TENANT, tenant)
    }

    /// Finds all images of this installation, or of one tenant of it.
    pub fn filter_images(&self, tenant: Option<&str>) -> Filter {
        self.filter_by(IMAGE_INSTALLATION, IMAGE_TENANT, tenant)
    }

    fn filter_by(&self, installation: &str, tenant: &str, name: Option<&str>) -> Filter {
        let mut labels = vec![format!("{installation}={}", self.id)];
        labels.extend(name.map(|name| format!("{tenant}={name}")));
        Filter::from([("label".to_owned(), labels)])
    }

    /// Finds all of an owner's.
    pub fn filter(&self, owner: &Owner) -> Filter {
        let mut filter = self.filter_all(Some(&owner.tenant));
        filter.entry("label".to_owned()).or_default().push(format!("{DOMAIN}={}", owner.domain));
        filter
    }
}

/// A name that a service may give: what the engine takes in every place where it stands.
fn check(name: &str) -> Result<(), DockerError> {
    let fine = name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c));
    fine.then_some(()).ok_or_else(|| {
        let shown: String = name.chars().take(LONGEST).collect();
        DockerError::Other(format!("`{shown}` is no name: a letter or digit, then up to {LONGEST} of a-z, 0-9, `-_.`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(tenant: &str, domain: &str) -> Owner {
        Owner { tenant: tenant.into(), domain: domain.into() }
    }

    #[test]
    fn names_of_different_owners_never_meet() {
        let installation = Installation::of(b"secret");
        let mut names = std::collections::HashSet::new();
        for (tenant, domain, name) in
            [("a", "b", "c"), ("a", "b-c", "d"), ("a-b", "c", "d"), ("a", "b", "c.d"), ("b", "a", "c")]
        {
            assert!(names.insert(installation.name(&owner(tenant, domain), name).expect("a name")));
        }
        assert_ne!(Installation::of(b"other").id, installation.id);
        assert_eq!(Installation::of(b"secret").id, installation.id, "it survives a restart");
    }

    #[test]
    fn f04_a_name_is_nothing_but_a_name() {
        let installation = Installation::of(b"secret");
        for name in ["", "-a", "../a", "a/b", "a b", "a:b", "ä", "a\0", &"a".repeat(101)] {
            assert!(installation.name(&owner("a", "b"), name).is_err(), "{name}");
            assert!(installation.image(&owner("a", "b"), name).is_err(), "{name}");
        }
    }

    #[test]
    fn f08_what_has_other_labels_is_not_ours() {
        let (ours, theirs) = (Installation::of(b"secret"), Installation::of(b"other"));
        let labels = ours.labels(&owner("blue", "compute"), "vm-1");
        assert_eq!(ours.read(&labels), Some((owner("blue", "compute"), "vm-1".to_owned())));
        assert_eq!(theirs.read(&labels), None);
        assert_eq!(ours.read(&Labels::new()), None);
    }

    #[test]
    fn f27_a_seal_is_for_one_text_and_one_purpose() {
        let installation = Installation::of(b"secret");
        let seal = installation.seal("endpoint", "abc");
        assert!(installation.verifies("endpoint", "abc", &seal));
        for (purpose, text) in [("endpoint", "abd"), ("other", "abc")] {
            assert!(!installation.verifies(purpose, text, &seal));
        }
        assert!(!installation.verifies("endpoint", "abc", "zz") && !installation.verifies("endpoint", "abc", ""));
        assert!(!Installation::of(b"other").verifies("endpoint", "abc", &seal));
    }
}
