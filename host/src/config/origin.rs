//! Origins of browsers (RFC 6454), compared whole (F29).

/// Origins that may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<Allowed>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    All,
    /// `scheme://host` or `scheme://host:port`, lower case.
    Exact(String),
    /// `scheme://host`, lower case, with any port or none.
    AnyPort(String),
}

impl Origins {
    /// Reads a list of `*`, `scheme://host[:port]` and `scheme://host:*`; the error names what is none of them.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        texts.into_iter().map(parse_one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request with this `Origin` may read the answer.
    pub fn allow(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.0.iter().any(|allowed| match allowed {
            Allowed::All => true,
            Allowed::Exact(whole) => *whole == origin,
            Allowed::AnyPort(host) => origin.strip_prefix(host.as_str()).is_some_and(is_port),
        })
    }
}

fn parse_one(text: &str) -> Result<Allowed, String> {
    if text == "*" {
        return Ok(Allowed::All);
    }
    let lower = text.to_ascii_lowercase();
    let (host, any_port) = lower.strip_suffix(":*").map_or((lower.as_str(), false), |host| (host, true));
    let authority = host.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).map(|(_, authority)| authority);
    match authority {
        Some(name) if !name.is_empty() && !name.contains(['/', '*', '?', '#', '@', ' ']) => {
            Ok(if any_port { Allowed::AnyPort(host.to_owned()) } else { Allowed::Exact(host.to_owned()) })
        }
        _ => Err(format!("`{text}` is no origin: scheme://host[:port], without a slash at the end")),
    }
}

fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => !digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f29_origins_are_matched_whole() {
        let origins = Origins::parse(["https://example.com", "http://localhost:*"]).expect("origins");
        for good in ["https://example.com", "HTTPS://Example.com", "http://localhost", "http://localhost:3000"] {
            assert!(origins.allow(good), "{good}");
        }
        let bad = [
            "https://evil-example.com",
            "https://example.com.evil",
            "https://example.com:8443",
            "http://example.com",
            "https://a.example.com",
            "http://localhost.evil",
            "http://localhost:3000.evil",
            "http://localhost:",
            "null",
            "",
        ];
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
        for text in ["example.com", "https://", "https://example.com/", "https://*.example.com", "://x"] {
            assert!(Origins::parse([text]).is_err(), "{text}");
        }
    }
}
