//! Logins by public key (RFC 4252, section 7), against the account's `authorized_keys`.

use super::Error;
use super::transport::{Transport, message};
use super::wire::{Fields, Malformed, Message};
use crate::accounts::{self, User};
use base64ct::{Base64, Encoding};
use p256::ecdsa::signature::Verifier;
use rsa::BigUint;
use rsa::pkcs1v15;
use std::path::Path;

/// How often a client may fail, as with OpenSSH's MaxAuthTries.
const ATTEMPTS: usize = 6;
/// Shortest RSA key that is accepted, as with OpenSSH's RequiredRSASize.
const SHORTEST_RSA: usize = 1024;

/// Runs until the client is logged in.
///
/// # Errors
/// It fails too often, or the connection ends.
pub fn run(transport: &mut Transport) -> Result<(String, User), Error> {
    let request = transport.receive()?;
    let mut fields = Fields::of(&request);
    if fields.byte()? != message::SERVICE_REQUEST || fields.text()? != "ssh-userauth" {
        return Err(Error::Protocol);
    }
    transport.output.send(&Message::new(message::SERVICE_ACCEPT).string("ssh-userauth"))?;
    let mut failures = 0;
    while failures < ATTEMPTS {
        let request = transport.receive()?;
        let attempt = Attempt::read(&request)?;
        match attempt.decide(&transport.session) {
            Decision::LogIn(user) => {
                transport.output.send(&Message::new(message::USERAUTH_SUCCESS))?;
                return Ok((attempt.name.to_owned(), user));
            }
            Decision::Sign(answer) => transport.output.send(&answer)?,
            Decision::Refuse => {
                // The first question is "none", to hear which methods there are.
                failures += usize::from(attempt.key.is_some());
                transport.output.send(&Message::new(message::USERAUTH_FAILURE).string("publickey").boolean(false))?;
            }
        }
    }
    Err(Error::TooManyAttempts)
}

enum Decision {
    LogIn(User),
    /// The key is good: the client may sign.
    Sign(Message),
    Refuse,
}

struct Attempt<'a> {
    /// The request up to the signature, which is what is signed.
    signed: &'a [u8],
    name: &'a str,
    key: Option<Offered<'a>>,
}

struct Offered<'a> {
    algorithm: &'a str,
    blob: &'a [u8],
    signature: Option<&'a [u8]>,
}

impl<'a> Attempt<'a> {
    fn read(request: &'a [u8]) -> Result<Attempt<'a>, Error> {
        let mut fields = Fields::of(request);
        if fields.byte()? != message::USERAUTH_REQUEST {
            return Err(Error::Protocol);
        }
        let (name, service, method) = (fields.text()?, fields.text()?, fields.text()?);
        if service != "ssh-connection" {
            return Err(Error::Protocol);
        }
        let mut attempt = Attempt { signed: request, name, key: None };
        if method == "publickey" {
            let signs = fields.boolean()?;
            let (algorithm, blob) = (fields.text()?, fields.string()?);
            attempt.signed = &request[..request.len() - fields.rest().len()];
            let signature = if signs { Some(fields.string()?) } else { None };
            attempt.key = Some(Offered { algorithm, blob, signature });
        }
        Ok(attempt)
    }

    fn decide(&self, session: &[u8; 32]) -> Decision {
        let (Some(key), Some(user)) = (&self.key, accounts::find(self.name)) else { return Decision::Refuse };
        let file = user.home.join(".ssh/authorized_keys");
        if !is_authorized(&file, key.blob) {
            return Decision::Refuse;
        }
        let Some(signature) = key.signature else {
            let answer = Message::new(message::USERAUTH_PK_OK);
            return Decision::Sign(answer.string(key.algorithm).string(key.blob));
        };
        let data = Message::default().string(session).raw(self.signed).0;
        match verify(key.algorithm, key.blob, &data, signature) {
            Ok(true) => Decision::LogIn(user),
            Ok(false) | Err(Malformed) => Decision::Refuse,
        }
    }
}

/// Whether a file has a key. Lines with options (`restrict`, `command=`) do not count: they would limit what the login may
/// do, and this server does not know how.
fn is_authorized(file: &Path, blob: &[u8]) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let encoded = Base64::encode_string(blob);
    let kind = Fields::of(blob).text().unwrap_or_default();
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(kind) && words.next() == Some(encoded.as_str())
    })
}

