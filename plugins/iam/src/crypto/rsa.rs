//! RSA keys of 2,048 bits and their PKCS #1 v1.5 signatures with SHA-256, which is what RS256 (RFC 7518) and Google's signed URLs
//! are made with.

use fogbank_sdk::encoding::{b64url, from_b64url};
use fogbank_sdk::{Error, Result};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;

/// The length of the keys that are made here, in bits.
pub const BITS: usize = 2048;

/// A key that signs. Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct PrivateKey(RsaPrivateKey);

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(RsaPublicKey);

/// Makes a key. Takes about half a second of CPU time in a component, up to some seconds with bad luck.
///
/// Errors: 500 where no key could be made.
pub fn generate() -> Result<PrivateKey> {
    let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), BITS);
    key.map(PrivateKey).map_err(|error| Error::internal(format!("no RSA key was made: {error}")))
}

impl PrivateKey {
    /// Reads PKCS #8 in PEM (`BEGIN PRIVATE KEY`).
    ///
    /// Errors: 400 for what is no RSA key.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self> {
        RsaPrivateKey::from_pkcs8_pem(pem).map(Self).map_err(|_| no_key())
    }

    /// Reads PKCS #8 in DER.
    ///
    /// Errors: 400 for what is no RSA key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        RsaPrivateKey::from_pkcs8_der(der).map(Self).map_err(|_| no_key())
    }

    /// PKCS #8 in PEM, as key files have it.
    ///
    /// Errors: 500 where it cannot be written.
    pub fn to_pkcs8_pem(&self) -> Result<String> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).map_err(|error| unwritten(&error))?;
        Ok(pem.to_string())
    }

    /// PKCS #8 in DER, as the database keeps it.
    ///
    /// Errors: 500 where it cannot be written.
    pub fn to_pkcs8_der(&self) -> Result<Vec<u8>> {
        let der = self.0.to_pkcs8_der().map_err(|error| unwritten(&error))?;
        Ok(der.as_bytes().to_vec())
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_public_key())
    }

    /// The public key as a SubjectPublicKeyInfo (RFC 5280) in DER.
    ///
    /// Errors: 500 where it cannot be written.
    pub fn public_spki_der(&self) -> Result<Vec<u8>> {
        self.public().to_spki_der()
    }

    /// Signs `message`: 256 bytes.
    ///
    /// Errors: 500 where it cannot be signed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature = self.signer().try_sign(message);
        let signature = signature.map_err(|error| Error::internal(format!("nothing was signed: {error}")))?;
        Ok(signature.to_vec())
    }

    /// The key in the form in which certificates are signed.
    pub(super) fn signer(&self) -> SigningKey<Sha256> {
        SigningKey::new(self.0.clone())
    }
}

impl std::fmt::Debug for PrivateKey {
    /// Says nothing of the key (F28).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PrivateKey")
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// Errors: 400 for what is no RSA key.
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        RsaPublicKey::from_public_key_der(der).map(Self).map_err(|_| no_key())
    }

    /// Reads a SubjectPublicKeyInfo in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// Errors: 400 for what is no RSA key.
    pub fn from_spki_pem(pem: &str) -> Result<Self> {
        RsaPublicKey::from_public_key_pem(pem.trim()).map(Self).map_err(|_| no_key())
    }

    /// Reads the `n` and `e` of a JSON Web Key (RFC 7518 section 6.3.1).
    ///
    /// Errors: 400 for what is no RSA key.
    pub fn from_jwk(n: &str, e: &str) -> Result<Self> {
        let number = |text: &str| from_b64url(text).map(|bytes| BoxedUint::from_be_slice_vartime(&bytes));
        RsaPublicKey::new(number(n)?, number(e)?).map(Self).map_err(|_| no_key())
    }

    /// A SubjectPublicKeyInfo in DER.
    ///
    /// Errors: 500 where it cannot be written.
    pub fn to_spki_der(&self) -> Result<Vec<u8>> {
        let der = self.0.to_public_key_der().map_err(|error| unwritten(&error))?;
        Ok(der.as_bytes().to_vec())
    }

    /// A SubjectPublicKeyInfo in PEM.
    ///
    /// Errors: 500 where it cannot be written.
    pub fn to_spki_pem(&self) -> Result<String> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|error| unwritten(&error))
    }

    /// Whether `signature` is that of `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = Signature::try_from(signature);
        signature.is_ok_and(|signature| self.verifier().verify(message, &signature).is_ok())
    }

    /// The modulus and the exponent as a JSON Web Key has them.
    pub fn to_jwk(&self) -> (String, String) {
        (b64url(trimmed(&self.0.n_bytes())), b64url(trimmed(&self.0.e_bytes())))
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        trimmed(&self.0.n_bytes()).len() * 8
    }

    fn verifier(&self) -> VerifyingKey<Sha256> {
        VerifyingKey::new(self.0.clone())
    }
}

/// Without the zeroes in front, which a JSON Web Key must not have.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeroes..]
}

fn no_key() -> Error {
    Error::invalid("Invalid value: not an RSA key.")
}

fn unwritten(error: &dyn std::fmt::Display) -> Error {
    Error::internal(format!("an RSA key cannot be written: {error}"))
}

/// Keys for unit tests: made once, since making one takes its time.
#[cfg(test)]
pub mod samples {
    use super::PrivateKey;
    use std::sync::LazyLock;

    static KEYS: LazyLock<[PrivateKey; 2]> = LazyLock::new(|| [super::generate().unwrap(), super::generate().unwrap()]);

    /// The first of two keys.
    pub fn one() -> PrivateKey {
        KEYS[0].clone()
    }

    /// The second of two keys.
    pub fn other() -> PrivateKey {
        KEYS[1].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_verified_by_its_own_key_and_message_alone() {
        let (key, other) = (samples::one(), samples::other());
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), BITS / 8);
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"message", &signature[1..]));
        assert!(!key.public().verifies(b"message", b""));
    }

    #[test]
    fn keys_read_back_in_every_form() {
        let key = samples::one();
        let public = key.public();
        let read = PrivateKey::from_pkcs8_pem(&key.to_pkcs8_pem().unwrap()).unwrap();
        assert_eq!(read.public(), public);
        assert_eq!(PrivateKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap().public(), public);
        assert_eq!(PublicKey::from_spki_der(&key.public_spki_der().unwrap()).unwrap(), public);
        assert_eq!(PublicKey::from_spki_pem(&public.to_spki_pem().unwrap()).unwrap(), public);
        let (n, e) = public.to_jwk();
        assert_eq!(e, "AQAB");
        assert_eq!(PublicKey::from_jwk(&n, &e).unwrap(), public);
        assert_eq!(public.bits(), BITS);
    }

    #[test]
    fn f35_what_is_no_key_is_400() {
        assert_eq!(PublicKey::from_spki_der(b"\x30\x00").unwrap_err().http_status(), 400);
        assert_eq!(PublicKey::from_spki_pem("hello").unwrap_err().http_status(), 400);
        assert_eq!(PrivateKey::from_pkcs8_pem("hello").unwrap_err().http_status(), 400);
        assert_eq!(PublicKey::from_jwk("", "AQAB").unwrap_err().http_status(), 400);
        assert_eq!(PublicKey::from_jwk("?", "AQAB").unwrap_err().http_status(), 400);
    }

    #[test]
    fn f28_a_private_key_is_not_printed() {
        assert_eq!(format!("{:?}", samples::one()), "PrivateKey");
    }
}
