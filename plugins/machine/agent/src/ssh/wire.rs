//! The data types of SSH (RFC 4251, section 5), which SFTP uses too.

/// What was received is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Malformed;

/// Reads fields one after the other.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(bytes: &'a [u8]) -> Fields<'a> {
        Fields(bytes)
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next bytes, as many as are asked for.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    pub fn boolean(&mut self) -> Result<bool, Malformed> {
        Ok(self.byte()? != 0)
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.string()?).map_err(|_| Malformed)
    }

    /// The names of a name-list.
    pub fn names(&mut self) -> Result<Vec<&'a str>, Malformed> {
        Ok(self.text()?.split(',').collect())
    }

    /// A positive mpint without its leading zeros.
    pub fn number(&mut self) -> Result<&'a [u8], Malformed> {
        let bytes = self.string()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 && bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            return Err(Malformed);
        }
        Ok(&bytes[zeros..])
    }
}

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    /// A message of a kind.
    pub fn new(kind: u8) -> Message {
        Message(vec![kind])
    }

    pub fn raw(mut self, bytes: &[u8]) -> Message {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn byte(self, value: u8) -> Message {
        self.raw(&[value])
    }

    pub fn boolean(self, value: bool) -> Message {
        self.byte(value.into())
    }

    pub fn u32(self, value: u32) -> Message {
        self.raw(&value.to_be_bytes())
    }

    pub fn u64(self, value: u64) -> Message {
        self.raw(&value.to_be_bytes())
    }

    /// Bytes behind their length. No string here comes near the limit of 4 GiB.
    pub fn string(self, bytes: impl AsRef<[u8]>) -> Message {
        let bytes = bytes.as_ref();
        self.u32(bytes.len() as u32).raw(bytes)
    }

    /// A positive number, big-endian, as an mpint.
    pub fn number(self, bytes: &[u8]) -> Message {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let bytes = &bytes[zeros..];
        if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            self.u32(bytes.len() as u32 + 1).byte(0).raw(bytes)
        } else {
            self.string(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let message = Message::new(7).boolean(true).u32(9).u64(1 << 40).string("a,b").number(&[0, 0x80, 1]).raw(b"x").0;
        let mut fields = Fields::of(&message);
        assert_eq!(
            (fields.byte(), fields.boolean(), fields.u32(), fields.u64()),
            (Ok(7), Ok(true), Ok(9), Ok(1 << 40))
        );
        assert_eq!((fields.names().unwrap(), fields.number().unwrap()), (vec!["a", "b"], &[0x80, 1][..]));
        assert_eq!(fields.rest(), b"x");
    }

    #[test]
    fn numbers_are_written_as_rfc_4251_shows() {
        assert_eq!(Message::default().number(&[]).0, [0, 0, 0, 0]);
        assert_eq!(Message::default().number(&[0x80]).0, [0, 0, 0, 2, 0, 0x80]);
        assert_eq!(Message::default().number(&[0, 0x09, 0xa3]).0, [0, 0, 0, 2, 0x09, 0xa3]);
    }

    #[test]
    fn what_is_too_short_is_malformed() {
        assert_eq!(Fields::of(&[0, 0, 0, 5, b'a']).string(), Err(Malformed));
        assert_eq!(Fields::of(&[0, 0]).u32(), Err(Malformed));
        assert_eq!(Fields::of(&[0, 0, 0, 1, 0xff]).number(), Err(Malformed));
    }
}
