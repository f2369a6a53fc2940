//! Names that nobody has used before, from the host's cryptographic random numbers.

use crate::encoding::hex;
use crate::error::{Error, Result};

/// Random bytes, good enough for secrets.
///
/// Errors: 500 when the host has no random numbers.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

/// 32 hexadecimal digits.
///
/// Errors: as [`random`].
pub fn token() -> Result<String> {
    random::<16>().map(|bytes| hex(&bytes))
}

/// A number of 19 digits such as Compute's resources have as `id`: a positive int64.
///
/// Errors: as [`random`].
pub fn numeric() -> Result<u64> {
    const LEAST: u64 = 1_000_000_000_000_000_000;
    random().map(|bytes| LEAST + u64::from_le_bytes(bytes) % (i64::MAX as u64 - LEAST))
}

/// A random UUID (RFC 9562, version 4) in lower case.
///
/// Errors: as [`random`].
pub fn uuid() -> Result<String> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    Ok([&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_forms_and_differ() {
        assert_eq!(token().unwrap().len(), 32);
        assert_ne!(token().unwrap(), token().unwrap());
        for _ in 0..100 {
            let id = numeric().unwrap();
            assert!(id.to_string().len() == 19 && i64::try_from(id).is_ok());
            let uuid = uuid().unwrap();
            assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'4' && b"89ab".contains(&uuid.as_bytes()[19]));
        }
    }
}
