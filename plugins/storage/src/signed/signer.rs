//! Who signs how: service accounts by the keys that IAM knows, and by HMAC keys that are kept here.
//! <https://cloud.google.com/storage/docs/authentication/signatures#signing-process>

use super::failure;
use crate::projects::hmac_keys::key;

use fogbank_sdk::identity::{self, Proof};
use fogbank_sdk::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// How a text of version 4 is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `GOOG4-RSA-SHA256`
    Rsa,
    /// `GOOG4-HMAC-SHA256`
    Hmac,
    /// `AWS4-HMAC-SHA256`
    Amazon,
}

impl Algorithm {
    /// The algorithm of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "GOOG4-RSA-SHA256" => Some(Self::Rsa),
            "GOOG4-HMAC-SHA256" => Some(Self::Hmac),
            "AWS4-HMAC-SHA256" => Some(Self::Amazon),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "GOOG4-RSA-SHA256",
            Self::Hmac => "GOOG4-HMAC-SHA256",
            Self::Amazon => "AWS4-HMAC-SHA256",
        }
    }

    /// What the secret is prefixed with, and what a scope ends with.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Rsa | Self::Hmac => ("GOOG4", "goog4_request"),
            Self::Amazon => ("AWS4", "aws4_request"),
        }
    }
}

/// `SIGNER/DATE/REGION/SERVICE/REQUEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The e-mail address of a service account, or the access id of an HMAC key.
    pub signer: String,
    /// `YYYYMMDD`
    pub date: String,
    region: String,
    service: String,
    request: String,
}

impl Credential {
    /// Reads a credential for `algorithm`.
    ///
    /// Errors: 403 for what is none.
    pub fn parse(text: &str, algorithm: Algorithm) -> Result<Self> {
        let bad = || failure::malformed(format!("The credential '{text}' is not SIGNER/DATE/REGION/SERVICE/REQUEST."));
        let mut parts = text.rsplitn(5, '/').map(str::to_owned);
        let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or_else(bad);
        let (request, service, region, date, signer) = (next()?, next()?, next()?, next()?, next()?);
        let known = request == algorithm.words().1 && (service == "storage" || service == "s3");
        if known { Ok(Self { signer, date, region, service, request }) } else { Err(bad()) }
    }

    /// All but the signer.
    pub fn scope(&self) -> String {
        format!("{}/{}/{}/{}", self.date, self.region, self.service, self.request)
    }
}

/// Makes the signer the caller if one of `candidates` is what it signed. Each is a text, and the canonical request behind it.
///
/// Errors: 403 `SignatureDoesNotMatch`, `InvalidSecurity`.
pub fn assume(
    algorithm: Algorithm,
    credential: &Credential,
    signature: &[u8],
    candidates: &[(String, Option<String>)],
) -> Result<()> {
    match algorithm {
        Algorithm::Rsa => by_account(&credential.signer, signature, candidates),
        Algorithm::Hmac | Algorithm::Amazon => {
            let (secret, account) = secret(&credential.signer)?;
            let key = derived(&secret, algorithm, credential);
            by_secret(&account, candidates, |text| sha256(&key, text).verify_slice(signature).is_ok())
        }
    }
}

/// As [`assume`], by a signature with one of the account's own keys.
pub fn by_account(account: &str, signature: &[u8], candidates: &[(String, Option<String>)]) -> Result<()> {
    let mut why = None;
    for (text, _) in candidates {
        match identity::assume_signed(account, text.as_bytes(), Proof::RsaSha256(signature)) {
            Ok(_) => return Ok(()),
            Err(identity::Error::Unauthenticated(message) | identity::Error::Denied(message)) => why = Some(message),
            Err(error) => return Err(error.into()),
        }
    }
    Err(mismatch(candidates, why.as_deref()))
}

/// As [`assume`], by a secret that is shared with the account.
pub fn by_secret(account: &str, candidates: &[(String, Option<String>)], holds: impl Fn(&[u8]) -> bool) -> Result<()> {
    let Some((text, canonical)) = candidates.iter().find(|(text, _)| holds(text.as_bytes())) else {
        return Err(mismatch(candidates, None));
    };
    match identity::assume_signed(account, text.as_bytes(), Proof::SharedSecret) {
        Ok(_) => Ok(()),
        Err(identity::Error::Unauthenticated(why) | identity::Error::Denied(why)) => {
            Err(failure::mismatch(text, canonical.as_deref(), Some(&why)))
        }
        Err(error) => Err(error.into()),
    }
}

fn mismatch(candidates: &[(String, Option<String>)], why: Option<&str>) -> Error {
    let first = candidates.first().map(|(text, canonical)| (text.as_str(), canonical.as_deref()));
    let (text, canonical) = first.unwrap_or_default();
    failure::mismatch(text, canonical, why)
}

/// The secret of an active HMAC key, and its account.
///
/// Errors: 403 `InvalidSecurity`.
pub fn secret(access_id: &str) -> Result<(String, String)> {
    key::secret(access_id)?.ok_or_else(|| failure::no_key(access_id))
}

/// The key of a day, region and service. <https://cloud.google.com/storage/docs/authentication/signatures#derive-key>
fn derived(secret: &str, algorithm: Algorithm, credential: &Credential) -> Vec<u8> {
    let first = format!("{}{secret}", algorithm.words().0).into_bytes();
    let steps = [&credential.date, &credential.region, &credential.service, &credential.request];
    steps.iter().fold(first, |key, step| sha256(&key, step.as_bytes()).finalize().into_bytes().to_vec())
}

fn sha256(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("a key may have any length"));
    mac.update(text);
    mac
}

/// Whether `signature` is the HMAC-SHA1 of `text`: version 2.
pub fn is_sha1(secret: &str, text: &[u8], signature: &[u8]) -> bool {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes());
    mac.is_ok_and(|mac| mac.chain_update(text).verify_slice(signature).is_ok())
}

/// What a key of this secret signs `text` with, in hexadecimal; for tests, which sign as clients do.
#[cfg(test)]
pub fn sign(secret: &str, algorithm: Algorithm, credential: &Credential, text: &str) -> String {
    fogbank_sdk::encoding::hex(
        &sha256(&derived(secret, algorithm, credential), text.as_bytes()).finalize().into_bytes(),
    )
}
