//! Messages of DNS: RFC 1035, section 4.

use std::net::Ipv4Addr;

/// A question, as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: u16,
    /// In lower case, without the dot at the end.
    pub name: String,
    pub kind: u16,
    pub class: u16,
    /// Whether the client wants recursion.
    recursion: bool,
    /// Name, kind and class as they came: an answer repeats them, upper case and all.
    bytes: Vec<u8>,
}

/// Kinds of records.
pub mod kind {
    pub const A: u16 = 1;
    pub const PTR: u16 = 12;
    pub const ANY: u16 = 255;
}

/// The class of the internet.
pub const INTERNET: u16 = 1;

/// How a question went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    NoError = 0,
    Format = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
}

/// A record of an answer, for the name that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    A(Ipv4Addr),
    Ptr(String),
}

/// Why a message is no question that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not a question at all: nothing is answered.
    Silence,
    /// A header that can be answered with a code.
    Answer(u16, Code),
}

/// Seconds that others may keep an answer; machines come and go.
const TIME_TO_LIVE: u32 = 5;
const HEADER: usize = 12;
/// Bit of an answer, in the first byte of flags.
const IS_ANSWER: u8 = 0x80;
const TRUNCATED: u8 = 0x02;
const RECURSION_DESIRED: u8 = 0x01;
const RECURSION_AVAILABLE: u8 = 0x80;

impl Question {
    /// Reads a question.
    pub fn read(message: &[u8]) -> Result<Question, Malformed> {
        let [id0, id1, flags, _, count0, count1, ..] = *message.first_chunk::<HEADER>().ok_or(Malformed::Silence)?;
        let id = u16::from_be_bytes([id0, id1]);
        if flags & IS_ANSWER != 0 {
            return Err(Malformed::Silence);
        }
        if flags >> 3 & 0xf != 0 {
            return Err(Malformed::Answer(id, Code::NotImplemented));
        }
        let format = Malformed::Answer(id, Code::Format);
        if u16::from_be_bytes([count0, count1]) != 1 {
            return Err(format);
        }
        let (name, length) = read_name(&message[HEADER..]).ok_or(format)?;
        let end = HEADER + length + 4;
        let bytes = message.get(HEADER..end).ok_or(format)?.to_vec();
        let [kind0, kind1, class0, class1] = *bytes.last_chunk().ok_or(format)?;
        let (kind, class) = (u16::from_be_bytes([kind0, kind1]), u16::from_be_bytes([class0, class1]));
        Ok(Question { id, name, kind, class, recursion: flags & RECURSION_DESIRED != 0, bytes })
    }

    /// The answer, in `limit` bytes at most; one that is longer is cut, so that the client asks again over TCP.
    pub fn answer(&self, code: Code, records: &[Record], limit: usize) -> Vec<u8> {
        let records: Vec<_> = records.iter().filter_map(encode).collect();
        let length = HEADER + self.bytes.len() + records.iter().map(Vec::len).sum::<usize>();
        let records = if length > limit { &[] } else { &records[..] };
        let mut flags = IS_ANSWER;
        flags |= if self.recursion { RECURSION_DESIRED } else { 0 };
        flags |= if length > limit { TRUNCATED } else { 0 };
        let count = u16::try_from(records.len()).unwrap_or(u16::MAX).to_be_bytes();
        let id = self.id.to_be_bytes();
        let header = [id[0], id[1], flags, RECURSION_AVAILABLE | code as u8, 0, 1, count[0], count[1], 0, 0, 0, 0];
        [&header[..], &self.bytes, &records.concat()].concat()
    }

    /// Whether `message` is an answer to this question.
    pub fn is_answered_by(&self, message: &[u8]) -> bool {
        let same = |found: &[u8]| found.eq_ignore_ascii_case(&self.bytes);
        message.starts_with(&self.id.to_be_bytes())
            && message.get(2).is_some_and(|flags| flags & IS_ANSWER != 0)
            && message.get(HEADER..HEADER + self.bytes.len()).is_some_and(same)
    }
}

