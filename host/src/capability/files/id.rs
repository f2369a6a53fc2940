//! Names of files: made here, ordered by time, never a client's.

use std::fmt;
use std::sync::Mutex;

/// The name of a committed file: 32 hexadecimal digits that order by time of commit (in the manner of RFC 9562,
/// version 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u128);

/// Digits that files in one folder have in common: a quarter of an hour of commits. Since the folders order as the
/// ids do, a list reads no more of them than it gives.
const SHARD_DIGITS: usize = 7;

impl FileId {
    /// The id that `text` is, in the one way that it can be written.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if digits { u128::from_str_radix(text, 16).ok().map(Self) } else { None }
    }

    /// When the file was committed, in milliseconds since 1970 on the machine's clock.
    pub fn committed_ms(self) -> u64 {
        (self.0 >> 80) as u64
    }

    /// The folder that the file lies in.
    pub(super) fn shard(self) -> String {
        let mut name = self.to_string();
        name.truncate(SHARD_DIGITS);
        name
    }

    /// Where the file lies below `files/`.
    pub(super) fn path(self) -> String {
        format!("{}/{self}", self.shard())
    }
}

/// Whether a folder's name can be that of a shard.
pub(super) fn is_shard(name: &str) -> bool {
    name.len() == SHARD_DIGITS && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Makes ids that are greater than all before, also where the machine's clock goes back.
#[derive(Debug)]
pub(super) struct Ids {
    last: Mutex<u128>,
}

impl Ids {
    /// Ids behind `last`.
    pub(super) fn behind(last: Option<FileId>) -> Self {
        Self { last: Mutex::new(last.map_or(0, |id| id.0)) }
    }

    pub(super) fn next(&self) -> FileId {
        let now = uuid::Uuid::now_v7().as_u128();
        // A panic cannot leave a number half-written.
        let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *last = now.max(*last + 1);
        FileId(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_only_our_own_names_are_ids() {
        let id = Ids::behind(None).next();
        assert_eq!(FileId::parse(&id.to_string()), Some(id));
        let upper = id.to_string().to_uppercase();
        let long = format!("{id}0");
        for text in
            ["", "..", "../../etc/passwd", "/etc/passwd", "a\0b", &upper, &long, "+0000000000000000000000000000001"]
        {
            assert_eq!(FileId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ids_grow_whatever_the_clock_says() {
        let future = FileId(u128::MAX >> 1);
        let ids = Ids::behind(Some(future));
        let (first, second) = (ids.next(), ids.next());
        assert!(future < first && first < second);
    }

    #[test]
    fn an_id_says_when_and_where() {
        let id = FileId::parse("018f3c4a5b6c7d8e9fa0b1c2d3e4f506").expect("an id");
        assert_eq!(id.path(), "018f3c4/018f3c4a5b6c7d8e9fa0b1c2d3e4f506");
        assert_eq!(id.committed_ms(), 0x018f_3c4a_5b6c);
    }
}
