//! Entity tags (RFC 9110 section 8.8.3) and Compute's fingerprints.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::encoding::b64;
use crate::error::{Error, Result};

/// A tag of content: 12 characters of base64 that change with it. Without quotes.
pub fn of(content: &[u8]) -> String {
    b64(&Sha256::digest(content)[..8])
}

/// A tag of a resource that is counted: `CAE=` and the like in the real service.
pub fn of_version(generation: i64, metageneration: i64) -> String {
    let (generation, metageneration) = (generation.to_be_bytes(), metageneration.to_be_bytes());
    of(&[generation, metageneration].concat())
}

/// A fingerprint of anything that can be written as JSON.
///
/// Errors: 500 for what cannot.
pub fn fingerprint(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(value).map_err(|error| Error::internal(format!("no fingerprint: {error}")))?;
    let mut tag = of(&text);
    // Google's Python clients send it back in the alphabet of URLs (RFC 4648 section 5): it has none of the letters that differ.
    while tag.contains(['+', '/']) {
        tag = of(tag.as_bytes());
    }
    Ok(tag)
}

/// Refuses a change that was made against another state: `sent` is what the client read before, `current` what there is.
///
/// Errors: 412 `conditionNotMet`.
pub fn check_fingerprint(sent: Option<&str>, current: &str) -> Result<()> {
    match sent {
        Some(sent) if sent != current => {
            Err(Error::precondition("Supplied fingerprint does not match current fingerprint."))
        }
        _ => Ok(()),
    }
}

/// Whether the list of an `If-Match` or `If-None-Match` header has `tag` (without quotes) or is `*`. Weak tags compare as strong
/// ones do.
pub fn matches(header: &str, tag: &str) -> bool {
    let mut tags = header.split(',').map(str::trim);
    tags.any(|sent| {
        let sent = sent.strip_prefix("W/").unwrap_or(sent);
        sent == "*" || sent.trim_matches('"') == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_fingerprint_is_412() {
        let current = fingerprint(&[("a", 1)]).unwrap();
        assert_ne!(current, fingerprint(&[("a", 2)]).unwrap());
        assert_eq!(current.len(), 12);
        assert!(check_fingerprint(Some(&current), &current).is_ok());
        assert!(check_fingerprint(None, &current).is_ok());
        let error = check_fingerprint(Some("x"), &current).unwrap_err();
        assert_eq!((error.http_status(), error.reason()), (412, "conditionNotMet"));
    }

    #[test]
    fn headers_hold_lists() {
        assert!(matches("*", "x") && matches("\"a\", W/\"x\"", "x") && matches("x", "x"));
        assert!(!matches("\"a\"", "x") && !matches("", "x"));
    }

    #[test]
    fn a_fingerprint_is_the_same_in_both_alphabets() {
        for number in 0..200 {
            let tag = fingerprint(&number).unwrap();
            assert!(tag.len() == 12 && !tag.contains(['+', '/']), "{tag}");
        }
    }
}
