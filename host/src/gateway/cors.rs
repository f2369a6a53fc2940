//! Browsers' cross-origin rules (the Fetch standard): who may call, and the preflight question.

use crate::capability::http::Body;
use crate::config::Origins;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

/// Whether a request asks what a browser may do.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin of a request, where it may read the answer.
pub fn allowed_origin(headers: &HeaderMap, origins: &Origins) -> Option<HeaderValue> {
    headers.get(ORIGIN).filter(|origin| origin.to_str().is_ok_and(|origin| origins.allow(origin))).cloned()
}

/// Whether a page that may not call has sent the request.
pub fn is_foreign(headers: &HeaderMap, origins: &Origins) -> bool {
    headers.contains_key(ORIGIN) && allowed_origin(headers, origins).is_none()
}

/// The answer to a preflight question; [`mark`] adds the origin, where it may call.
pub fn preflight(headers: &HeaderMap, origins: &Origins) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    if allowed_origin(headers, origins).is_some() {
        let given = answer.headers_mut();
        let asked = [
            (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
            (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
        ];
        for (question, permission) in asked {
            if let Some(value) = headers.get(question) {
                given.insert(permission, value.clone());
            }
        }
        given.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    }
    answer
}

/// Lets an allowed origin read the answer, unless the service has said something itself.
pub fn mark(answer: &mut HeaderMap, origin: HeaderValue) {
    if !answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        answer.append(VARY, HeaderValue::from_static("Origin"));
    }
}
