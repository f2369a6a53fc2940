//! Origins of browsers (RFC 6454), compared whole (F29).

/// Origins that may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<Allowed>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    /// Every origin that has a name: `null` is that of anybody's sandbox, and has to be listed.
    All,
    Null,
    Exact(Origin),
    /// Scheme and host, with any port or none.
    AnyPort(String, String),
}

/// Scheme, host and port; lower case, and no port where it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origins {
    /// Reads a list of `*`, `null`, `scheme://host[:port]` and `scheme://host:*`; the error names what is none of them.
    /// A host name outside of ASCII stands for its `xn--` form (RFC 5891), which is what browsers send.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        texts.into_iter().map(parse_one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request with this `Origin` may read the answer.
    pub fn allow(&self, origin: &str) -> bool {
        if origin == "null" {
            return self.0.contains(&Allowed::Null);
        }
        let Some(origin) = Origin::parse(origin) else { return false };
        self.0.iter().any(|allowed| match allowed {
            Allowed::All => true,
            Allowed::Null => false,
            Allowed::Exact(whole) => *whole == origin,
            Allowed::AnyPort(scheme, host) => *scheme == origin.scheme && *host == origin.host,
        })
    }
}

impl Origin {
    /// Reads `scheme://host[:port]` in ASCII, and nothing more: no user, no path, no space, no escapes.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        let digits = |port: &&str| port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            Some(port) => Some(Some(port).filter(digits)?.parse().ok()?),
            None => None,
        };
        let own = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = port.filter(|port| Some(*port) != own);
        (is_scheme(&scheme) && is_host(&host)).then_some(Self { scheme, host, port })
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(inner)
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    }
}

fn parse_one(text: &str) -> Result<Allowed, String> {
    match text {
        "*" => return Ok(Allowed::All),
        "null" => return Ok(Allowed::Null),
        _ => {}
    }
    let (origin, any_port) = text.strip_suffix(":*").map_or((text, false), |origin| (origin, true));
    let origin = ascii(origin).and_then(|origin| Origin::parse(&origin)).filter(|it| !any_port || it.port.is_none());
    match origin {
        Some(Origin { scheme, host, .. }) if any_port => Ok(Allowed::AnyPort(scheme, host)),
        Some(origin) => Ok(Allowed::Exact(origin)),
        None => Err(format!("`{text}` is no origin: scheme://host[:port], without a slash at the end")),
    }
}

/// The origin with its host name in ASCII.
fn ascii(text: &str) -> Option<String> {
    if text.is_ascii() {
        return Some(text.to_owned());
    }
    let (scheme, authority) = text.split_once("://")?;
    let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    let url::Host::Domain(name) = url::Host::parse(name).ok()? else { return None };
    Some(format!("{scheme}://{name}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_allowed(origins: &[&str], good: &[&str], bad: &[&str]) {
        let origins = Origins::parse(origins.iter().copied()).expect("origins");
        for good in good {
            assert!(origins.allow(good), "{good}");
        }
        for bad in bad {
            assert!(!origins.allow(bad), "{bad}");
        }
    }

    #[test]
    fn f29_origins_are_matched_whole() {
        let bad = [
            "https://evil-example.com",
            "https://example.com.evil",
            "https://evilexample.com",
            "https://a.example.com",
            "https://example.com.",
            "https://example.co",
            "https://example",
            "https://.example.com",
            "null",
            "",
        ];
        assert_allowed(&["https://example.com"], &["https://example.com", "HTTPS://Example.COM"], &bad);
    }

    #[test]
    fn f29_scheme_and_port_are_part_of_the_origin() {
        let bad = ["http://example.com", "https://example.com:8443", "https://example.com:80", "wss://example.com"];
        assert_allowed(&["https://example.com"], &["https://example.com:443"], &bad);
        assert_allowed(&["https://example.com:443"], &["https://example.com"], &bad);
        let bad =
            ["http://example.com", "http://example.com:808", "http://example.com:80800", "https://example.com:8080"];
        assert_allowed(&["http://example.com:8080"], &["http://example.com:8080"], &bad);
    }

    #[test]
    fn f29_any_port_is_any_port_and_nothing_else() {
        let good = ["http://localhost", "http://localhost:80", "http://localhost:3000", "http://LOCALHOST:65535"];
        let bad = [
            "http://localhost.evil",
            "http://localhost:3000.evil",
            "http://localhost:3000@evil.com",
            "http://localhost:",
            "http://localhost:65536",
            "http://localhost:+80",
            "http://localhost:*",
            "https://localhost:3000",
            "http://evil-localhost:3000",
            "http://localhost:3000/",
        ];
        assert_allowed(&["http://localhost:*"], &good, &bad);
    }

    #[test]
    fn f29_what_only_contains_an_origin_is_none() {
        let bad = [
            "https://user@example.com",
            "https://example.com@evil.com",
            "https://evil.com#https://example.com",
            "https://evil.com?https://example.com",
            "https://evil.com\\@example.com",
            "https://ex%61mple.com",
            "https://example.com/",
            "https://example.com https://evil.com",
            "https://example.com,https://evil.com",
            " https://example.com",
            "https://example.com\0.evil",
            "https:example.com",
            "//example.com",
            "example.com",
        ];
        assert_allowed(&["https://example.com"], &[], &bad);
        assert_allowed(&["*"], &["https://evil.com", "chrome-extension://abc"], &bad);
    }

    #[test]
    fn f29_null_is_the_origin_of_anybodys_sandbox_and_has_to_be_listed() {
        assert_allowed(&["*"], &["https://example.com"], &["null", "NULL"]);
        assert_allowed(&["null"], &["null"], &["https://example.com", "https://null", "NULL"]);
    }

    #[test]
    fn f29_a_name_outside_of_ascii_is_its_ascii_form_and_no_look_alike() {
        let bad = ["https://bücher.example", "https://bucher.example", "https://xn--bcher-kva.example.evil"];
        assert_allowed(&["https://bücher.example"], &["https://xn--bcher-kva.example"], &bad);
        // The first letter is Cyrillic.
        assert_allowed(&["https://example.com"], &[], &["https://\u{435}xample.com", "https://xn--xample-2of.com"]);
    }

    #[test]
    fn addresses_are_origins_too() {
        assert_allowed(&["http://[::1]:*"], &["http://[::1]:3000", "http://[::1]"], &["http://[::2]", "http://::1"]);
        assert_allowed(&["http://127.0.0.1"], &["http://127.0.0.1"], &["http://127.0.0.1.evil", "http://127.0.0.11"]);
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        let bad = [
            "example.com",
            "https://",
            "https://example.com/",
            "https://*.example.com",
            "://x",
            "https://a@b",
            "https://x:99999",
            "https://x:80:*",
            "https://*",
            "1https://x",
        ];
        for text in bad {
            assert!(Origins::parse([text]).is_err(), "{text}");
        }
    }
}
