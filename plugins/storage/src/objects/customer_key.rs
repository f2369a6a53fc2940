//! Customer-supplied encryption keys: `x-goog-encryption-algorithm`, `-key` and `-key-sha256`. Only the hash of a key is
//! ever stored; content written under a key is given only to who brings the same key again.
//!
//! <https://cloud.google.com/storage/docs/encryption/customer-supplied-keys>

use super::record::Object;
use fogbank_sdk::encoding::{b64, from_b64};
use fogbank_sdk::{Code, Error, RequestHead, Result};
use sha2::{Digest, Sha256};

/// The hash (base64 of SHA-256) of a key that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerKey(pub String);

impl CustomerKey {
    /// The key that the request's headers give for the object.
    pub fn of(request: &RequestHead) -> Result<Option<CustomerKey>> {
        Self::named(request, "x-goog-encryption-")
    }

    /// The key that the request's headers give for the source of a copy.
    pub fn of_source(request: &RequestHead) -> Result<Option<CustomerKey>> {
        Self::named(request, "x-goog-copy-source-encryption-")
    }

    fn named(request: &RequestHead, prefix: &str) -> Result<Option<CustomerKey>> {
        let header = |name: &str| request.header(&format!("{prefix}{name}"));
        read(header("algorithm"), header("key"), header("key-sha256"))
    }
}

fn read(algorithm: Option<&str>, key: Option<&str>, sha256: Option<&str>) -> Result<Option<CustomerKey>> {
    let Some(key) = key else {
        return match algorithm.or(sha256) {
            None => Ok(None),
            Some(_) => Err(refused("customerEncryptionKeyFormatIsInvalid", "Missing an encryption key.")),
        };
    };
    if algorithm != Some("AES256") {
        return Err(refused("customerEncryptionAlgorithmIsInvalid", "The encryption algorithm must be AES256."));
    }
    let key = from_b64(key).ok().filter(|key| key.len() == 32);
    let key = key.ok_or_else(|| {
        refused("customerEncryptionKeyFormatIsInvalid", "The encryption key must be base64 of 32 bytes.")
    })?;
    let hash = b64(Sha256::digest(&key));
    if sha256.is_some_and(|sha256| sha256 != hash) {
        return Err(refused(
            "customerEncryptionKeySha256IsInvalid",
            "The SHA256 hash is not that of the encryption key.",
        ));
    }
    Ok(Some(CustomerKey(hash)))
}

/// Refuses with 400 to read the content of an object that is under another key, or under none.
pub fn require(object: &Object, key: Option<&CustomerKey>) -> Result<()> {
    match (&object.key_sha256, key) {
        (None, None) => Ok(()),
        (Some(stored), Some(CustomerKey(sent))) if stored == sent => Ok(()),
        (Some(_), Some(_)) => {
            Err(refused("customerEncryptionKeyIsIncorrect", "The provided encryption key is incorrect."))
        }
        (Some(_), None) => Err(refused(
            "resourceIsEncryptedWithCustomerEncryptionKey",
            "The target object is encrypted by a customer-supplied encryption key.",
        )),
        (None, Some(_)) => Err(refused(
            "resourceNotEncryptedWithCustomerEncryptionKey",
            "The target object is not encrypted by a customer-supplied encryption key.",
        )),
    }
}

/// Whether the request brought the object's key.
pub fn unlocks(object: &Object, key: Option<&CustomerKey>) -> bool {
    object.key_sha256.is_some() && require(object, key).is_ok()
}

fn refused(reason: &str, message: &str) -> Error {
    Error::new(Code::InvalidArgument, reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const HASH: &str = "Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU=";

    fn reason(result: Result<impl Sized>) -> String {
        result.err().map(|error| error.reason().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_key_is_known_by_its_hash() {
        assert_eq!(read(Some("AES256"), Some(KEY), Some(HASH)).unwrap(), Some(CustomerKey(HASH.into())));
        assert_eq!(read(Some("AES256"), Some(KEY), None).unwrap(), Some(CustomerKey(HASH.into())));
        assert_eq!(read(None, None, None).unwrap(), None);
    }

    #[test]
    fn f35_broken_keys_are_refused() {
        assert_eq!(reason(read(Some("AES256"), Some("AAAA"), None)), "customerEncryptionKeyFormatIsInvalid");
        assert_eq!(reason(read(Some("AES256"), None, Some(HASH))), "customerEncryptionKeyFormatIsInvalid");
        assert_eq!(reason(read(Some("ROT13"), Some(KEY), None)), "customerEncryptionAlgorithmIsInvalid");
        assert_eq!(reason(read(Some("AES256"), Some(KEY), Some("x"))), "customerEncryptionKeySha256IsInvalid");
    }

    #[test]
    fn content_is_given_only_with_its_key() {
        let key = CustomerKey(HASH.into());
        let locked = Object { key_sha256: Some(HASH.into()), ..Object::default() };
        assert!(require(&locked, Some(&key)).is_ok() && unlocks(&locked, Some(&key)));
        assert_eq!(reason(require(&locked, None)), "resourceIsEncryptedWithCustomerEncryptionKey");
        assert_eq!(reason(require(&locked, Some(&CustomerKey("x".into())))), "customerEncryptionKeyIsIncorrect");
        assert_eq!(reason(require(&Object::default(), Some(&key))), "resourceNotEncryptedWithCustomerEncryptionKey");
        assert!(require(&Object::default(), None).is_ok());
    }
}
