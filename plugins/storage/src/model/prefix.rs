//! Ranges of names that begin alike, in byte order.

/// The first text behind everything that begins with `prefix`; `None` where there is no end (an empty prefix).
pub fn end_of(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        if let Some(next) = following(last) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// The next character; the surrogates between U+D7FF and U+E000 are none.
fn following(letter: char) -> Option<char> {
    match letter {
        '\u{d7ff}' => Some('\u{e000}'),
        _ => char::from_u32(letter as u32 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_behind_all_that_begins_so() {
        assert_eq!(end_of("a/").as_deref(), Some("a0"));
        assert_eq!(end_of("").as_deref(), None);
        assert_eq!(end_of("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of("\u{10ffff}"), None);
        assert_eq!(end_of("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert!(end_of("ä").unwrap().as_bytes() > "ä\u{10ffff}".as_bytes());
    }
}
