//! The two checksums that clients ask for, in one pass.

use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::{Digest as _, Md5};

/// What is known of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Bytes.
    pub size: u64,
    /// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
    pub crc32c: u32,
    /// Absent where it was not asked for.
    pub md5: Option<[u8; 16]>,
}

/// A digest of what has come so far.
#[derive(Clone)]
pub(super) struct Hasher {
    size: u64,
    crc: Crc,
    md5: Option<Md5>,
}

impl Hasher {
    pub(super) fn new(md5: bool) -> Self {
        Self { size: 0, crc: Crc::new(CrcAlgorithm::Crc32Iscsi), md5: md5.then(Md5::new) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.crc.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// How many bytes were hashed.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The digest of these bytes; MD5 only where it is wanted and was computed.
    pub(super) fn digest(&self, md5: bool) -> Digest {
        Digest {
            size: self.size,
            // The algorithm has 32 bits.
            crc32c: self.crc.finalize() as u32,
            md5: self.md5.clone().filter(|_| md5).map(|md5| md5.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_the_standards() {
        let mut hasher = Hasher::new(true);
        hasher.update(b"1234");
        hasher.update(b"56789");
        let digest = hasher.digest(true);
        assert_eq!((digest.size, digest.crc32c), (9, 0xE306_9283));
        assert_eq!(digest.md5.map(hex::encode).as_deref(), Some("25f9e794323b453885f5181f1b624d0b"));
        assert_eq!(hasher.digest(false).md5, None);
        assert_eq!(Hasher::new(false).digest(true), Digest { size: 0, crc32c: 0, md5: None });
    }
}
