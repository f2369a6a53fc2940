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
    fn what_is_no_origin_is_refused() {
        for text in ["example.com", "https://", "https://example.com/", "https://*.example.com", "://x"] {
            assert!(Origins::parse([text]).is_err(), "{text}");
        }
    }
}
