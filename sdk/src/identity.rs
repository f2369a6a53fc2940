//! Who is calling, and what policies say. A route's own permission was decided before the service was called.

use serde_json::{Value, json};

use crate::bindings::fogbank::identity::identity as wit;
use crate::error::Error as Failure;

pub use wit::{CallerInfo, Error, Grant, Level};

use crate::bindings::fogbank::identity::signers;

/// What identity answers. `?` in a handler turns the error into one for the client.
pub type Result<T> = std::result::Result<T, Error>;

/// The caller; where authentication is off, `enforced` is false and everything is allowed.
pub fn caller() -> CallerInfo {
    wit::caller()
}

/// Refuses with `denied` (403) unless the caller has `permission` on `resource`, a full resource name, by the policies of it and
/// its ancestors or by `grants` of the service's own access lists.
///
/// Errors: [`Error`].
pub fn require(permission: &str, resource: &str, grants: &[Grant]) -> Result<()> {
    wit::require(permission, resource, grants)
}

/// Those of `permissions` that the caller has on `resource`, in their order.
///
/// Errors: [`Error`].
pub fn test_permissions(resource: &str, permissions: &[String]) -> Result<Vec<String>> {
    wit::test_permissions(resource, permissions)
}

/// For each of `resources` whether the caller has `permission` on it: what a list may show.
///
/// Errors: [`Error`].
pub fn allowed(permission: &str, resources: &[String]) -> Result<Vec<bool>> {
    wit::allowed(permission, resources)
}

/// `resource` and its ancestors from the bottom up, each with its policy as JSON text, or with nothing where none was set.
///
/// Errors: [`Error`].
pub fn ancestry(resource: &str) -> Result<Vec<Level>> {
    wit::ancestry(resource)
}

/// For an [`Authority`](crate::Authority): what it keeps has changed, so that callers that were verified and decisions that were taken
/// are forgotten. To be called behind the commit.
pub fn changed() {
    wit::changed();
}

/// How somebody shows that `message` is an account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof<'a> {
    /// A PKCS #1 v1.5 signature with SHA-256 by one of the account's keys.
    RsaSha256(&'a [u8]),
    /// The service itself has verified a secret that it shares with the account.
    SharedSecret,
}

/// Makes the service account with the e-mail address `account` the caller for the rest of this call, if it signed `message` and is
/// there and enabled. Needs the capability `signers`. Where authentication is off nothing is verified.
///
/// Errors: `unauthenticated` (401) where the proof is none; [`Error`].
pub fn assume_signed(account: &str, message: &[u8], proof: Proof<'_>) -> Result<CallerInfo> {
    let proof = match proof {
        Proof::RsaSha256(signature) => signers::Proof::RsaSha256(signature.to_vec()),
        Proof::SharedSecret => signers::Proof::SharedSecret,
    };
    signers::assume_signed(account, message, &proof)
}

/// An IAM policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `google.iam.v1.Policy`: `version`, `bindings`; without the etag.
    pub document: Value,
    /// Changes with each write, base64; also of a policy that was never set.
    pub etag: String,
}

impl Policy {
    /// The policy as clients see it: always with `etag`, `version` and `bindings`.
    pub fn to_json(&self) -> Value {
        let mut document = self.document.clone();
        if !document.is_object() {
            document = json!({});
        }
        if document["version"].is_null() {
            document["version"] = json!(1);
        }
        if document["bindings"].is_null() {
            document["bindings"] = json!([]);
        }
        document["etag"] = json!(self.etag);
        document
    }
}

impl From<wit::Policy> for Policy {
    fn from(raw: wit::Policy) -> Self {
        Self { document: serde_json::from_str(&raw.document).unwrap_or_else(|_| json!({})), etag: raw.etag }
    }
}

/// The policy of `resource`; an empty one where none was set.
///
/// Errors: [`Error`].
pub fn get_policy(resource: &str) -> Result<Policy> {
    wit::get_policy(resource).map(Policy::from)
}

/// Replaces the policy of `resource`. `document` is what the client sent; its `etag`, where it has one, has to be that of the
/// stored policy, else `conflict` (409).
///
/// Errors: [`Error`].
pub fn set_policy(resource: &str, mut document: Value) -> Result<Policy> {
    let etag = document.as_object_mut().and_then(|fields| fields.remove("etag"));
    let etag = etag.as_ref().and_then(Value::as_str).filter(|etag| !etag.is_empty());
    wit::set_policy(resource, &document.to_string(), etag).map(Policy::from)
}

/// Says where `resource` looks for what its own policy does not say.
///
/// Errors: [`Error`].
pub fn set_parent(resource: &str, parent: &str) -> Result<()> {
    wit::set_parent(resource, parent)
}

/// Forgets the policy and parent of `resource` and of everything below it.
///
/// Errors: [`Error`].
pub fn forget(resource: &str) -> Result<()> {
    wit::forget(resource)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict => Self::conflict(
                "aborted",
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
            ),
            Error::NotFound => Self::not_found("The resource does not exist."),
            Error::Denied(message) => Self::forbidden(message),
            Error::Unauthenticated(message) => Self::unauthenticated(message),
            Error::Invalid(message) => Self::invalid(message),
            Error::Unavailable => Self::unavailable("Policies are not available."),
            Error::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_always_has_what_clients_read() {
        let policy = Policy::from(wit::Policy { document: String::new(), etag: "ACAB".into() });
        assert_eq!(policy.to_json(), json!({"version": 1, "bindings": [], "etag": "ACAB"}));
    }

    #[test]
    fn a_stale_policy_is_409_aborted() {
        let failure = Failure::from(Error::Conflict);
        assert_eq!((failure.http_status(), failure.code().status()), (409, "ABORTED"));
        assert_eq!(Failure::from(Error::Denied("no".into())).http_status(), 403);
    }
}
