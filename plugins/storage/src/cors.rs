//! Cross-origin requests from pages in browsers, as the configuration of the bucket allows them (the Fetch standard).
//! <https://cloud.google.com/storage/docs/cross-origin>
//!
//! The XML API is marked by the bucket's rules alone. Pages that the operator of this host allows may call every service, by the
//! host's own marks; so a preflight that no rule of the bucket answers names what was asked for, and no origin.

use crate::model::bucket::Bucket;
use crate::model::config::Cors;
use fogbank_sdk::{Error, Request, RequestHead, Response, Result};

/// Headers that a page may always send.
const SIMPLE: [&str; 4] = ["accept", "accept-language", "content-language", "origin"];

/// `OPTIONS` on a bucket or an object: may a page at this origin send that?
pub fn preflight(request: Request) -> Result<Response> {
    let (Some(origin), Some(method)) = (request.header("origin"), request.header("access-control-request-method"))
    else {
        return Err(Error::invalid("A preflight has the headers Origin and Access-Control-Request-Method."));
    };
    let headers = request.header("access-control-request-headers").unwrap_or_default();
    let rules = rules(&request)?;
    let rule = rules.iter().find(|rule| rule.has(origin, method) && rule.takes(headers));
    Ok(match rule {
        Some(rule) => rule.allow(origin, headers),
        None => unanswered(method, headers),
    })
}

fn unanswered(method: &str, headers: &str) -> Response {
    let response = Response::new(200).header("access-control-allow-methods", method).header("vary", "Origin");
    if headers.is_empty() { response } else { response.header("access-control-allow-headers", headers) }
}

/// Lets the page that sent a request read its answer, where a rule of the bucket says so.
pub fn mark(response: Response, request: &RequestHead) -> Result<Response> {
    let Some(origin) = request.header("origin") else { return Ok(response) };
    let rules = rules(request)?;
    Ok(match rules.iter().find(|rule| rule.has(origin, request.method())) {
        Some(rule) => rule.expose(response, origin),
        None => response,
    })
}

/// The rules of the request's bucket; none for a bucket that there is not.
fn rules(request: &RequestHead) -> Result<Vec<Cors>> {
    let name = request.param("bucket");
    match Bucket::load(name) {
        Ok(bucket) => Ok(bucket.config.cors.unwrap_or_default()),
        Err(error) if error.http_status() == 404 => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

// === impl Cors ===

impl Cors {
    /// Whether the rule is for pages at `origin` that send `method`. Origins are compared whole.
    fn has(&self, origin: &str, method: &str) -> bool {
        let here = |allowed: &String| allowed == "*" || allowed.trim_end_matches('/') == origin;
        self.origin.iter().any(here) && self.method.iter().any(|allowed| allowed == "*" || allowed == method)
    }

    /// Whether the rule names all the headers that a page wants to send.
    fn takes(&self, headers: &str) -> bool {
        let mut wanted =
            headers.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        wanted.all(|name| {
            SIMPLE.contains(&name.as_str()) || self.response_header.iter().any(|header| fits(header, &name))
        })
    }

    /// The origin as the answer names it.
    fn named<'o>(&self, origin: &'o str) -> &'o str {
        if self.origin.iter().any(|allowed| allowed == "*") { "*" } else { origin }
    }

    /// The answer to a preflight that the rule allows.
    fn allow(&self, origin: &str, headers: &str) -> Response {
        let mut response = Response::new(200)
            .header("access-control-allow-origin", self.named(origin))
            .header("access-control-allow-methods", self.method.join(","))
            .header("vary", "Origin");
        if !headers.is_empty() {
            response = response.header("access-control-allow-headers", self.response_header.join(","));
        }
        match self.max_age_seconds {
            Some(seconds) => response.header("access-control-max-age", seconds.0.to_string()),
            None => response,
        }
    }

    /// An answer that a page may read.
    fn expose(&self, response: Response, origin: &str) -> Response {
        let response = response.header("access-control-allow-origin", self.named(origin)).header("vary", "Origin");
        if self.response_header.is_empty() {
            return response;
        }
        response.header("access-control-expose-headers", self.response_header.join(","))
    }
}

/// Whether a header of a rule, which may end in `*`, is this one.
fn fits(header: &str, name: &str) -> bool {
    let header = header.to_ascii_lowercase();
    match header.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => header == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::number::Int32;

    fn rule(origin: &str, method: &str, headers: &[&str]) -> Cors {
        Cors {
            origin: vec![origin.to_owned()],
            method: vec![method.to_owned()],
            response_header: headers.iter().map(|name| (*name).to_owned()).collect(),
            max_age_seconds: Some(Int32(60)),
        }
    }

    #[test]
    fn f29_origins_are_matched_whole() {
        let rule = rule("https://example.com", "GET", &[]);
        assert!(rule.has("https://example.com", "GET"));
        let others = [
            "https://evil-example.com",
            "https://example.com.evil",
            "http://example.com",
            "https://example.com:8443",
            "null",
            "",
        ];
        for origin in others {
            assert!(!rule.has(origin, "GET"), "{origin}");
        }
        assert!(!rule.has("https://example.com", "PUT"));
    }

    #[test]
    fn headers_are_matched_by_name_or_by_their_beginning() {
        let rule = rule("*", "PUT", &["Content-Type", "x-goog-meta-*"]);
        assert!(rule.takes("content-type, X-Goog-Meta-A") && rule.takes("") && rule.takes("Accept"));
        assert!(!rule.takes("content-type, authorization") && !rule.takes("x-goog-acl"));
    }

    #[test]
    fn a_rule_says_what_it_allows() {
        let one = rule("https://example.com", "GET", &["Content-Type"]).allow("https://example.com", "content-type");
        let header = |response: &Response, name: &str| response.get_header(name).map(str::to_owned);
        assert_eq!(header(&one, "access-control-allow-origin").as_deref(), Some("https://example.com"));
        assert_eq!(header(&one, "access-control-allow-headers").as_deref(), Some("Content-Type"));
        assert_eq!(header(&one, "access-control-max-age").as_deref(), Some("60"));
        let every = rule("*", "GET", &["ETag"]).expose(Response::new(200), "https://a.test");
        assert_eq!(header(&every, "access-control-allow-origin").as_deref(), Some("*"));
        assert_eq!(header(&every, "access-control-expose-headers").as_deref(), Some("ETag"));
    }

    #[test]
    fn a_preflight_without_a_rule_names_no_origin() {
        let answer = unanswered("PUT", "authorization");
        assert_eq!(answer.get_header("access-control-allow-methods"), Some("PUT"));
        assert_eq!(answer.get_header("access-control-allow-origin"), None);
    }
}
