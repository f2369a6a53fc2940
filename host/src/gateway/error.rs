//! The one place that turns an error into an answer: Google's JSON form, never HTML, never an internal detail (F30).
//!
//! `{"error": {"code", "message", "status", "errors": [{"domain", "reason", "message"}]}}`, as the JSON APIs give it; the
//! names of `status` are those of `google.rpc.Code`.

use super::guard;
use crate::capability::http::{Body, BodyError};
use crate::plugin::failure::Failure;
use crate::plugin::manifest::{ErrorForm, Route};
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use std::borrow::Cow;

/// An error that the host answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: StatusCode,
    /// A name of `google.rpc.Code`.
    pub status: &'static str,
    /// For `errors[].reason`.
    pub reason: &'static str,
    /// A sentence for the client.
    pub message: Cow<'static, str>,
    /// The `Allow` header of a 405.
    pub allow: Vec<Method>,
    /// google.rpc.ErrorInfo, for programs.
    pub info: Option<Box<serde_json::Value>>,
    /// The `WWW-Authenticate` header of a 401.
    pub challenge: Option<String>,
    /// Seconds until it is worth another try, for `Retry-After` of a 429 or 503.
    pub retry_after: u32,
}

impl ApiError {
    /// An error; `status` follows from `code`.
    pub fn new(code: StatusCode, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            status: status_of(code),
            reason,
            message: message.into(),
            allow: vec![],
            info: None,
            challenge: None,
            retry_after: 1,
        }
    }

    /// 400: the request makes no sense.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// 404 for a path that nobody serves.
    pub fn no_route(method: &Method, path: &str) -> Self {
        let message = format!("Nothing is served at {method} {}.", shortened(path));
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// 405, with the methods that there are.
    pub fn wrong_method(method: &Method, path: &str, allow: Vec<Method>) -> Self {
        let names = allow.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("{method} is not served at {}; allowed: {names}.", shortened(path));
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "httpMethodNotAllowed", message);
        Self { allow, ..error }
    }

    /// 400 for what the API has and this service does not (F34): clients retry every 5xx.
    pub fn unimplemented(route: &Route) -> Self {
        let message = format!("{} is not implemented by Fogbank's service `{}`.", route.id, route.plugin);
        let error = Self::new(StatusCode::BAD_REQUEST, "notImplemented", message);
        Self { status: "UNIMPLEMENTED", ..error }
    }

    /// 413 for a body with more than `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        let message = format!("The request's body has more than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "uploadTooLarge", message)
    }

    /// 429 for somebody who asks too much at once; a second later is worth another try.
    pub fn too_many(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded", message)
    }

    /// Adds the cause for programs: a name in capitals, and what it is about (google.rpc.ErrorInfo).
    #[must_use]
    pub fn with_info(mut self, reason: &str, about: serde_json::Value) -> Self {
        self.info = Some(Box::new(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": about,
        })));
        self
    }

    /// Says in the header how to authenticate (RFC 9110, 11.6.1).
    #[must_use]
    pub fn challenging(mut self, challenge: &str) -> Self {
        self.challenge = Some(challenge.to_owned());
        self
    }

    /// The whole answer, in Google's JSON form.
    pub fn answer(&self) -> Response<Body> {
        self.answer_in(ErrorForm::Json)
    }

    /// The whole answer, in the form that the route has.
    pub fn answer_in(&self, form: ErrorForm) -> Response<Body> {
        let (body, kind) = match form {
            ErrorForm::Json => (self.json(), "application/json; charset=UTF-8"),
            ErrorForm::Xml => (self.xml(), "application/xml; charset=UTF-8"),
        };
        let mut answer = Response::new(Body::from_bytes(body));
        *answer.status_mut() = self.code;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(challenge) = self.challenge.as_ref().and_then(|text| text.parse().ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        guard::own(headers);
        let allow = self.allow.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        if let (false, Ok(allow)) = (allow.is_empty(), allow.parse()) {
            headers.insert(header::ALLOW, allow);
        }
        if self.code == StatusCode::TOO_MANY_REQUESTS || self.code == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
        answer
    }

    /// The answer's body.
    pub fn json(&self) -> String {
        let mut error = json!({
            "code": self.code.as_u16(),
            "message": self.message,
            "status": self.status,
            "errors": [{ "domain": "global", "reason": self.reason, "message": self.message }],
        });
        if let Some(info) = &self.info {
            error["details"] = json!([info]);
        }
        format!("{:#}\n", json!({ "error": error }))
    }

    /// The answer's body as the XML APIs have it.
    pub fn xml(&self) -> String {
        let code = match self.code.as_u16() {
            401 => "AuthenticationRequired",
            403 => "AccessDenied",
            404 => "NotFound",
            405 => "MethodNotAllowed",
            408 => "RequestTimeout",
            413 => "EntityTooLarge",
            429 => "SlowDown",
            503 => "ServiceUnavailable",
            400 if self.status == "UNIMPLEMENTED" => "NotImplemented",
            400..=499 => "InvalidArgument",
            _ => "InternalError",
        };
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let message = escaped(&self.message);
        format!("<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>")
    }
}

