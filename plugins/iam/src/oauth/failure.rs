//! What the token endpoint answers when it gives no token.

use fogbank_sdk::{Error, Response};
use serde_json::json;

/// RFC 6749 section 5.2.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// 400: what was sent proves nothing.
    InvalidGrant(String),
    /// 400: what was sent lacks something.
    InvalidRequest(String),
    /// 400: no scope, or none such.
    InvalidScope(String),
    /// 400: an exchange that there is not.
    UnsupportedGrantType(String),
    /// 401: whoever asks may not ask for this.
    UnauthorizedClient(String),
    /// 400: the token that was asked about is none.
    InvalidToken(String),
    /// Anything else, in Google's form.
    Other(Error),
}

impl Failure {
    fn parts(&self) -> (u16, &'static str, &str) {
        match self {
            Self::InvalidGrant(text) => (400, "invalid_grant", text),
            Self::InvalidRequest(text) => (400, "invalid_request", text),
            Self::InvalidScope(text) => (400, "invalid_scope", text),
            Self::UnsupportedGrantType(text) => (400, "unsupported_grant_type", text),
            Self::UnauthorizedClient(text) => (401, "unauthorized_client", text),
            Self::InvalidToken(text) => (400, "invalid_token", text),
            Self::Other(error) => (error.http_status(), "internal_failure", error.message()),
        }
    }

    /// The answer: `{"error": ..., "error_description": ...}`.
    pub fn to_response(&self) -> Response {
        let (status, error, description) = self.parts();
        let body = json!({"error": error, "error_description": description});
        Response::json(&body).with_status(status).header("cache-control", "no-store")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// What an exchange gives.
pub type Outcome<T> = std::result::Result<T, Failure>;

/// The answer to an exchange, which is never to be kept by anybody on the way.
pub fn answer(outcome: Outcome<serde_json::Value>) -> Response {
    match outcome {
        Ok(body) => Response::json(&body).header("cache-control", "no-store"),
        Err(failure) => failure.to_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_form_of_oauth() {
        let response = Failure::InvalidGrant("Invalid JWT Signature.".into()).to_response();
        assert_eq!(response.status(), 400);
        let body: serde_json::Value = serde_json::from_slice(response.body().bytes().unwrap()).unwrap();
        assert_eq!(body, json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}));
        assert_eq!(response.get_header("cache-control"), Some("no-store"));
        assert_eq!(Failure::from(Error::unavailable("x")).to_response().status(), 503);
    }
}