/// Whether a signature of some data is that of a key.
fn verify(algorithm: &str, blob: &[u8], data: &[u8], signature: &[u8]) -> Result<bool, Malformed> {
    let mut key = Fields::of(blob);
    let kind = key.text()?;
    let mut signature = Fields::of(signature);
    if signature.text()? != algorithm {
        return Ok(false);
    }
    let signature = signature.string()?;
    match (kind, algorithm) {
        ("ssh-ed25519", "ssh-ed25519") => verify_ed25519(key.string()?, data, signature),
        ("ssh-rsa", "rsa-sha2-256" | "rsa-sha2-512") => {
            let (exponent, modulus) = (key.number()?, key.number()?);
            verify_rsa(exponent, modulus, algorithm, data, signature)
        }
        ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
            key.text()?;
            verify_p256(key.string()?, data, signature)
        }
        _ => Ok(false),
    }
}

fn verify_ed25519(key: &[u8], data: &[u8], signature: &[u8]) -> Result<bool, Malformed> {
    let key = key.try_into().map_err(|_| Malformed)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| Malformed)?;
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| Malformed)?;
    Ok(key.verify_strict(data, &signature).is_ok())
}

fn verify_rsa(
    exponent: &[u8],
    modulus: &[u8],
    algorithm: &str,
    data: &[u8],
    signature: &[u8],
) -> Result<bool, Malformed> {
    if modulus.len() * 8 < SHORTEST_RSA {
        return Ok(false);
    }
    let max = 16 * 1024;
    let (modulus, exponent) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
    let key = rsa::RsaPublicKey::new_with_max_size(modulus, exponent, max).map_err(|_| Malformed)?;
    let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| Malformed)?;
    let verified = if algorithm == "rsa-sha2-512" {
        pkcs1v15::VerifyingKey::<sha2::Sha512>::new(key).verify(data, &signature)
    } else {
        pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key).verify(data, &signature)
    };
    Ok(verified.is_ok())
}

/// RFC 5656, section 3.1.2: the two numbers of the signature.
fn verify_p256(key: &[u8], data: &[u8], signature: &[u8]) -> Result<bool, Malformed> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| Malformed)?;
    let mut fields = Fields::of(signature);
    let scalars = [padded(fields.number()?)?, padded(fields.number()?)?];
    let signature = p256::ecdsa::Signature::from_scalars(scalars[0], scalars[1]).map_err(|_| Malformed)?;
    Ok(key.verify(data, &signature).is_ok())
}

fn padded(number: &[u8]) -> Result<[u8; 32], Malformed> {
    let mut padded = [0; 32];
    let start = padded.len().checked_sub(number.len()).ok_or(Malformed)?;
    padded[start..].copy_from_slice(number);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::super::host_key::HostKey;
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_data_alone() {
        let key = HostKey::make().unwrap();
        let signature = key.sign(b"data");
        assert_eq!(verify("ssh-ed25519", &key.public(), b"data", &signature), Ok(true));
        assert_eq!(verify("ssh-ed25519", &key.public(), b"other", &signature), Ok(false));
        assert_eq!(verify("rsa-sha2-256", &key.public(), b"data", &signature), Ok(false));
        assert_eq!(verify("ssh-ed25519", &HostKey::make().unwrap().public(), b"data", &signature), Ok(false));
        assert_eq!(verify("ssh-ed25519", &key.public()[..20], b"data", &signature), Err(Malformed));
    }

    #[test]
    fn keys_with_options_do_not_log_in() {
        let path = std::env::temp_dir().join(format!("agent-authorized-{}", std::process::id()));
        let blob = HostKey::make().unwrap().public();
        let key = Base64::encode_string(&blob);
        std::fs::write(&path, format!("# Added by Google\nssh-ed25519 {key} ann@home\n")).unwrap();
        assert!(is_authorized(&path, &blob));
        assert!(!is_authorized(&path, &HostKey::make().unwrap().public()));
        std::fs::write(&path, format!("command=\"true\" ssh-ed25519 {key}\n#ssh-ed25519 {key}\n")).unwrap();
        assert!(!is_authorized(&path, &blob));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_authorized(&path, &blob));
    }
}
