//! What a tenant's service is called inside a PostgreSQL server, and its password there.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// PostgreSQL cuts longer names off.
const LONGEST: usize = 63;

/// Characters of a tenant's or a service's name that are kept for people to recognise.
const READABLE: usize = 20;

/// A login role and the schema of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Made of `a` to `z`, digits and `_` only, at most 63 of them.
    pub role: String,
}

impl Identity {
    /// Roles belong to the whole server, so the database takes part in the name. Two pairs never share a name: what
    /// makes it is hashed as a whole, and the rest is for reading.
    pub fn new(database: &str, tenant: &str, plugin: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [database, tenant, plugin] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash = hex::encode(&hash.finalize()[..8]);
        let role = format!("fb_{}_{}_{hash}", readable(tenant), readable(plugin));
        debug_assert!(role.len() <= LONGEST);
        Self { role }
    }

    /// The role's password: whoever knows the installation's secret can work it out, nobody else can.
    pub fn password(&self, secret: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(b"fogbank postgres role\0");
        mac.update(self.role.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

fn readable(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.chars().take(READABLE).map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_whatever_the_tenant_is_called() {
        let long = "x".repeat(500);
        for tenant in ["default", "a\"; DROP ROLE b; --", "été", "", &long] {
            let role = Identity::new("fogbank", tenant, "storage").role;
            assert!(role.len() <= LONGEST, "{role}");
            assert!(role.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_'), "{role}");
        }
    }

    #[test]
    fn two_pairs_never_share_a_name() {
        let role = |database, tenant, plugin| Identity::new(database, tenant, plugin).role;
        assert_ne!(role("d", "a-b", "c"), role("d", "a_b", "c"));
        assert_ne!(role("d", "a", "bc"), role("d", "ab", "c"));
        assert_ne!(role("d", "a", "b"), role("e", "a", "b"));
        let long = "x".repeat(30);
        assert_ne!(role("d", &long, "b"), role("d", &format!("{long}y"), "b"));
    }

    #[test]
    fn passwords_depend_on_the_secret_and_the_role() {
        let (one, two) = (Identity::new("d", "a", "p"), Identity::new("d", "b", "p"));
        assert_eq!(one.password(b"s"), one.password(b"s"));
        assert_ne!(one.password(b"s"), one.password(b"t"));
        assert_ne!(one.password(b"s"), two.password(b"s"));
    }
}
