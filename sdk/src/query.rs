//! Query strings and other percent-encoded text.
//!
//! `a=1&b=x+y%20z`, as the WHATWG URL standard's `application/x-www-form-urlencoded` decodes it, with one difference: an escape
//! that is broken, or that does not decode to UTF-8, is refused and not passed through.

use crate::error::{Error, Result};

/// The decoded parameters of a query string, in the order in which they were sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes what follows `?`. `+` is a space; a parameter without `=` is empty.
    ///
    /// Errors: 400 `invalid` for a broken escape.
    pub fn parse(text: &str) -> Result<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode_form(name)?, decode_form(value)?))
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The first value of `name`, decoded.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in order.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> + 'q {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All parameters in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

fn decode_form(text: &str) -> Result<String> {
    if text.contains('+') { decode(&text.replace('+', " ")) } else { decode(text) }
}

/// Decodes `%41` escapes (RFC 3986 section 2.1); `+` stays what it is.
///
/// Errors: 400 `invalid` for an escape that is cut off, not hexadecimal, or not UTF-8.
pub fn decode(text: &str) -> Result<String> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = tail;
            continue;
        }
        let (&[high, low], tail) = tail.split_first_chunk().ok_or_else(broken)?;
        bytes.push(hex(high)? << 4 | hex(low)?);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid("The URL does not decode to UTF-8."))
}

fn hex(digit: u8) -> Result<u8> {
    (digit as char).to_digit(16).map(|value| value as u8).ok_or_else(broken)
}

fn broken() -> Error {
    Error::invalid("The URL has a broken percent-escape.")
}

/// Encodes text as one path segment or query value: everything but RFC 3986's unreserved characters is escaped, `/` too.
pub fn encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push('%');
            encoded.push(DIGITS[usize::from(byte >> 4)] as char);
            encoded.push(DIGITS[usize::from(byte & 15)] as char);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<String> {
        Query::parse(text).map(|query| query.get("a").unwrap_or("absent").to_owned())
    }

    #[test]
    fn decodes_values_names_and_plus() {
        assert_eq!(one("a=x+y%20z%2B").unwrap(), "x y z+");
        assert_eq!(one("%61=1").unwrap(), "1");
        assert_eq!(one("a=%E2%82%AC").unwrap(), "€");
        assert_eq!(one("a=b=c").unwrap(), "b=c");
        assert_eq!(one("a").unwrap(), "");
        assert_eq!(one("&&b=1").unwrap(), "absent");
    }

    #[test]
    fn f35_a_broken_escape_is_a_client_error() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff", "%=1", "a=%E2%82"] {
            assert_eq!(one(text).unwrap_err().http_status(), 400, "{text}");
        }
    }

    #[test]
    fn the_first_of_several_values_counts() {
        let query = Query::parse("a=1&b=2&a=3").unwrap();
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        let name = "a/../b c+%€\u{1}";
        assert_eq!(encode("a/b c"), "a%2Fb%20c");
        assert_eq!(decode(&encode(name)).unwrap(), name);
    }
}
