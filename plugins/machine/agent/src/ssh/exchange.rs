//! The key exchange: which algorithms both sides know (RFC 4253, section 7.1), and the keys of a session from a
//! Diffie-Hellman exchange on curve 25519 (RFC 8731).

use super::Error;
use super::host_key::{self, HostKey};
use super::packets::{CIPHERS, Cipher};
use super::transport::message;
use super::wire::{Fields, Message};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

const METHODS: [&str; 2] = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
/// Says that this server knows the strict key exchange, as OpenSSH's PROTOCOL file (1.10) describes it.
const STRICT: &str = "kex-strict-s-v00@openssh.com";
/// Not used, since the ciphers authenticate; but some clients want to agree on one.
const MACS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256";

/// What both sides agreed on.
#[derive(Debug, PartialEq)]
pub struct Agreement {
    /// Ciphers from the client and to the client.
    pub ciphers: [&'static str; 2],
    /// The client guessed the method and guessed wrong: its next packet does not count.
    pub skip_guess: bool,
    pub strict: bool,
    /// The client wants to hear which signatures it may use.
    pub wants_extensions: bool,
}

/// This server's offer.
///
/// # Errors
/// There is no randomness.
pub fn offer() -> Result<Vec<u8>, Error> {
    let mut cookie = [0; 16];
    super::random(&mut cookie)?;
    let ciphers = CIPHERS.join(",");
    let lists = [
        &format!("{},{STRICT}", METHODS.join(",")),
        host_key::KIND,
        &ciphers,
        &ciphers,
        MACS,
        MACS,
        "none",
        "none",
        "",
        "",
    ];
    let head = Message::new(message::KEXINIT).raw(&cookie);
    Ok(lists.iter().fold(head, Message::string).boolean(false).u32(0).0)
}

/// Compares the client's offer with this server's.
///
/// # Errors
/// There is nothing in common.
pub fn agree(offer: &[u8]) -> Result<Agreement, Error> {
    let mut fields = Fields::of(offer);
    fields.take(17)?;
    let (methods, keys) = (fields.names()?, fields.names()?);
    let ciphers = [fields.names()?, fields.names()?]
        .map(|names| choose(&names, &CIPHERS).ok_or(Error::NoCommonAlgorithm("cipher")));
    let [Ok(from_client), Ok(to_client)] = ciphers else { return Err(Error::NoCommonAlgorithm("cipher")) };
    for _ in 0..6 {
        fields.names()?;
    }
    let guessed = fields.boolean()?;
    let method = choose(&methods, &METHODS).ok_or(Error::NoCommonAlgorithm("key exchange method"))?;
    choose(&keys, &[host_key::KIND]).ok_or(Error::NoCommonAlgorithm("kind of host key"))?;
    Ok(Agreement {
        ciphers: [from_client, to_client],
        skip_guess: guessed && (methods[0] != method || keys[0] != host_key::KIND),
        strict: methods.contains(&"kex-strict-c-v00@openssh.com"),
        wants_extensions: methods.contains(&"ext-info-c"),
    })
}

/// The first of the client's names that this server knows.
fn choose(theirs: &[&str], ours: &[&'static str]) -> Option<&'static str> {
    theirs.iter().find_map(|name| ours.iter().find(|own| *own == name).copied())
}

/// What is hashed beside the keys: the four texts that both sides have seen.
pub struct Transcript<'a> {
    pub client_version: &'a [u8],
    pub server_version: &'a [u8],
    pub client_offer: &'a [u8],
    pub server_offer: &'a [u8],
}

/// The outcome of an exchange.
pub struct Secrets {
    shared: [u8; 32],
    /// The hash that identifies this exchange; of the first one, the session.
    pub hash: [u8; 32],
}

/// Answers the client's half of the exchange: the message to send, and the secrets.
///
/// # Errors
/// The message is none, or its key is not good.
pub fn answer(request: &[u8], transcript: &Transcript<'_>, host: &HostKey) -> Result<(Vec<u8>, Secrets), Error> {
    let mut fields = Fields::of(request);
    if fields.byte()? != message::KEX_ECDH_INIT {
        return Err(Error::Protocol);
    }
    let theirs: [u8; 32] = fields.string()?.try_into().map_err(|_| Error::Crypto)?;
    let mut seed = [0; 32];
    super::random(&mut seed)?;
    let secret = StaticSecret::from(seed);
    let ours = PublicKey::from(&secret);
    let shared = secret.diffie_hellman(&PublicKey::from(theirs));
    // A key of low order would make the secret known to all.
    if !shared.was_contributory() {
        return Err(Error::Crypto);
    }
    let hashed = Message::default()
        .string(transcript.client_version)
        .string(transcript.server_version)
        .string(transcript.client_offer)
        .string(transcript.server_offer)
        .string(host.public())
        .string(theirs)
        .string(ours.as_bytes())
        .number(shared.as_bytes());
    let hash: [u8; 32] = Sha256::digest(hashed.0).into();
    let reply =
        Message::new(message::KEX_ECDH_REPLY).string(host.public()).string(ours.as_bytes()).string(host.sign(&hash));
    Ok((reply.0, Secrets { shared: shared.to_bytes(), hash }))
}

impl Secrets {
    /// The ciphers from the client and to the client (RFC 4253, section 7.2).
    pub fn ciphers(&self, names: [&str; 2], session: &[u8; 32]) -> [Cipher; 2] {
        let derive = |letter: u8| -> [u8; 32] {
            let input = Message::default().number(&self.shared).raw(&self.hash).byte(letter).raw(session);
            Sha256::digest(input.0).into()
        };
        [Cipher::new(names[0], &derive(b'C'), &derive(b'A')), Cipher::new(names[1], &derive(b'D'), &derive(b'B'))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(methods: &str, ciphers: &str, guessed: bool) -> Vec<u8> {
        let lists = [methods, "rsa-sha2-512,ssh-ed25519", ciphers, ciphers, "", "", "none", "none", "", ""];
        let head = Message::new(message::KEXINIT).raw(&[0; 16]);
        lists.iter().fold(head, Message::string).boolean(guessed).u32(0).0
    }

    #[test]
    fn the_clients_first_choice_counts() {
        let offer = client(
            "x,curve25519-sha256,ext-info-c",
            "chacha20-poly1305,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
            true,
        );
        let ciphers = ["aes128-gcm@openssh.com"; 2];
        assert_eq!(
            agree(&offer).unwrap(),
            Agreement { ciphers, skip_guess: true, strict: false, wants_extensions: true }
        );
    }

    #[test]
    fn nothing_in_common_is_an_error() {
        assert!(matches!(agree(&client("x", "aes128-gcm@openssh.com", false)), Err(Error::NoCommonAlgorithm(_))));
        assert!(matches!(agree(&client("curve25519-sha256", "aes128-ctr", false)), Err(Error::NoCommonAlgorithm(_))));
        assert!(matches!(agree(&[20; 9]), Err(Error::Protocol)));
    }

    #[test]
    fn keys_of_low_order_are_refused() {
        let host = HostKey::make().unwrap();
        let transcript = Transcript { client_version: b"", server_version: b"", client_offer: b"", server_offer: b"" };
        let request = Message::new(message::KEX_ECDH_INIT).string([0; 32]).0;
        assert!(matches!(answer(&request, &transcript, &host), Err(Error::Crypto)));
    }
}
