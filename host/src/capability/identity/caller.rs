//! Who a call is made for, and whether decisions bind.

use crate::plugin::bindings::exports::fogbank::identity::authority as wit;
use std::sync::{Arc, LazyLock};

/// The principal that stands for somebody unknown.
pub const ANYBODY: &str = "allUsers";

/// Whether decisions bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// Nobody is asked and everything is allowed.
    Off,
    /// Everything is allowed, and what would have been refused is logged and counted.
    Audit,
    On,
}

/// What is known of a caller beside the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Showed no credential.
    Anybody,
    /// Showed a good one.
    Known,
    /// May do everything, by the operator's word.
    Administrator,
    /// A service of this host that acts for itself: the operator granted it what it may reach.
    Service,
}

/// Who a call is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `user:ann@example.com`, `serviceAccount:...`; [`ANYBODY`] for somebody unknown.
    pub name: Arc<str>,
    pub enforcement: Enforcement,
    pub standing: Standing,
    /// The authority's own, from its answer.
    pub restriction: Arc<str>,
    /// When the credential is no longer one, on the tenant's clock.
    pub expires_ms: Option<u64>,
}

impl Caller {
    /// Somebody who showed no credential.
    pub fn anybody(enforcement: Enforcement) -> Arc<Self> {
        static OFF: LazyLock<Arc<Caller>> = LazyLock::new(|| Arc::new(Caller::nobody(Enforcement::Off)));
        match enforcement {
            Enforcement::Off => Arc::clone(&OFF),
            other => Arc::new(Self::nobody(other)),
        }
    }

    fn nobody(enforcement: Enforcement) -> Self {
        let (name, restriction) = (Arc::from(ANYBODY), Arc::from(""));
        Self { name, enforcement, standing: Standing::Anybody, restriction, expires_ms: None }
    }

    /// A service that acts for itself.
    pub fn service(plugin: &str) -> Arc<Self> {
        Arc::new(Self {
            name: format!("serviceAccount:{plugin}@services.fogbank.internal").into(),
            enforcement: Enforcement::On,
            standing: Standing::Service,
            restriction: Arc::from(""),
            expires_ms: None,
        })
    }

    /// Who holds the operator's own token.
    pub fn operator(enforcement: Enforcement) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::from("user:operator@fogbank.internal"),
            enforcement,
            standing: Standing::Administrator,
            restriction: Arc::from(""),
            expires_ms: None,
        })
    }

    /// Somebody that the authority, or the operator, knows.
    pub fn known(known: wit::Caller, administrator: bool, enforcement: Enforcement) -> Self {
        let standing = match (administrator, &*known.name) {
            (true, _) => Standing::Administrator,
            (false, ANYBODY) => Standing::Anybody,
            (false, _) => Standing::Known,
        };
        Self {
            name: known.name.into(),
            enforcement,
            standing,
            restriction: known.restriction.into(),
            expires_ms: known.expires_ms,
        }
    }

    /// Who it is, as a person reads it: the address of a user or service account, the whole name of another principal, and
    /// nothing for somebody unknown.
    pub fn address(&self) -> &str {
        match self.name.split_once(':') {
            Some(("user" | "serviceAccount", address)) => address,
            _ if &*self.name == ANYBODY => "",
            _ => &self.name,
        }
    }

    /// Whether nothing needs to be asked.
    pub fn may_do_everything(&self) -> bool {
        self.enforcement == Enforcement::Off || matches!(self.standing, Standing::Administrator | Standing::Service)
    }

    pub(super) fn to_wit(&self) -> wit::Caller {
        wit::Caller {
            name: self.name.to_string(),
            restriction: self.restriction.to_string(),
            expires_ms: self.expires_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_a_person_reads() {
        let address = |name: &str| {
            let known = wit::Caller { name: name.into(), restriction: String::new(), expires_ms: None };
            Caller::known(known, false, Enforcement::On).address().to_owned()
        };
        assert_eq!(address("user:ann@example.com"), "ann@example.com");
        assert_eq!(address("serviceAccount:sa@shop.iam.gserviceaccount.com"), "sa@shop.iam.gserviceaccount.com");
        assert_eq!(address("principal://iam.googleapis.com/a:b"), "principal://iam.googleapis.com/a:b");
        assert_eq!(address("allUsers"), "");
    }
}
