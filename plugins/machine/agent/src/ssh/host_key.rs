//! The host's key: an ed25519 key in OpenSSH's own format (PROTOCOL.key), so that OpenSSH goes on with it when it is
//! installed later.

use super::wire::{Fields, Malformed, Message};
use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use std::fs::OpenOptions;
use std::io::{Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The only kind of key that this server has.
pub const KIND: &str = "ssh-ed25519";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";

pub struct HostKey(SigningKey);

impl HostKey {
    /// The key in a directory (`/etc/ssh`), made there if there is none.
    ///
    /// # Errors
    /// It cannot be made. A file that holds no such key stays, and is an error.
    pub fn load_or_make(directory: &Path) -> Result<HostKey> {
        let path = directory.join("ssh_host_ed25519_key");
        match std::fs::read_to_string(&path) {
            Ok(text) => return parse(&text).ok_or_else(|| std::io::Error::other("not an unencrypted ed25519 key")),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Err(_) => {}
        }
        let key = HostKey::make()?;
        std::fs::create_dir_all(directory)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(key.private_text()?.as_bytes())?;
        std::fs::write(path.with_extension("pub"), format!("{KIND} {} root\n", Base64::encode_string(&key.public())))?;
        Ok(key)
    }

    /// A new key.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn make() -> Result<HostKey> {
        let mut seed = [0; 32];
        super::random(&mut seed)?;
        Ok(HostKey(SigningKey::from_bytes(&seed)))
    }

    /// The public key as SSH sends it (RFC 8709, section 4).
    pub fn public(&self) -> Vec<u8> {
        Message::default().string(KIND).string(self.0.verifying_key().as_bytes()).0
    }

    /// A signature as SSH sends it (RFC 8709, section 6).
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        Message::default().string(KIND).string(self.0.sign(data).to_bytes()).0
    }

    fn private_text(&self) -> Result<String> {
        let mut check = [0; 4];
        super::random(&mut check)?;
        let mut secret = Message::default()
            .raw(&check)
            .raw(&check)
            .string(KIND)
            .string(self.0.verifying_key().as_bytes())
            .string(self.0.to_keypair_bytes())
            .string("root");
        for padding in (1..).take((8 - secret.0.len() % 8) % 8) {
            secret = secret.byte(padding);
        }
        let file = Message(MAGIC.to_vec()).string("none").string("none").string("").u32(1).string(self.public());
        let encoded = Base64::encode_string(&file.string(&secret.0).0);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(70).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        Ok(format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")))
    }
}

/// Reads a key without a passphrase.
fn parse(text: &str) -> Option<HostKey> {
    let encoded: String = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?.split_whitespace().collect();
    let file = Base64::decode_vec(&encoded).ok()?;
    let seed = read_seed(file.strip_prefix(MAGIC)?).ok()?;
    Some(HostKey(SigningKey::from_bytes(&seed)))
}

fn read_seed(file: &[u8]) -> std::result::Result<[u8; 32], Malformed> {
    let mut fields = Fields::of(file);
    if (fields.text()?, fields.text()?, fields.string()?, fields.u32()?) != ("none", "none", &b""[..], 1) {
        return Err(Malformed);
    }
    fields.string()?;
    let mut secret = Fields::of(fields.string()?);
    if secret.u32()? != secret.u32()? || secret.text()? != KIND {
        return Err(Malformed);
    }
    secret.string()?;
    secret.string()?.first_chunk().copied().ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_in_its_file() {
        let directory = std::env::temp_dir().join(format!("agent-host-key-{}", std::process::id()));
        let key = HostKey::load_or_make(&directory).unwrap();
        let again = HostKey::load_or_make(&directory).unwrap();
        let public = std::fs::read_to_string(directory.join("ssh_host_ed25519_key.pub")).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(key.public(), again.public());
        assert!(public.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(parse("").is_none());
        assert!(parse(&format!("{BEGIN}\nAAAA\n{END}\n")).is_none());
    }
}
