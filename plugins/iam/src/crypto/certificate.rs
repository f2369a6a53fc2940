//! X.509 certificates (RFC 5280): the form in which Google publishes the public keys of service accounts, and in which users upload
//! their own.

use std::str::FromStr;
use std::time::Duration;

use fogbank_sdk::{Error, Result, Timestamp, id};
use rsa::pkcs8::LineEnding;
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::der::{self, DecodePem, Encode, EncodePem};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::rsa::{PrivateKey, PublicKey};

/// id-kp-clientAuth, RFC 5280 section 4.2.1.12.
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// What a certificate says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The key.
    pub key: PublicKey,
    /// When it begins to be good.
    pub not_before: Timestamp,
    /// When it is no longer good.
    pub not_after: Timestamp,
}

/// Reads a certificate in PEM. Who signed it is not asked: the key counts, as for IAM's uploaded keys.
///
/// Errors: 400 for what is no certificate with an RSA key.
pub fn read(pem: &str) -> Result<Certified> {
    let bad = || Error::invalid("Invalid value: not an X.509 certificate with an RSA key in PEM.");
    let certificate = Certificate::from_pem(pem.trim().as_bytes()).map_err(|_| bad())?;
    let content = certificate.tbs_certificate();
    let key = content.subject_public_key_info().to_der().map_err(|_| bad())?;
    Ok(Certified {
        key: PublicKey::from_spki_der(&key).map_err(|_| bad())?,
        not_before: moment(content.validity().not_before),
        not_after: moment(content.validity().not_after),
    })
}

fn moment(time: Time) -> Timestamp {
    Timestamp::from_millis(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
}

impl PrivateKey {
    /// A certificate of this key, signed by itself, in PEM. `name` becomes the common name; IAM has the account's unique id there.
    /// Moments are cut to seconds.
    ///
    /// Errors: 400 for a name that a certificate cannot have; 500 where it cannot be written.
    pub fn self_signed_certificate_pem(&self, name: &str, from: Timestamp, until: Timestamp) -> Result<String> {
        self.certificate(name, from, until).map_err(|error| Error::internal(format!("no certificate: {error}")))
    }

    fn certificate(&self, name: &str, from: Timestamp, until: Timestamp) -> std::result::Result<String, Failure> {
        let profile = SelfSigned(common_name(name)?);
        let key = SubjectPublicKeyInfo::try_from(self.public_spki_der().map_err(|_| Failure::Key)?.as_slice());
        let key = key.map_err(|_| Failure::Key)?;
        let validity = Validity::new(time(from)?, time(until)?);
        let mut serial: [u8; 8] = id::random().map_err(|_| Failure::Random)?;
        serial[0] &= 0x7f; // A serial number is positive.
        let serial = SerialNumber::new(&serial)?;
        let builder = CertificateBuilder::new(profile, serial, validity, key)?;
        let certificate = builder.build::<_, rsa::pkcs1v15::Signature>(&self.signer())?;
        Ok(certificate.to_pem(LineEnding::LF)?)
    }
}

/// Why there is no certificate; for the log.
#[derive(Debug)]
enum Failure {
    Key,
    Random,
    Encoding(der::Error),
    Building(x509_cert::builder::Error),
}

impl From<der::Error> for Failure {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error)
    }
}

impl From<x509_cert::builder::Error> for Failure {
    fn from(error: x509_cert::builder::Error) -> Self {
        Self::Building(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key => formatter.write_str("the public key cannot be written"),
            Self::Random => formatter.write_str("no random numbers"),
            Self::Encoding(error) => write!(formatter, "{error}"),
            Self::Building(error) => write!(formatter, "{error}"),
        }
    }
}

fn common_name(name: &str) -> der::Result<Name> {
    // RFC 4514: characters that mean something in a distinguished name are escaped.
    let mut text = String::from("CN=");
    for character in name.chars() {
        if ",+\"\\<>;=#".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    Name::from_str(&text)
}

/// UTCTime up to 2049, GeneralizedTime behind it, as RFC 5280 section 4.1.2.5 wants it.
fn time(moment: Timestamp) -> der::Result<Time> {
    let since = Duration::from_secs(u64::try_from(moment.seconds()).unwrap_or_default());
    UtcTime::from_unix_duration(since)
        .map(Time::UtcTime)
        .or_else(|_| GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime))
}

/// The extensions that the certificates of service accounts have.
struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer: SubjectPublicKeyInfoRef<'_>,
        content: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let subject = content.subject();
        let constraints = BasicConstraints { ca: false, path_len_constraint: None };
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(subject, &[])?,
            ExtendedKeyUsage(vec![CLIENT_AUTH]).to_extension(subject, &[])?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::super::rsa::samples;
    use super::*;

    #[test]
    fn a_certificate_reads_back() {
        let (from, until) = (Timestamp::parse("2026-11-21T08:00:00Z"), Timestamp::parse("9999-12-31T23:59:59Z"));
        let (from, until) = (from.unwrap(), until.unwrap());
        let pem = samples::one().self_signed_certificate_pem("108123456789012345678", from, until).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
        let certified = read(&pem).unwrap();
        assert_eq!(certified, Certified { key: samples::one().public(), not_before: from, not_after: until });
    }

    #[test]
    fn names_with_punctuation_stay_what_they_are() {
        let now = Timestamp::from_millis(1_795_248_000_000);
        let pem = samples::one().self_signed_certificate_pem("a,O=b+c", now, now.plus_days(1)).unwrap();
        let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
        assert_eq!(certificate.tbs_certificate().subject().len(), 1);
    }

    #[test]
    fn f35_what_is_no_certificate_is_400() {
        let public = samples::one().public().to_spki_pem().unwrap();
        for text in ["", "hello", public.as_str(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(read(text).unwrap_err().http_status(), 400, "{text}");
        }
    }
}
