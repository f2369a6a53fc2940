//! Errors in the words of the real service.

use fogbank_sdk::{Code, Error, identity};
use serde_json::json;

/// What is not there, or not for this caller: the real service tells nobody which. Where nobody is asked who they are it is a plain
/// 404, so that `describe || create` works as people expect.
pub fn missing(what: &str) -> Error {
    if identity::caller().enforced {
        Error::forbidden("The caller does not have permission")
    } else {
        Error::not_found(format!("{what} was not found."))
    }
}

/// 400: a field of the request does not have what it has to have.
pub fn field(name: &str, issue: &str) -> Error {
    Error::invalid(format!("field [{name}] has issue [{issue}]")).with_details(json!({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": name, "description": issue}],
    }))
}

/// 400 FAILED_PRECONDITION: `kind` says for programs what is in the way, `subject` which resource.
pub fn precondition(kind: &str, subject: &str, message: &str) -> Error {
    Error::new(Code::FailedPrecondition, "failedPrecondition", message).with_details(json!({
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        "violations": [{"type": kind, "subject": subject, "description": message}],
    }))
}

/// 400: a folder cannot be made, moved or deleted so; `kind` is an `errorMessageId` of `FolderOperationError`.
pub fn folder(kind: &str, message: &str) -> Error {
    precondition(kind, "folders", message).with_details(json!({
        "@type": "type.googleapis.com/google.cloud.resourcemanager.v3.FolderOperationError",
        "errorMessageId": kind,
    }))
}

/// 409: something of that name exists.
pub fn exists() -> Error {
    Error::already_exists("Requested entity already exists")
}

/// 409 ABORTED: the client's etag is an old one.
pub fn stale() -> Error {
    Error::conflict("aborted", "The etag does not match the current state of the resource. Read it again and retry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_in_the_way() {
        let error = folder("CYCLE_INTRODUCED_VIOLATION", "No.");
        assert_eq!((error.http_status(), error.code().status()), (400, "FAILED_PRECONDITION"));
        assert_eq!(error.to_json()["error"]["details"][1]["errorMessageId"], "CYCLE_INTRODUCED_VIOLATION");
        assert_eq!((exists().http_status(), stale().code().status()), (409, "ABORTED"));
    }
}
