//! What is kept of a secret that is only compared, and message authentication codes.

use fogbank_sdk::encoding::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The SHA-256 of a secret, in hexadecimal: what a table keeps of an API key or a refresh token. These are random and long, so
/// that a slow hash would add nothing.
pub fn of_secret(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The HMAC with SHA-256 (RFC 2104) of `message`.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac(key, message).finalize().into_bytes().to_vec()
}

/// Whether `code` is the HMAC of `message`; takes as long for each wrong one.
pub fn is_hmac_sha256(key: &[u8], message: &[u8], code: &[u8]) -> bool {
    mac(key, message).verify_slice(code).is_ok()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // A key of any length is good for HMAC: a long one is hashed first.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| KeyInit::new(&Default::default()));
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_4231() {
        let code = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(is_hmac_sha256(b"Jefe", b"what do ya want for nothing?", &code));
        assert!(!is_hmac_sha256(b"Jeff", b"what do ya want for nothing?", &code));
        assert!(!is_hmac_sha256(b"Jefe", b"what do ya want for nothing?", &code[..31]));
    }

    #[test]
    fn f28_a_secret_is_kept_as_its_hash() {
        assert_eq!(of_secret("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
