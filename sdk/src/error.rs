//! Failures as Google's APIs tell them to clients.
//!
//! Source: <https://cloud.google.com/apis/design/errors>, AIP-193, and for the reasons of the JSON APIs
//! <https://cloud.google.com/storage/docs/json_api/v1/status-codes>.

use serde_json::{Value, json};

use crate::reply::Response;

/// What a handler gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Causes, each with an HTTP status and a name of `google.rpc.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// 304; nothing is sent but the head.
    NotModified,
    /// 400
    InvalidArgument,
    /// 400: the state of the system does not allow it.
    FailedPrecondition,
    /// 400
    OutOfRange,
    /// 401
    Unauthenticated,
    /// 403
    PermissionDenied,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 409
    AlreadyExists,
    /// 409: two changes met.
    Aborted,
    /// 410
    Gone,
    /// 411
    LengthRequired,
    /// 412: a condition of the request (`ifGenerationMatch`, a fingerprint) is not met.
    ConditionNotMet,
    /// 413
    TooLarge,
    /// 415
    UnsupportedMediaType,
    /// 416
    RangeNotSatisfiable,
    /// 429
    ResourceExhausted,
    /// 499
    Cancelled,
    /// 500
    Internal,
    /// 400, not 501: Google's clients retry every 5xx for half a minute.
    Unimplemented,
    /// 503
    Unavailable,
    /// 504
    DeadlineExceeded,
    /// 507: the disk is full.
    InsufficientStorage,
}

impl Code {
    /// The HTTP status.
    pub fn http_status(self) -> u16 {
        self.parts().0
    }

    /// The name of `google.rpc.Code` that stands in `error.status`.
    pub fn status(self) -> &'static str {
        self.parts().1
    }

    /// The number of `google.rpc.Code`, as `google.rpc.Status.code` has it.
    pub fn number(self) -> i32 {
        number_of(self.status())
    }

    fn parts(self) -> (u16, &'static str) {
        match self {
            Self::NotModified => (304, "OK"),
            Self::InvalidArgument => (400, "INVALID_ARGUMENT"),
            Self::FailedPrecondition => (400, "FAILED_PRECONDITION"),
            Self::OutOfRange => (400, "OUT_OF_RANGE"),
            Self::Unimplemented => (400, "UNIMPLEMENTED"),
            Self::Unauthenticated => (401, "UNAUTHENTICATED"),
            Self::PermissionDenied => (403, "PERMISSION_DENIED"),
            Self::NotFound => (404, "NOT_FOUND"),
            Self::MethodNotAllowed => (405, "UNIMPLEMENTED"),
            Self::AlreadyExists => (409, "ALREADY_EXISTS"),
            Self::Aborted => (409, "ABORTED"),
            Self::Gone => (410, "NOT_FOUND"),
            Self::LengthRequired => (411, "INVALID_ARGUMENT"),
            Self::ConditionNotMet => (412, "FAILED_PRECONDITION"),
            Self::TooLarge => (413, "INVALID_ARGUMENT"),
            Self::UnsupportedMediaType => (415, "INVALID_ARGUMENT"),
            Self::RangeNotSatisfiable => (416, "OUT_OF_RANGE"),
            Self::ResourceExhausted => (429, "RESOURCE_EXHAUSTED"),
            Self::Cancelled => (499, "CANCELLED"),
            Self::Internal => (500, "INTERNAL"),
            Self::Unavailable => (503, "UNAVAILABLE"),
            Self::DeadlineExceeded => (504, "DEADLINE_EXCEEDED"),
            Self::InsufficientStorage => (507, "RESOURCE_EXHAUSTED"),
        }
    }
}

/// The number of a name of `google.rpc.Code`; 2 (UNKNOWN) for a name that it does not have.
pub fn number_of(status: &str) -> i32 {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    NAMES.iter().position(|name| *name == status).map_or(2, |at| at as i32)
}

/// A failure for the client. Boxed, so that results stay small.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    code: Code,
    reason: String,
    message: String,
    location: Option<(String, String)>,
    details: Vec<Value>,
    headers: Vec<(String, String)>,
    busy: bool,
}

