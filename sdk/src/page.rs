//! Lists page by page (AIP-158).
//!
//! A page token is where the next page begins, with a checksum, so that a token that was cut or edited is refused and never read
//! as another position. It is no secret and gives no right.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::encoding::{b64url, from_b64url};
use crate::error::{Error, Result};
use crate::request::RequestHead;

/// Bytes of checksum in a token.
const SUM: usize = 8;

/// A token for the position `cursor`: whatever the next page's query needs, and the parameters that may not change meanwhile.
/// Empty, with a line in the log, for what cannot be written as JSON.
pub fn encode(cursor: &impl Serialize) -> String {
    match serde_json::to_vec(cursor) {
        Ok(text) => b64url([&checksum(&text), text.as_slice()].concat()),
        Err(error) => {
            crate::log::error!("a cursor cannot be written as JSON: {error}");
            String::new()
        }
    }
}

/// Reads a token back.
///
/// Errors: 400 `invalid` for one that [`encode`] did not make for this type.
pub fn decode<T: DeserializeOwned>(token: &str) -> Result<T> {
    let read = || {
        let bytes = from_b64url(token).ok()?;
        let (sum, text) = bytes.split_first_chunk::<SUM>()?;
        // Base64 has several texts for some bytes: only the one that was given out is taken.
        let genuine = *sum == checksum(text) && b64url(&bytes) == token;
        serde_json::from_slice(text).ok().filter(|_| genuine)
    };
    read().ok_or_else(|| Error::invalid("The page token is not valid.").with_location("parameter", "pageToken"))
}

/// The cursor in the request's `pageToken`, if there is one.
///
/// Errors: as [`decode`].
pub fn cursor<T: DeserializeOwned>(request: &RequestHead) -> Result<Option<T>> {
    let token = request.query("pageToken").filter(|token| !token.is_empty());
    token.map(decode).transpose()
}

/// How many items a page has: the parameter `name` (`maxResults`, `pageSize`), `default` where it is absent or 0, at most `most`.
///
/// Errors: 400 `invalid` when it is not a number, or negative.
pub fn size(request: &RequestHead, name: &str, default: u32, most: u32) -> Result<u32> {
    let size: Option<u64> = request.query_as(name)?;
    Ok(size.filter(|size| *size > 0).map_or(default, |size| size.min(most.into()) as u32))
}

fn checksum(text: &[u8]) -> [u8; SUM] {
    let digest = Sha256::new_with_prefix(b"fogbank page 1\0").chain_update(text).finalize();
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back() {
        let token = encode(&("a/../b €", 7));
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(decode::<(String, i64)>(&token).unwrap(), ("a/../b €".into(), 7));
    }

    #[test]
    fn f35_a_token_with_any_byte_broken_is_400() {
        let token = encode(&("name", 7));
        for at in 0..token.len() {
            for byte in *b"AZ9_-!" {
                let mut broken = token.clone().into_bytes();
                if std::mem::replace(&mut broken[at], byte) != byte {
                    let error = decode::<(String, i64)>(std::str::from_utf8(&broken).unwrap()).unwrap_err();
                    assert_eq!((error.http_status(), error.reason()), (400, "invalid"));
                }
            }
            assert!(decode::<(String, i64)>(&token[..at]).is_err());
        }
        assert!(decode::<u32>(&token).is_err() && decode::<(String, i64)>(&(token + "=")).is_err());
    }

    #[test]
    fn f38_sizes_are_bounded() {
        let size = |query: &str| size(&RequestHead::new("x", "GET", query).unwrap(), "maxResults", 50, 1000);
        assert_eq!(size("/").unwrap(), 50);
        assert_eq!(size("/?maxResults=0").unwrap(), 50);
        assert_eq!(size("/?maxResults=7").unwrap(), 7);
        assert_eq!(size("/?maxResults=99999999999").unwrap(), 1000);
        assert!(size("/?maxResults=-1").is_err() && size("/?maxResults=x").is_err());
    }
}
