//! A value in a filter, where `*` stands for any run of characters.

use std::cmp::Ordering;

/// A value to compare with, without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As the client wrote it.
    text: String,
    /// What stands between the stars, in lower case.
    pieces: Vec<String>,
}

impl Pattern {
    /// A pattern; in a quoted text a star is a star all the same, as the real service has it.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), pieces: text.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// The value itself, where no star stands in it.
    pub fn literal(&self) -> Option<&str> {
        (self.pieces.len() == 1).then_some(self.text.as_str())
    }

    /// Whether `value` is this.
    pub fn is(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        match self.pieces.as_slice() {
            [whole] => value == *whole,
            [first, middle @ .., last] => {
                let inner = value.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
                inner.is_some_and(|inner| in_order(inner, middle))
            }
            [] => false,
        }
    }

    /// Whether this stands somewhere in `value`.
    pub fn is_within(&self, value: &str) -> bool {
        in_order(&value.to_lowercase(), &self.pieces)
    }

    /// How `value` compares with this; not at all where a star stands in it.
    pub fn compare(&self, value: &str) -> Option<Ordering> {
        self.literal().map(|other| super::order(value, other))
    }
}

/// Whether the pieces stand in `text` behind each other. The first place of each is the best one.
fn in_order(text: &str, pieces: &[String]) -> bool {
    let mut rest = text;
    pieces.iter().all(|piece| match rest.split_once(piece.as_str()) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => piece.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, value) in [("how*", "Howl"), ("*", ""), ("*a*b*", "xaxbx"), ("a*a", "aa"), ("HOWL", "howl")] {
            assert!(Pattern::new(pattern).is(value), "{pattern} {value}");
        }
        for (pattern, value) in [("how", "Howl"), ("a*a", "a"), ("*b*a*", "ab"), ("", "x"), ("x*y*z", "xz")] {
            assert!(!Pattern::new(pattern).is(value), "{pattern} {value}");
        }
        assert!(Pattern::new("ow").is_within("Howl") && !Pattern::new("owx").is_within("Howl"));
    }
}