/// An answer to what could not be read.
pub fn failure(id: u16, code: Code) -> Vec<u8> {
    let id = id.to_be_bytes();
    vec![id[0], id[1], IS_ANSWER, RECURSION_AVAILABLE | code as u8, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// Reads a name and the length of its bytes. Questions have no compressed names.
fn read_name(bytes: &[u8]) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut at = 0;
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1;
        if length == 0 {
            return Some((name, at));
        }
        let label = bytes.get(at..at + length).filter(|_| length < 64 && at + length < 255)?;
        at += length;
        if !name.is_empty() {
            name.push('.');
        }
        // What is no host name is asked outside as it came; here it has to be some text.
        name.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
}

/// A record, whose name points to the question's.
fn encode(record: &Record) -> Option<Vec<u8>> {
    let (kind, data) = match record {
        Record::A(address) => (kind::A, address.octets().to_vec()),
        Record::Ptr(name) => (kind::PTR, encode_name(name)?),
    };
    let length = u16::try_from(data.len()).ok()?;
    let pointer: u16 = 0xc000 | HEADER as u16;
    let mut bytes = pointer.to_be_bytes().to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    bytes.extend(TIME_TO_LIVE.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend(data);
    Some(bytes)
}

fn encode_name(name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        bytes.push(u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    Some(bytes).filter(|bytes| bytes.len() <= 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question for an A record of `W2.internal`, wanting recursion.
    const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02W2\x08internal\0\0\x01\0\x01";

    #[test]
    fn reads_a_question() {
        let question = Question::read(QUESTION).unwrap();
        assert_eq!((question.id, question.name.as_str()), (0x1234, "w2.internal"));
        assert_eq!((question.kind, question.class, question.recursion), (kind::A, INTERNET, true));
    }

    #[test]
    fn answers_with_addresses() {
        let question = Question::read(QUESTION).unwrap();
        let answer = question.answer(Code::NoError, &[Record::A([10, 20, 0, 3].into())], 512);
        let expected = [
            b"\x12\x34\x81\x80\0\x01\0\x01\0\0\0\0".as_slice(),
            &QUESTION[12..],
            b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x0a\x14\0\x03",
        ];
        assert_eq!(answer, expected.concat());
        assert!(question.is_answered_by(&answer));
        assert!(!question.is_answered_by(QUESTION), "a question is no answer");
    }

    #[test]
    fn answers_with_names() {
        let question = Question::read(QUESTION).unwrap();
        let answer = question.answer(Code::NoError, &[Record::Ptr("w2.p.internal".into())], 512);
        assert!(answer.ends_with(b"\0\x0c\0\x01\0\0\0\x05\0\x0f\x02w2\x01p\x08internal\0"));
    }

    #[test]
    fn a_long_answer_is_cut() {
        let question = Question::read(QUESTION).unwrap();
        let records = vec![Record::A([10, 0, 0, 1].into()); 50];
        let answer = question.answer(Code::NoError, &records, 512);
        assert_eq!((answer[2] & TRUNCATED, answer[7], answer.len()), (TRUNCATED, 0, QUESTION.len()));
        assert_eq!(question.answer(Code::NoError, &records, 65535)[7], 50);
    }

    #[test]
    fn says_what_is_wrong_with_a_question() {
        assert_eq!(Question::read(&QUESTION[..11]), Err(Malformed::Silence));
        assert_eq!(Question::read(&QUESTION[..20]), Err(Malformed::Answer(0x1234, Code::Format)));
        assert_eq!(Question::read(&QUESTION[..QUESTION.len() - 1]), Err(Malformed::Answer(0x1234, Code::Format)));
        let mut other = QUESTION.to_vec();
        other[2] |= IS_ANSWER;
        assert_eq!(Question::read(&other), Err(Malformed::Silence), "two resolvers must not answer each other");
        other[2] = 0x28;
        assert_eq!(Question::read(&other), Err(Malformed::Answer(0x1234, Code::NotImplemented)));
        let compressed = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
        assert_eq!(Question::read(compressed), Err(Malformed::Answer(0x1234, Code::Format)));
    }
}
