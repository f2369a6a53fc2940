//! One netlink message: a header of 16 bytes, a header of its family, attributes.

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Marks an attribute that holds attributes.
const NESTED: u16 = 0x8000;
/// What is left of an attribute's kind without its marks.
const KIND: u16 = 0x3fff;

/// A message, being written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub kind: u16,
    pub flags: u16,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Message {
    /// A message of `kind` that begins with the header of its family.
    pub fn new(kind: u16, flags: u16, family_header: &[u8]) -> Message {
        let mut body = family_header.to_vec();
        pad(&mut body);
        Message { kind, flags, body }
    }

    /// Appends an attribute. The kernel takes values of up to 65,531 bytes.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Message {
        let start = self.body.len();
        self.body.extend_from_slice(&[0; 4]);
        self.body.extend_from_slice(value);
        self.close(start, kind);
        self
    }

    /// Appends a number as nftables wants it, in network order.
    pub fn number(&mut self, kind: u16, value: u32) -> &mut Message {
        self.attribute(kind, &value.to_be_bytes())
    }

    /// Appends a text that ends with a zero.
    pub fn text(&mut self, kind: u16, value: &str) -> &mut Message {
        self.attribute(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// Appends an attribute that holds what `write` appends.
    pub fn nest(&mut self, kind: u16, write: impl FnOnce(&mut Message)) -> &mut Message {
        let start = self.body.len();
        self.body.extend_from_slice(&[0; 4]);
        write(self);
        self.close(start, kind | NESTED);
        self
    }

    /// Fills in the header of the attribute that began at `start`.
    fn close(&mut self, start: usize, kind: u16) {
        let length = u16::try_from(self.body.len() - start).expect("attributes are split before they reach 64 KiB");
        self.body[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.body[start + 2..start + 4].copy_from_slice(&kind.to_ne_bytes());
        pad(&mut self.body);
    }

    /// Appends the message as it goes over the socket.
    pub fn encode(&self, sequence: u32, into: &mut Vec<u8>) {
        let length = u32::try_from(HEADER + self.body.len()).expect("messages are far below 4 GiB");
        into.extend_from_slice(&length.to_ne_bytes());
        into.extend_from_slice(&self.kind.to_ne_bytes());
        into.extend_from_slice(&self.flags.to_ne_bytes());
        into.extend_from_slice(&sequence.to_ne_bytes());
        into.extend_from_slice(&[0; 4]);
        into.extend_from_slice(&self.body);
    }

    /// Takes the first message off `bytes`: its sequence number, itself, and what follows it.
    pub fn decode(bytes: &[u8]) -> Option<(u32, Message, &[u8])> {
        let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let body = bytes.get(HEADER..length)?.to_vec();
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        let flags = u16::from_ne_bytes([bytes[6], bytes[7]]);
        let sequence = u32::from_ne_bytes(bytes[8..12].try_into().ok()?);
        Some((sequence, Message { kind, flags, body }, bytes.get(align(length)..).unwrap_or_default()))
    }

    /// The attributes behind a family header of `header` bytes.
    pub fn attributes(&self, header: usize) -> Attributes<'_> {
        Attributes { rest: self.body.get(header..).unwrap_or_default() }
    }
}

/// Attributes of a message: kind and value.
#[derive(Clone, Debug)]
pub struct Attributes<'message> {
    rest: &'message [u8],
}

impl<'message> Attributes<'message> {
    /// The value of the first attribute of `kind`.
    pub fn get(&self, kind: u16) -> Option<&'message [u8]> {
        self.clone().find_map(|(found, value)| (found == kind).then_some(value))
    }

    /// The value of the first attribute of `kind`, when it has `N` bytes.
    pub fn array<const N: usize>(&self, kind: u16) -> Option<[u8; N]> {
        self.get(kind)?.try_into().ok()
    }
}

impl<'message> Iterator for Attributes<'message> {
    type Item = (u16, &'message [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [a, b, c, d] = *self.rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = self.rest.get(4..length)?;
        self.rest = self.rest.get(align(length)..).unwrap_or_default();
        Some((u16::from_ne_bytes([c, d]) & KIND, value))
    }
}

const fn align(length: usize) -> usize {
    (length + 3) & !3
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(align(bytes.len()), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with a text, a number and a nest, of 48 bytes with its header.
    fn message() -> Message {
        let mut message = Message::new(0x0a00, 1, &[2, 0, 0, 0]);
        message.text(1, "own").nest(9, |message| {
            message.number(1, 5);
        });
        message
    }

    #[test]
    fn encodes_as_nft_does() {
        let mut bytes = Vec::new();
        message().encode(7, &mut bytes);
        let expected: [&[u8]; 6] = [
            &40u32.to_ne_bytes(),
            &[0x00, 0x0a, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0],
            b"\x08\x00\x01\x00own\x00",
            b"\x0c\x00\x09\x80",
            b"\x08\x00\x01\x00\x00\x00\x00\x05",
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn reads_what_it_wrote() {
        let mut bytes = Vec::new();
        message().encode(7, &mut bytes);
        message().encode(8, &mut bytes);
        let (sequence, first, rest) = Message::decode(&bytes).unwrap();
        assert_eq!((sequence, &first), (7, &message()));
        let (sequence, _, rest) = Message::decode(rest).unwrap();
        assert_eq!((sequence, rest.len()), (8, 0));
        assert_eq!(first.attributes(4).get(1), Some(&b"own\0"[..]));
        assert_eq!(first.attributes(4).get(9).map(<[u8]>::len), Some(8));
        assert_eq!(first.attributes(4).array::<4>(1), Some(*b"own\0"));
    }

    #[test]
    fn stops_at_what_breaks_off() {
        assert!(Message::decode(&[]).is_none());
        assert!(Message::decode(&[40, 0, 0, 0, 1, 0]).is_none());
        assert!(Message::decode(&[3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_none());
        let broken = Message { kind: 0, flags: 0, body: vec![200, 0, 1, 0, 7] };
        assert_eq!(broken.attributes(0).count(), 0);
    }
}
