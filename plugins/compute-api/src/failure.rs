//! Errors in the words of Compute Engine. <https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-api>

use crate::path::{Path, Scope};
use fogbank_sdk::{Code, Error};
use std::fmt::Display;

/// 404 for a resource that is not there.
pub fn not_found(path: &Path) -> Error {
    Error::not_found(format!("The resource '{path}' was not found"))
}

/// 404 for a zone or a region that is none.
pub fn no_place(project: &str, scope: &Scope) -> Error {
    Error::not_found(format!("The resource 'projects/{project}/{scope}' was not found"))
}

/// 409 for a name that is taken.
pub fn already_exists(path: &Path) -> Error {
    Error::already_exists(format!("The resource '{path}' already exists")).with_reason("alreadyExists")
}

/// 400 for what something else uses.
pub fn in_use(path: &Path, user: &impl Display) -> Error {
    let message = format!("The {} resource '{path}' is already being used by '{user}'", singular(&path.collection));
    Error::new(Code::InvalidArgument, "resourceInUseByAnotherResource", message)
}

/// 400 for what cannot be done in the resource's present state.
pub fn not_ready(path: &Path) -> Error {
    Error::new(Code::InvalidArgument, "resourceNotReady", format!("The resource '{path}' is not ready"))
}

/// 400 for the value of a field (`resource.ipCidrRange`), with what is wrong about it.
pub fn invalid(field: &str, value: impl Display, why: &str) -> Error {
    Error::invalid(format!("Invalid value for field '{field}': '{value}'. {why}"))
}

/// 400 for a field that has to be there.
pub fn required(field: &str) -> Error {
    Error::new(Code::InvalidArgument, "required", format!("Required field '{field}' not specified"))
}

/// 412 for a fingerprint of another state.
pub fn stale(what: &str) -> Error {
    let message = format!("Supplied fingerprint does not match current {what} fingerprint.");
    Error::new(Code::ConditionNotMet, "conditionNotMet", message)
}

/// 403 with the limit, as quotas are told. <https://cloud.google.com/compute/quotas>
pub fn quota(metric: &str, limit: u64, place: &str) -> Error {
    let message = format!("Quota '{metric}' exceeded.  Limit: {limit}.0 {place}.");
    Error::new(Code::ResourceExhausted, "quotaExceeded", message)
}

fn singular(collection: &str) -> String {
    let one = match collection {
        "addresses" => "address",
        other => other.strip_suffix("ies").map_or_else(|| other.strip_suffix('s').unwrap_or(other), |_| other),
    };
    match one.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => one.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f11_what_is_in_use_says_by_whom() {
        let path = Path::parse("projects/p/global/networks/n").unwrap();
        let error = in_use(&path, &"projects/p/global/firewalls/f");
        assert_eq!(error.http_status(), 400);
        assert_eq!(error.reason(), "resourceInUseByAnotherResource");
        assert_eq!(
            error.message(),
            "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/global/firewalls/f'"
        );
        assert_eq!((singular("addresses"), singular("resourcePolicies")), ("address".into(), "resourcePolicy".into()));
    }
}
