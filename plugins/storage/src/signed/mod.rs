//! Requests that carry a signature instead of a token: signed URLs, signed headers, and the policies of form uploads. Whoever signed
//! becomes the caller, and what the signature does not cover cannot be used with it. The XML API takes them, the JSON API does not.
//! <https://cloud.google.com/storage/docs/authentication/signatures>
//!
//! Where authentication is off nothing is verified.
//!
//! | module | what it is |
//! |---|---|
//! | [`v4`] | `X-Goog-Signature` in the query, `GOOG4-...` and `AWS4-...` in the header `Authorization` |
//! | [`v2`] | `Signature` in the query, `GOOG1` and `AWS` in the header |
//! | [`canonical`] | the text that a signature of version 4 covers |
//! | [`signer`] | who signs how, and with what |
//! | [`form`] | policies of form uploads |
//! | [`failure`] | why a signature is refused |

pub mod canonical;
pub mod failure;
pub mod form;
pub mod signer;
#[cfg(test)]
mod tests;
pub mod v2;
pub mod v4;

use fogbank_sdk::identity::{self, Proof};
use fogbank_sdk::{Request, RequestHead, Result, log};

/// What a client's own tools add behind the signature, and what decides nothing.
const UNSIGNED: [&str; 3] = ["x-goog-api-client", "x-goog-gcs-idempotency-token", "x-goog-request-params"];

/// Makes whoever signed the request its caller; nothing happens to one without a signature.
///
/// Errors: 403 where the signature is not that of this request, now.
pub fn admit(request: &mut Request) -> Result<()> {
    let Some(kind) = Kind::of(request) else { return Ok(()) };
    if !identity::caller().enforced {
        return Ok(());
    }
    binding(verify(request, kind), ())
}

fn verify(request: &mut Request, kind: Kind) -> Result<()> {
    match kind {
        Kind::V4(signed) => {
            v4::verify(request, &signed?)?;
            let head = request.head();
            v4::require_payload(&head, request.body().bytes())
        }
        Kind::V2(signed) => v2::verify(request, &signed?),
    }
}

/// The outcome, or `otherwise` where the operator only wants to hear of refusals (`--auth audit`): the host then takes a proof that
/// is none, and notes it.
fn binding<T>(outcome: Result<T>, otherwise: T) -> Result<T> {
    let Err(refusal) = &outcome else { return outcome };
    match identity::assume_signed("nobody", &[], Proof::RsaSha256(&[])) {
        Ok(_) => {
            log::warn!("a signature would have been refused: {refusal}");
            Ok(otherwise)
        }
        Err(_) => outcome,
    }
}

/// How a request is signed.
enum Kind {
    V4(Result<v4::Signed>),
    V2(Result<v2::Signed>),
}

impl Kind {
    fn of(request: &RequestHead) -> Option<Self> {
        if let Some(signed) = v4::Signed::of(request) {
            return Some(Self::V4(signed));
        }
        v2::Signed::of(request).map(Self::V2)
    }
}

/// Whether a header changes what a request means, so that a signature has to cover it.
fn is_extension(header: &str) -> bool {
    (header.starts_with("x-goog-") || header.starts_with("x-amz-")) && !UNSIGNED.contains(&header)
}

/// The paths under which the client may have known the resource: as it was sent and in the one way of escaping it, without and with
/// the tenant's prefix.
fn paths(request: &RequestHead) -> Vec<String> {
    let base = request.base_url();
    let prefix = base.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or_default();
    let mut paths = vec![request.path().to_owned()];
    paths.extend(canonical::path(request.path()));
    if !prefix.is_empty() {
        paths.extend(paths.clone().into_iter().map(|path| format!("{prefix}{path}")));
    }
    let mut distinct: Vec<String> = Vec::new();
    for path in paths {
        if !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}
