//! The binary packet protocol (RFC 4253, section 6): in the clear before the first key exchange, with AES-GCM as RFC 5647
//! and OpenSSH's PROTOCOL file describe it after that.

use super::Error;
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit, Nonce, Tag};
use std::io::{Read, Write};

/// Largest packet that is taken. RFC 4253 asks for 35,000; OpenSSH's limit is this.
const LARGEST: usize = 256 * 1024;
const TAG: usize = 16;

/// Ciphers in the order of preference.
pub const CIPHERS: [&str; 2] = ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com"];

enum Key {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

/// The cipher of one direction.
pub struct Cipher {
    key: Key,
    nonce: [u8; 12],
}

impl Cipher {
    /// A cipher by its name, with the bytes that the key exchange gave for its key and its first nonce.
    pub fn new(name: &str, key: &[u8; 32], nonce: &[u8; 32]) -> Cipher {
        let key = match name {
            "aes128-gcm@openssh.com" => Key::Aes128(Box::new(Aes128Gcm::new(key[..16].into()))),
            _ => Key::Aes256(Box::new(Aes256Gcm::new(key.into()))),
        };
        let mut first = [0; 12];
        first.copy_from_slice(&nonce[..12]);
        Cipher { key, nonce: first }
    }

    /// The nonce of this packet. The last eight bytes count the packets.
    fn next_nonce(&mut self) -> [u8; 12] {
        let nonce = self.nonce;
        let mut counter = [0; 8];
        counter.copy_from_slice(&nonce[4..]);
        self.nonce[4..].copy_from_slice(&u64::from_be_bytes(counter).wrapping_add(1).to_be_bytes());
        nonce
    }

    fn seal(&mut self, length: &[u8], body: &mut [u8]) -> Result<Tag, Error> {
        let nonce = self.next_nonce();
        let nonce = &Nonce::from(nonce);
        let sealed = match &self.key {
            Key::Aes128(key) => key.encrypt_in_place_detached(nonce, length, body),
            Key::Aes256(key) => key.encrypt_in_place_detached(nonce, length, body),
        };
        sealed.map_err(|_| Error::Crypto)
    }

    fn open(&mut self, length: &[u8], body: &mut [u8], tag: [u8; TAG]) -> Result<(), Error> {
        let nonce = self.next_nonce();
        let (nonce, tag) = (&Nonce::from(nonce), &Tag::from(tag));
        let opened = match &self.key {
            Key::Aes128(key) => key.decrypt_in_place_detached(nonce, length, body, tag),
            Key::Aes256(key) => key.decrypt_in_place_detached(nonce, length, body, tag),
        };
        opened.map_err(|_| Error::Crypto)
    }
}

/// One direction: a stream, its cipher, and the number of the next packet.
pub struct Direction<S> {
    pub stream: S,
    cipher: Option<Cipher>,
    sequence: u32,
}

impl<S> Direction<S> {
    pub fn new(stream: S) -> Direction<S> {
        Direction { stream, cipher: None, sequence: 0 }
    }

    /// Takes a cipher into use. With the strict key exchange, packets are counted anew.
    pub fn set_cipher(&mut self, cipher: Cipher, strict: bool) {
        self.cipher = Some(cipher);
        if strict {
            self.sequence = 0;
        }
    }

    /// The number of the last packet.
    pub fn last_sequence(&self) -> u32 {
        self.sequence.wrapping_sub(1)
    }
}

impl<S: Read> Direction<S> {
    /// The payload of the next packet.
    pub fn read(&mut self) -> Result<Vec<u8>, Error> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head) as usize;
        // Without a cipher the four bytes of the length count for the alignment.
        let aligned = if self.cipher.is_some() { length.is_multiple_of(16) } else { (length + 4).is_multiple_of(8) };
        if !(5..=LARGEST).contains(&length) || !aligned {
            return Err(Error::Protocol);
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if let Some(cipher) = &mut self.cipher {
            let mut tag = [0; TAG];
            self.stream.read_exact(&mut tag)?;
            cipher.open(&head, &mut body, tag)?;
        }
        self.sequence = self.sequence.wrapping_add(1);
        let end = length.checked_sub(usize::from(body[0])).filter(|end| *end > 1).ok_or(Error::Protocol)?;
        body.truncate(end);
        body.remove(0);
        Ok(body)
    }
}

impl<S: Write> Direction<S> {
    /// Sends a payload as one packet.
    pub fn write(&mut self, payload: &[u8]) -> Result<(), Error> {
        let (block, counted) = if self.cipher.is_some() { (16, 1) } else { (8, 5) };
        let mut padding = block - (payload.len() + counted) % block;
        if padding < 4 {
            padding += block;
        }
        let length = ((payload.len() + 1 + padding) as u32).to_be_bytes();
        let mut packet = Vec::with_capacity(payload.len() + padding + 5 + TAG);
        packet.extend_from_slice(&length);
        packet.push(padding as u8);
        packet.extend_from_slice(payload);
        let mut random = [0; 32];
        super::random(&mut random[..padding])?;
        packet.extend_from_slice(&random[..padding]);
        if let Some(cipher) = &mut self.cipher {
            let tag = cipher.seal(&length, &mut packet[4..])?;
            packet.extend_from_slice(&tag);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.write_all(&packet)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(name: Option<&str>, payloads: &[&[u8]], spoil: impl Fn(&mut Vec<u8>)) -> Vec<Result<Vec<u8>, Error>> {
        let cipher = |name| Cipher::new(name, &[7; 32], &[9; 32]);
        let mut output = Direction::new(Vec::new());
        name.into_iter().for_each(|name| output.set_cipher(cipher(name), true));
        payloads.iter().for_each(|payload| output.write(payload).unwrap());
        let mut stream = output.stream;
        spoil(&mut stream);
        let mut input = Direction::new(std::io::Cursor::new(stream));
        name.into_iter().for_each(|name| input.set_cipher(cipher(name), true));
        payloads.iter().map(|_| input.read()).collect()
    }

    #[test]
    fn packets_come_through_with_every_cipher_and_at_every_length() {
        for name in [None, Some(CIPHERS[0]), Some(CIPHERS[1])] {
            let payloads: Vec<Vec<u8>> = (1..40).map(|length| vec![length as u8; length]).collect();
            let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
            for (sent, received) in payloads.iter().zip(through(name, &payloads, |_| {})) {
                assert_eq!(received.unwrap(), *sent);
            }
        }
    }

    #[test]
    fn a_packet_that_was_changed_is_refused() {
        let received = through(Some(CIPHERS[0]), &[b"secret"], |stream| stream[6] ^= 1);
        assert!(matches!(received[0], Err(Error::Crypto)));
    }

    #[test]
    fn a_packet_that_is_too_long_is_refused() {
        let received = through(None, &[b"x"], |stream| stream[0] = 1);
        assert!(matches!(received[0], Err(Error::Protocol)));
    }
}
