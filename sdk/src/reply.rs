//! Answers, and how JSON goes out.

use serde::Serialize;
use serde_json::Value;

use crate::bindings::fogbank::service::types as wit;
use crate::body::{Body, BodyHandle};
use crate::error::Error;
use crate::pretty;
use crate::request::RequestHead;

/// The content type of every JSON answer.
pub const JSON: &str = "application/json; charset=UTF-8";

/// What a handler gives back.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// An answer.
    Response(Response),
    /// The answer went out through [`crate::stream::start`].
    Written,
    /// "Call me again, with the same request, when this operation has ended or the time has passed." Only for a request whose
    /// body was small.
    Wait {
        /// The operation's id.
        operation: String,
        /// Milliseconds.
        timeout_ms: u64,
    },
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    /// A JSON body that the request's `fields` and `prettyPrint` still apply to.
    json: bool,
}

impl Response {
    /// An answer of that HTTP status without a body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::empty(), json: false }
    }

    /// 200 with a JSON body. The request's `fields` mask and `prettyPrint` are applied when it goes out. What cannot be written
    /// as JSON (a map with keys that are not text) is a 500.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self { json: true, ..Self::new(200).header("content-type", JSON).bytes(bytes) },
            Err(error) => Error::internal(format!("the answer cannot be written as JSON: {error}")).to_response(),
        }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::new(204)
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces the body with bytes, as they are.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body_from(bytes.into())
    }

    /// Replaces the body with one that the host streams: a range of a file, the request's body, a peer's answer.
    #[must_use]
    pub fn stream(self, body: impl Into<Body>) -> Self {
        self.body_from(body)
    }

    fn body_from(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.json = false;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of that name.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// What the client gets: the `fields` mask applied to a successful JSON body, then laid out over lines unless the request
    /// says `prettyPrint=false`.
    #[must_use]
    pub fn finish(self, head: &RequestHead) -> Self {
        let Some(bytes) = self.body.bytes().filter(|_| self.json) else {
            return self;
        };
        let masked = head.fields().filter(|_| self.status < 300).and_then(|mask| {
            let mut value: Value = serde_json::from_slice(bytes).ok()?;
            mask.apply(&mut value);
            serde_json::to_vec(&value).ok()
        });
        let bytes = masked.as_deref().unwrap_or(bytes);
        let compact =
            ["prettyPrint", "$prettyPrint", "pp"].iter().any(|name| matches!(head.query_flag(name), Ok(Some(false))));
        let bytes = if compact { bytes.to_vec() } else { pretty::lay_out(bytes) };
        self.bytes(bytes)
    }

    pub(crate) fn into_wit(self) -> wit::Response {
        let body = match self.body.into_parts() {
            Ok(handle) => wit::ResponseBody::Stream(handle),
            Err(bytes) if bytes.is_empty() => wit::ResponseBody::None,
            Err(bytes) => wit::ResponseBody::Bytes(bytes),
        };
        wit::Response { status: self.status, headers: self.headers, body }
    }
}

impl From<BodyHandle> for Response {
    /// 200 with a body that the host streams.
    fn from(handle: BodyHandle) -> Self {
        Self::new(200).stream(handle)
    }
}

impl Reply {
    pub(crate) fn into_wit(self, head: &RequestHead) -> wit::Reply {
        match self {
            Self::Response(response) => wit::Reply::Response(response.finish(head).into_wit()),
            Self::Written => wit::Reply::Written,
            Self::Wait { operation, timeout_ms } => wit::Reply::Wait(wit::Wait { operation, timeout_ms }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(target: &str, response: Response) -> String {
        let head = RequestHead::new("x", "GET", target).unwrap();
        let response = response.finish(&head);
        String::from_utf8(response.body().bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn json_is_masked_and_laid_out_as_the_request_says() {
        let answer = || Response::json(&json!({"a": 1, "b": [2]}));
        assert_eq!(sent("/?prettyPrint=False", answer()), r#"{"a":1,"b":[2]}"#);
        assert_eq!(sent("/?prettyPrint=false&fields=b", answer()), r#"{"b":[2]}"#);
        assert_eq!(sent("/", answer()), "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}\n");
    }

    #[test]
    fn errors_and_other_bodies_are_not_masked() {
        let error = Error::not_found("No such bucket").to_response();
        assert!(sent("/?fields=name", error).contains("No such bucket"));
        assert_eq!(sent("/?fields=name", Response::new(200).bytes("{\"a\":1}")), "{\"a\":1}");
    }
}
