//! Bytes to store, and their checksums as Cloud Storage writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

/// `size` bytes that differ with `seed` and look random.
pub fn bytes(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Base64 of the MD5.
pub fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// Base64 of the CRC-32C in big-endian order.
pub fn crc32c(bytes: &[u8]) -> String {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32;
    STANDARD.encode(sum.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_documentation() {
        assert_eq!(md5(b""), "1B2M2Y8AsgTpgAmY7PhCfg==");
        assert_eq!(crc32c(b"123456789"), STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
    }

    #[test]
    fn content_differs_with_its_seed() {
        assert_eq!(bytes(5, 1), bytes(5, 1));
        assert_ne!(bytes(100, 1), bytes(100, 2));
        assert_eq!(bytes(13, 3).len(), 13);
    }
}