/// How a service's failure looks from outside (F33): its name and the request's id, and nothing of what the log has.
pub fn of_failure(plugin: &str, request_id: &str, failure: &Failure) -> ApiError {
    let (code, reason, what) = match failure {
        Failure::RequestBody(error) => return of_body(error),
        Failure::Trap { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internalError", "failed"),
        Failure::OutOfMemory { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internalError", "ran out of memory"),
        Failure::CpuBudget { .. } => (StatusCode::GATEWAY_TIMEOUT, "deadlineExceeded", "used up its processor time"),
        Failure::WallClock { .. } => (StatusCode::GATEWAY_TIMEOUT, "deadlineExceeded", "gave no answer in time"),
        Failure::NoInstance => (StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded", "has no free instance"),
        Failure::TooDeep => {
            (StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded", "was called too deeply by other services")
        }
        Failure::ClientGone => (StatusCode::REQUEST_TIMEOUT, "clientClosedRequest", "was left by its client"),
        Failure::Load(_) => (StatusCode::SERVICE_UNAVAILABLE, "backendError", "could not be loaded"),
        Failure::Capability { .. } => (StatusCode::SERVICE_UNAVAILABLE, "backendError", "cannot reach what it needs"),
        Failure::Contract(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internalError", "gave an answer that is none"),
        Failure::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internalError", "could not be run"),
    };
    ApiError::new(code, reason, format!("The service `{plugin}` {what} (request {request_id})."))
}

/// How a request's broken body looks from outside.
pub fn of_body(error: &BodyError) -> ApiError {
    match error {
        BodyError::Incomplete => ApiError::invalid("The request's body ended too early."),
        BodyError::TooLarge(limit) => ApiError::too_large(*limit),
        BodyError::Timeout => {
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "requestTimeout", "The request's body came too slowly.")
        }
        BodyError::Malformed(_) => ApiError::invalid("The request's body is not what its encoding says."),
        BodyError::Other(_) => ApiError::invalid("The request's body could not be read."),
    }
}

/// The name in `google.rpc.Code` that goes with an HTTP status.
fn status_of(code: StatusCode) -> &'static str {
    match code.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        412 => "FAILED_PRECONDITION",
        416 => "OUT_OF_RANGE",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

/// A path as it may stand in a message.
fn shortened(path: &str) -> Cow<'_, str> {
    match path.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &path[..end]).into(),
        None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_googles_form() {
        let json: serde_json::Value = serde_json::from_str(&ApiError::invalid("No.").json()).expect("json");
        let error = &json["error"];
        assert_eq!((error["code"].as_u64(), error["status"].as_str()), (Some(400), Some("INVALID_ARGUMENT")));
        assert_eq!(error["errors"][0]["reason"], "invalid");
        assert_eq!(error["errors"][0]["message"], "No.");
    }

    #[test]
    fn f30_f33_a_failure_names_the_service_and_the_request_and_nothing_else() {
        let secret = "/data/secret: SELECT";
        let failures = [
            Failure::Trap { backtrace: secret.into() },
            Failure::Load(secret.into()),
            Failure::Capability { name: "database", reason: secret.into() },
            Failure::Contract(secret.into()),
            Failure::Internal(secret.into()),
        ];
        for failure in failures {
            let error = of_failure("things", "req-1", &failure);
            assert!(error.code.is_server_error(), "{failure:?}");
            assert!(error.message.contains("things") && error.message.contains("req-1"), "{}", error.message);
            assert!(!error.json().contains("secret"), "{}", error.json());
        }
    }

    #[test]
    fn a_failure_of_the_body_is_the_clients() {
        let error = of_failure("things", "r", &Failure::RequestBody(BodyError::TooLarge(5)));
        assert_eq!(error.code, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(of_body(&BodyError::Incomplete).code, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn f34_a_wrong_method_says_what_is_allowed() {
        let answer = ApiError::wrong_method(&Method::PUT, "/x", vec![Method::GET, Method::HEAD]).answer();
        assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD");
    }
}
