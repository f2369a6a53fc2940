//! Why a signature is refused: 403, with names of the XML API that a person can act on.
//! <https://cloud.google.com/storage/docs/xml-api/reference-status>

use fogbank_sdk::{Code, Error};
use serde_json::json;

/// The type of the details that show what was signed here, so that a client's author can compare.
pub const SIGNED: &str = "type.googleapis.com/fogbank.storage.Signed";

fn refused(reason: &str, message: impl Into<String>) -> Error {
    Error::new(Code::PermissionDenied, reason, message)
}

/// The signature is not that of this text; `why` is what is known of it beyond that.
pub fn mismatch(string_to_sign: &str, canonical: Option<&str>, why: Option<&str>) -> Error {
    let general = "The request signature we calculated does not match the signature you provided. Check your Google \
                   secret key and signing method.";
    let message = why.map_or_else(|| general.to_owned(), |why| format!("{general} {why}"));
    let mut details = json!({"@type": SIGNED, "StringToSign": string_to_sign});
    if let Some(canonical) = canonical {
        details["CanonicalRequest"] = json!(canonical);
    }
    refused("signatureDoesNotMatch", message).with_details(details)
}

/// The signature was good once.
pub fn expired(at: &str) -> Error {
    refused("expiredToken", format!("The provided token has expired. Request signature expired at: {at}"))
}

/// The signature is from another time than this.
pub fn skewed(signed_at: &str, now: &str) -> Error {
    let message = "The difference between the request time and the server's time is too large.";
    refused("requestTimeTooSkewed", format!("{message} The request says {signed_at}, the server {now}."))
}

/// The parameters or the header that hold the signature are not what they have to be.
pub fn malformed(what: impl Into<String>) -> Error {
    refused("authorizationQueryParametersError", what)
}

/// A header is signed that the request does not have.
pub fn header_missing(name: &str) -> Error {
    refused(
        "malformedSecurityHeader",
        format!("The header '{name}' is among the signed headers, but not in the request."),
    )
    .with_location("header", name)
}

/// The request has a header that would have to be signed.
pub fn header_unsigned(name: &str) -> Error {
    refused(
        "malformedSecurityHeader",
        format!("The header '{name}' is in the request, but not among the signed headers."),
    )
    .with_location("header", name)
}

/// Nobody has a key of this id, or it is switched off.
pub fn no_key(access_id: &str) -> Error {
    let why = "The access id is not in our records, or the key is not active";
    refused("invalidSecurity", format!("The provided security credentials are not valid. {why}: {access_id}"))
}

/// The policy of a form does not allow what the form does.
pub fn policy(why: impl Into<String>) -> Error {
    refused("invalidPolicyDocument", why)
}