/// Makes an error of the kind that a function name says.
impl Error {
    /// Any error: its code, the `reason` of `errors[]` (`notFound`, `invalid`), a sentence for the client.
    pub fn new(code: Code, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            reason: reason.into(),
            message: message.into(),
            location: None,
            details: Vec::new(),
            headers: Vec::new(),
            busy: false,
        }))
    }

    /// 404 `notFound`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, "notFound", message)
    }

    /// 400 `invalid`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, "invalid", message)
    }

    /// 400 `required`: the parameter or field `name` is missing.
    pub fn required(name: &str) -> Self {
        Self::new(Code::InvalidArgument, "required", format!("Required parameter: {name}"))
            .with_location("parameter", name)
    }

    /// 409 `conflict`: something of that name exists.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(Code::AlreadyExists, "conflict", message)
    }

    /// 409 with a reason of its own: the state of what exists is in the way (`notEmpty`).
    pub fn conflict(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, reason, message)
    }

    /// 412 `conditionNotMet`.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::ConditionNotMet, "conditionNotMet", message)
    }

    /// 304: what the client has is what there is.
    pub fn not_modified() -> Self {
        Self::new(Code::NotModified, "notModified", "Not Modified")
    }

    /// 403 `forbidden`.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, "forbidden", message)
    }

    /// 401 `required`.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, "required", message).with_location("header", "Authorization")
    }

    /// 429 `rateLimitExceeded`.
    pub fn exhausted(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceExhausted, "rateLimitExceeded", message)
    }

    /// 413 `uploadTooLarge`; `limit` in bytes.
    pub fn too_large(limit: u64) -> Self {
        Self::new(Code::TooLarge, "uploadTooLarge", format!("The request is larger than the limit of {limit} bytes."))
    }

    /// 400 `notImplemented`, naming what is not there.
    pub fn unimplemented(what: &str) -> Self {
        Self::new(Code::Unimplemented, "notImplemented", format!("{what} is not implemented."))
    }

    /// 500 `internalError`. `log` goes to the host's log and never to the client.
    pub fn internal(log: impl AsRef<str>) -> Self {
        crate::log::error!("{}", log.as_ref());
        Self::new(Code::Internal, "internalError", "Internal error.")
    }

    /// 503 `backendError`.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, "backendError", message)
    }

    /// 504 `timeout`.
    pub fn deadline(message: impl Into<String>) -> Self {
        Self::new(Code::DeadlineExceeded, "timeout", message)
    }

    /// 503 after another transaction was in the way too often; `db::transaction` runs its closure again on it.
    pub(crate) fn busy() -> Self {
        let mut error = Self::unavailable("The service is busy. Please try again.");
        error.0.busy = true;
        error
    }
}

/// Adds to an error, or reads it.
impl Error {
    /// Says where in the request the cause is: `locationType` (`parameter`, `header`) and `location` of `errors[]`.
    #[must_use]
    pub fn with_location(mut self, kind: &str, name: &str) -> Self {
        self.0.location = Some((kind.to_owned(), name.to_owned()));
        self
    }

    /// Adds an element of `details` (an object with `@type`).
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details.push(details);
        self
    }

    /// Adds a header to the answer (`content-range` of a 416).
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces the `reason` of `errors[]`.
    #[must_use]
    pub fn with_reason(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.0.reason);
        self
    }

    /// The cause.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status of the answer.
    pub fn http_status(&self) -> u16 {
        self.0.code.http_status()
    }

    /// The `reason` of `errors[]`.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The sentence for the client.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The location's type and name.
    pub fn location(&self) -> Option<(&str, &str)> {
        self.0.location.as_ref().map(|(kind, name)| (kind.as_str(), name.as_str()))
    }

    /// Headers for the answer.
    pub fn headers(&self) -> &[(String, String)] {
        &self.0.headers
    }

    /// Whether another transaction was in the way and the same may well succeed when it is tried again.
    pub fn is_busy(&self) -> bool {
        self.0.busy
    }

    /// The body: `{"error": {"code", "message", "status", "errors": [{"message", "domain", "reason"}], "details"}}`.
    pub fn to_json(&self) -> Value {
        let inner = &*self.0;
        let mut item = json!({"message": inner.message, "domain": "global", "reason": inner.reason});
        if let Some((kind, name)) = &inner.location {
            item["locationType"] = json!(kind);
            item["location"] = json!(name);
        }
        let mut error = json!({
            "code": self.http_status(),
            "message": inner.message,
            "status": inner.code.status(),
            "errors": [item],
        });
        if !inner.details.is_empty() {
            error["details"] = json!(inner.details);
        }
        json!({ "error": error })
    }

    /// The answer in JSON, with the error's own headers. A 304 has no body.
    pub fn to_response(&self) -> Response {
        let response = match self.0.code {
            Code::NotModified => Response::new(304),
            code => Response::json(&self.to_json()).with_status(code.http_status()),
        };
        let headers = self.0.headers.iter();
        headers.fold(response, |response, (name, value)| response.header(name, value))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}: {}", self.http_status(), self.0.reason, self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_googles_form() {
        let error = Error::required("name").with_details(json!({"@type": "x"}));
        assert_eq!(
            error.to_json(),
            json!({"error": {
                "code": 400, "message": "Required parameter: name", "status": "INVALID_ARGUMENT",
                "errors": [{"message": "Required parameter: name", "domain": "global", "reason": "required",
                            "locationType": "parameter", "location": "name"}],
                "details": [{"@type": "x"}],
            }})
        );
    }

    #[test]
    fn f30_an_internal_error_tells_nothing() {
        let error = Error::internal("SELECT secret FROM there");
        assert!(!error.to_json().to_string().contains("secret"));
        assert_eq!(error.http_status(), 500);
    }

    #[test]
    fn f34_unimplemented_is_not_retried_by_clients() {
        let error = Error::unimplemented("storage.channels.stop");
        assert_eq!(
            (error.http_status(), error.code().status(), error.reason()),
            (400, "UNIMPLEMENTED", "notImplemented")
        );
        assert_eq!(error.code().number(), 12);
    }

    #[test]
    fn a_304_has_no_body_and_keeps_its_headers() {
        let response = Error::not_modified().with_header("etag", "x").to_response();
        assert_eq!(response.status(), 304);
        assert!(response.body().is_empty());
        assert_eq!(response.get_header("etag"), Some("x"));
    }
}
