//! Headers that keep browsers from making something else of an answer than it is.
//!
//! The host's own answers are never guessed at. Pages, whoever made them, run and embed nothing and are embedded nowhere,
//! unless the service has said otherwise. What clients have stored goes out as the service describes it, as from the real
//! one: an answer that offers ranges (RFC 9110, section 14.3) is that, and not a page. No promise of HTTPS for next time
//! (HSTS) is made for names as common as `localhost`.

use http::header::{
    ACCEPT_RANGES, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// For pages: nothing is loaded or run, forms go to where the page is from.
const PAGE: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, NO_GUESSING),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The value of `X-Content-Type-Options`.
pub const NO_GUESSING: &str = "nosniff";

/// Marks an answer that the host itself has made.
pub fn own(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static(NO_GUESSING));
}

/// Marks an answer that is a page; leaves alone what the service has said.
pub fn page(headers: &mut HeaderMap) {
    if !is_page(headers) {
        return;
    }
    for (name, value) in PAGE {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let page = ["text/html", "application/xhtml+xml"].iter().any(|page| essence.eq_ignore_ascii_case(page));
    page && !headers.contains_key(ACCEPT_RANGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers: HeaderMap = pairs.collect();
        page(&mut headers);
        headers
    }

    #[test]
    fn a_page_runs_nothing_and_is_embedded_nowhere() {
        for kind in ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"] {
            let headers = marked(&[("content-type", kind)]);
            assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{kind}");
            assert_eq!(headers[REFERRER_POLICY], "no-referrer", "{kind}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{kind}");
            assert!(headers[CONTENT_SECURITY_POLICY].to_str().is_ok_and(|csp| csp.starts_with("default-src 'none'")));
        }
    }

    #[test]
    fn what_the_service_has_said_of_its_page_stands() {
        let headers = marked(&[("content-type", "text/html"), ("content-security-policy", "default-src 'self'")]);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
    }

    #[test]
    fn stored_content_and_what_is_no_page_go_out_as_they_are() {
        let stored = [("content-type", "text/html"), ("accept-ranges", "bytes")];
        assert_eq!(marked(&stored).len(), 2);
        assert_eq!(marked(&[("content-type", "application/json")]).len(), 1);
        assert_eq!(marked(&[]).len(), 0);
    }
}
