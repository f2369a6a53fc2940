//! Browsers' cross-origin rules (the Fetch standard): who may call, and the preflight question.

use crate::capability::http::Body;
use crate::config::Origins;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

/// Whether a request asks what a browser may do.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin of a request, where it may read the answer. A request that names two has none.
pub fn allowed_origin(headers: &HeaderMap, origins: &Origins) -> Option<HeaderValue> {
    let mut named = headers.get_all(ORIGIN).iter();
    let origin = named.next().filter(|origin| origin.to_str().is_ok_and(|origin| origins.allow(origin)))?;
    named.next().is_none().then(|| origin.clone())
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

/// Lets an allowed origin read the answer, unless the service has said something itself. The origin is named, never `*`,
/// and nothing here allows credentials that the page does not send on purpose (cookies).
pub fn mark(answer: &mut HeaderMap, origin: HeaderValue) {
    if !answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        answer.append(VARY, HeaderValue::from_static("Origin"));
    }
}

/// Takes back the leave to send credentials where the answer is for everybody: the Fetch standard forbids the two together,
/// and not every client checks.
pub fn settle(answer: &mut HeaderMap) {
    if answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|origin| origin == "*") {
        answer.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn f29_a_request_with_two_origins_is_foreign() {
        let origins = Origins::parse(["https://example.com"]).expect("origins");
        let mut two = headers(&[("origin", "https://example.com")]);
        assert!(!is_foreign(&two, &origins));
        two.append(ORIGIN, HeaderValue::from_static("https://evil.com"));
        assert!(is_foreign(&two, &origins) && allowed_origin(&two, &origins).is_none());
    }

    #[test]
    fn f29_credentials_do_not_go_with_everybody() {
        let mut answer = headers(&[("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true")]);
        settle(&mut answer);
        assert!(!answer.contains_key("access-control-allow-credentials"));
        let named = [("access-control-allow-origin", "https://a.b"), ("access-control-allow-credentials", "true")];
        let mut answer = headers(&named);
        settle(&mut answer);
        assert!(answer.contains_key("access-control-allow-credentials"));
    }

    #[test]
    fn f29_with_every_origin_allowed_the_one_that_asks_is_named() {
        let origins = Origins::parse(["*"]).expect("origins");
        let asking = headers(&[("origin", "https://a.b"), ("access-control-request-method", "PUT")]);
        let mut answer = preflight(&asking, &origins).into_parts().0.headers;
        mark(&mut answer, allowed_origin(&asking, &origins).expect("allowed"));
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.b");
        assert_eq!(answer[VARY], "Origin");
        assert!(!answer.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
        assert!(allowed_origin(&headers(&[("origin", "null")]), &origins).is_none());
    }
}
