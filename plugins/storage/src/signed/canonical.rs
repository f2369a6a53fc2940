//! The text that a signature of version 4 covers. <https://cloud.google.com/storage/docs/authentication/canonical-requests>

use super::failure;
use fogbank_sdk::encoding::hex;
use fogbank_sdk::{RequestHead, Result, query};
use sha2::{Digest, Sha256};

/// What stands for a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Parameters that hold the signature itself.
const SIGNATURES: [&str; 2] = ["x-goog-signature", "x-amz-signature"];

/// The canonical request, in each form that a client may have signed, given those of its path.
///
/// Errors: 403 for a header that is signed and not there.
pub fn requests(
    request: &RequestHead,
    paths: &[String],
    signed_headers: &[String],
    payload: &str,
) -> Result<Vec<String>> {
    let (method, names, queries) = (request.method(), signed_headers.join(";"), queries(request));
    let mut requests = Vec::new();
    for headers in headers(request, signed_headers)? {
        for path in paths {
            for query in &queries {
                requests.push(format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}"));
            }
        }
    }
    Ok(requests)
}

/// The text that is signed: the hash of the canonical request, under its algorithm, time and scope.
pub fn string_to_sign(algorithm: &str, date: &str, scope: &str, canonical: &str) -> String {
    format!("{algorithm}\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)))
}

/// The query's parameters, but for the signature, escaped in one way and sorted: by their names, or as Google's library for Python
/// does it by the whole text, where that makes a difference.
fn queries(request: &RequestHead) -> Vec<String> {
    let pairs = request.query_pairs().iter();
    let mut pairs: Vec<(String, String)> = pairs
        .filter(|(name, _)| !SIGNATURES.iter().any(|signature| name.eq_ignore_ascii_case(signature)))
        .map(|(name, value)| (query::encode(name), query::encode(value)))
        .collect();
    pairs.sort();
    let mut texts: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let by_name = texts.join("&");
    texts.sort();
    let by_text = texts.join("&");
    if by_text == by_name { vec![by_name] } else { vec![by_name, by_text] }
}

/// A line for each signed header: values without spaces around them and with single ones within, several values with commas. Google's
/// library for Node leaves the port out of the host, so a host with a port makes two forms.
fn headers(request: &RequestHead, signed: &[String]) -> Result<Vec<String>> {
    let mut forms = vec![String::new()];
    for name in signed {
        let values = values(request, name).join(",");
        if values.is_empty() && !request.headers().iter().any(|(header, _)| header == name) {
            return Err(failure::header_missing(name));
        }
        if let Some(host) = (name == "host").then(|| without_port(&values)).flatten() {
            forms =
                forms.iter().flat_map(|form| [&*values, host].map(|host| format!("{form}{name}:{host}\n"))).collect();
        } else {
            forms.iter_mut().for_each(|form| form.push_str(&format!("{name}:{values}\n")));
        }
    }
    Ok(forms)
}

/// The name or address of a host that is written with a port.
fn without_port(host: &str) -> Option<&str> {
    let (name, port) = host.rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

fn values(request: &RequestHead, name: &str) -> Vec<String> {
    let present = request.headers().iter().filter(|(header, _)| header == name);
    let values: Vec<String> = present.map(|(_, value)| folded(value)).collect();
    if values.is_empty() && name == "host" {
        // HTTP/2 says it in another way.
        let base = request.base_url();
        let authority = base.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        return authority.map(str::to_owned).into_iter().collect();
    }
    values
}

/// A value with single spaces.
pub fn folded(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A path escaped in one way: everything but unreserved characters and slashes. None where it does not decode.
pub fn path(sent: &str) -> Option<String> {
    Some(query::encode(&query::decode(sent).ok()?).replace("%2F", "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_and_escaped_in_one_way() {
        let target = "/b/o?X-Goog-Signature=ab&b=x+y&a-b=%7e&a=%2f&versions&B=1";
        let head = RequestHead::new("storage.xml.object.get", "GET", target).unwrap();
        let (by_name, by_text) = ("B=1&a=%2F&a-b=~&b=x%20y&versions=", "B=1&a-b=~&a=%2F&b=x%20y&versions=");
        assert_eq!(queries(&head), [by_name, by_text]);
    }

    #[test]
    fn headers_are_folded_and_several_of_a_name_joined() {
        let head = RequestHead::new("storage.xml.object.get", "GET", "/b/o").unwrap();
        let head = head
            .with_header("x-goog-meta-a", "  one   two ")
            .with_header("host", "127.0.0.1:8080")
            .with_header("x-goog-meta-a", "three");
        let signed = ["host".to_owned(), "x-goog-meta-a".to_owned()];
        let forms =
            ["host:127.0.0.1:8080", "host:127.0.0.1"].map(|host| format!("{host}\nx-goog-meta-a:one two,three\n"));
        assert_eq!(headers(&head, &signed).unwrap(), forms);
        assert_eq!(without_port("[::1]:8080"), Some("[::1]"));
        assert_eq!(without_port("[::1]"), None);
        assert_eq!(without_port("a.example"), None);
        assert_eq!(headers(&head, &["x-goog-acl".to_owned()]).unwrap_err().http_status(), 403);
    }

    #[test]
    fn f04_a_path_is_escaped_in_one_way_and_never_shortened() {
        assert_eq!(path("/b/a/../b%2fc~%7E é").as_deref(), Some("/b/a/../b/c~~%20%C3%A9"));
        assert_eq!(path("/b/%zz"), None);
    }
}
