//! Bytes as text: base64 (RFC 4648), and checksums as Cloud Storage writes them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::error::{Error, Result};

/// Base64 with padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 with padding.
///
/// Errors: 400 `invalid`.
pub fn from_b64(text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|_| Error::invalid(format!("'{text}' is not base64.")))
}

/// Base64 for URLs, without padding.
pub fn b64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64 for URLs, with or without padding.
///
/// Errors: 400 `invalid`.
pub fn from_b64url(text: &str) -> Result<Vec<u8>> {
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::invalid(format!("'{text}' is not base64url.")))
}

/// A CRC-32C as the `crc32c` field has it: base64 of its four bytes, the highest first.
pub fn crc32c(sum: u32) -> String {
    b64(sum.to_be_bytes())
}

/// Reads a `crc32c` field.
///
/// Errors: 400 `invalid`.
pub fn from_crc32c(text: &str) -> Result<u32> {
    let bytes = from_b64(text)?.try_into();
    let bytes = bytes.map_err(|_| Error::invalid(format!("'{text}' is not a CRC32C checksum.")))?;
    Ok(u32::from_be_bytes(bytes))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_big_endian() {
        // The CRC-32C of "123456789" is E3069283 (RFC 3720 appendix B.4 has the algorithm).
        assert_eq!(crc32c(0xE306_9283), "4waSgw==");
        assert_eq!(from_crc32c("4waSgw==").unwrap(), 0xE306_9283);
        assert!(from_crc32c("4waS").is_err() && from_crc32c("?").is_err());
    }

    #[test]
    fn text_reads_back() {
        for bytes in [&b""[..], b"\xff", b"ab\0", b"\xfb\xff\xfe\x01"] {
            assert_eq!(from_b64(&b64(bytes)).unwrap(), bytes);
            assert_eq!(from_b64url(&b64url(bytes)).unwrap(), bytes);
        }
        assert_eq!(from_b64url("YQ==").unwrap(), b"a");
        assert_eq!(hex(&[0, 0xaf]), "00af");
    }
}
