//! Checksums that a client sends along with a content, and their comparison with what arrived.
//!
//! CRC-32C travels as base64 of its four bytes, most significant first; MD5 as base64 of its sixteen.

use fogbank_sdk::encoding::{b64, from_b64};
use fogbank_sdk::{Error, files::Digest};

/// What a client says about the content; absent values are not compared.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Expected {
    pub crc32c: Option<u32>,
    pub md5: Option<[u8; 16]>,
}

/// Why an upload is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChecksumError {
    /// Not base64 of the right number of bytes; which field, and its value.
    Malformed { field: &'static str, value: String },
    /// Two places give different values.
    Contradiction { field: &'static str },
    /// The content that arrived is another one.
    Mismatch { field: &'static str, provided: String, calculated: String },
}

impl std::fmt::Display for ChecksumError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ChecksumError::Malformed { field, value } => write!(out, "Invalid value for {field}: '{value}'."),
            ChecksumError::Contradiction { field } => write!(out, "Different values were given for {field}."),
            ChecksumError::Mismatch { field, provided, calculated } => {
                write!(out, "Provided {field} \"{provided}\" doesn't match calculated {field} \"{calculated}\".")
            }
        }
    }
}

const CRC32C: &str = "CRC32C";
const MD5: &str = "MD5 hash";

impl Expected {
    /// Takes `crc32c` of an object's metadata.
    pub fn add_crc32c(&mut self, value: &str) -> Result<(), ChecksumError> {
        let crc32c = u32::from_be_bytes(decode(CRC32C, value)?);
        merge(&mut self.crc32c, crc32c, CRC32C)
    }

    /// Takes `md5Hash` of an object's metadata, or a `Content-MD5` header.
    pub fn add_md5(&mut self, value: &str) -> Result<(), ChecksumError> {
        let md5 = decode(MD5, value)?;
        merge(&mut self.md5, md5, MD5)
    }

    /// Takes an `x-goog-hash` header: `crc32c=...`, `md5=...`, or both with a comma; other kinds are passed over.
    pub fn add_hash_header(&mut self, header: &str) -> Result<(), ChecksumError> {
        for (kind, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
            match kind.trim().to_ascii_lowercase().as_str() {
                "crc32c" => self.add_crc32c(value.trim())?,
                "md5" => self.add_md5(value.trim())?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Compares with what arrived.
    pub fn verify_digest(&self, digest: &Digest) -> Result<(), ChecksumError> {
        self.verify(digest.crc32c, digest.md5)
    }

    /// Compares with what arrived.
    pub fn verify(&self, crc32c: u32, md5: Option<[u8; 16]>) -> Result<(), ChecksumError> {
        if let Some(provided) = self.crc32c.filter(|provided| *provided != crc32c) {
            return Err(mismatch(CRC32C, &provided.to_be_bytes(), &crc32c.to_be_bytes()));
        }
        match (self.md5, md5) {
            (Some(provided), Some(calculated)) if provided != calculated => Err(mismatch(MD5, &provided, &calculated)),
            _ => Ok(()),
        }
    }
}

impl From<ChecksumError> for Error {
    fn from(error: ChecksumError) -> Self {
        Error::invalid(error.to_string())
    }
}

/// CRC-32C as it is written on the wire.
pub fn encode_crc32c(crc32c: u32) -> String {
    b64(crc32c.to_be_bytes())
}

/// MD5 as it is written on the wire.
pub fn encode_md5(md5: &[u8]) -> String {
    b64(md5)
}

fn mismatch(field: &'static str, provided: &[u8], calculated: &[u8]) -> ChecksumError {
    ChecksumError::Mismatch { field, provided: b64(provided), calculated: b64(calculated) }
}

fn decode<const N: usize>(field: &'static str, value: &str) -> Result<[u8; N], ChecksumError> {
    from_b64(value)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| ChecksumError::Malformed { field, value: value.to_owned() })
}

fn merge<T: PartialEq>(slot: &mut Option<T>, value: T, field: &'static str) -> Result<(), ChecksumError> {
    match slot {
        Some(present) if *present != value => Err(ChecksumError::Contradiction { field }),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the empty content.
    const EMPTY_MD5: &str = "1B2M2Y8AsgTpgAmY7PhCfg==";

    #[test]
    fn headers_and_metadata_say_the_same_thing() {
        let mut expected = Expected::default();
        expected.add_hash_header(&format!("crc32c=AAAAAA==,md5={EMPTY_MD5}, sha1=zzz")).unwrap();
        expected.add_md5(EMPTY_MD5).unwrap();
        assert_eq!(expected.crc32c, Some(0));
        let md5 = expected.md5;
        assert_eq!(expected.verify(0, md5), Ok(()));
        assert_eq!(expected.verify(0, None), Ok(()));
        assert_eq!(encode_md5(&md5.unwrap()), EMPTY_MD5);
        assert_eq!(encode_crc32c(1), "AAAAAQ==");
    }

    #[test]
    fn a_different_content_is_named_with_both_values() {
        let mut expected = Expected::default();
        expected.add_crc32c("AAAAAA==").unwrap();
        assert_eq!(
            expected.verify(1, None).unwrap_err().to_string(),
            "Provided CRC32C \"AAAAAA==\" doesn't match calculated CRC32C \"AAAAAQ==\"."
        );
        let expected = Expected { md5: Some([0; 16]), ..Expected::default() };
        assert!(expected.verify(1, Some([1; 16])).is_err());
    }

    #[test]
    fn f35_broken_and_contradicting_values_are_refused() {
        let mut expected = Expected::default();
        assert!(expected.add_crc32c("AAAA").is_err());
        assert!(expected.add_md5("%%%").is_err());
        assert!(expected.add_hash_header("md5=short").is_err());
        expected.add_crc32c("AAAAAA==").unwrap();
        assert_eq!(expected.add_hash_header("crc32c=AAAAAQ=="), Err(ChecksumError::Contradiction { field: CRC32C }));
    }
}
