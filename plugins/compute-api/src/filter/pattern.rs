//! A value in which `*` stands for any run of characters.

/// What a text is held against, in time linear in the text for patterns with stars.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What stands between the stars.
    pieces: Vec<String>,
}

impl Pattern {
    /// A pattern. A star in a quoted value is a star all the same.
    pub fn new(text: &str) -> Self {
        Self { pieces: text.split('*').map(str::to_owned).collect() }
    }

    /// Whether no star stands in it.
    pub fn is_literal(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Whether the whole text is this.
    pub fn is(&self, text: &str) -> bool {
        match self.pieces.as_slice() {
            [whole] => text == whole,
            [first, middle @ .., last] => {
                let inner = text.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()));
                inner.is_some_and(|inner| behind(inner, middle).is_some())
            }
            [] => false,
        }
    }

    /// Whether words of the text are this: what the pattern begins or ends with is no part of a longer word, unless a star stands there.
    pub fn is_words_of(&self, text: &str) -> bool {
        match self.pieces.as_slice() {
            [whole] if whole.is_empty() => text.is_empty(),
            [whole] => places(text, whole).any(|at| starts_word(text, at, whole) && ends_word(text, at, whole)),
            // Where the first place of the first piece leads nowhere a later one does not either: less text is left behind it.
            [first, middle @ .., last] => {
                let start = places(text, first).find(|at| starts_word(text, *at, first));
                let rest = start.and_then(|at| behind(&text[at + first.len()..], middle));
                rest.is_some_and(|rest| {
                    let from = text.len() - rest.len();
                    last.is_empty() || places(rest, last).any(|at| ends_word(text, from + at, last))
                })
            }
            [] => false,
        }
    }
}

/// What is left of `text` behind the pieces, each taken at its first place.
fn behind<'a>(text: &'a str, pieces: &[String]) -> Option<&'a str> {
    pieces.iter().try_fold(text, |rest, piece| rest.split_once(piece.as_str()).map(|(_, rest)| rest))
}

/// Where `piece` is in `text`; the places may overlap, as one of them may cut a word where the next does not.
pub fn places<'a>(text: &'a str, piece: &'a str) -> impl Iterator<Item = usize> + 'a {
    let step = piece.chars().next().map_or(0, char::len_utf8);
    let next = move |at: &usize| Some(at + step + text[at + step..].find(piece)?);
    std::iter::successors(text.find(piece), next).take(if step == 0 { 1 } else { usize::MAX })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn starts_word(text: &str, at: usize, piece: &str) -> bool {
    let inside = piece.starts_with(is_word) && text[..at].ends_with(is_word);
    !inside
}

fn ends_word(text: &str, at: usize, piece: &str) -> bool {
    let inside = piece.ends_with(is_word) && text[at + piece.len()..].starts_with(is_word);
    !inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, text) in [("web*", "web-1"), ("*", ""), ("*a*b*", "xaxbx"), ("a*a", "aa"), ("a", "a"), ("", "")] {
            assert!(Pattern::new(pattern).is(text), "{pattern} {text}");
        }
        for (pattern, text) in [("web", "web1"), ("a*a", "a"), ("*b*a*", "ab"), ("", "x"), ("x*y*z", "xz"), ("A", "a")]
        {
            assert!(!Pattern::new(pattern).is(text), "{pattern} {text}");
        }
    }

    #[test]
    fn words_are_not_cut() {
        let yes = [
            ("web", "a web b"),
            ("web", "web-1"),
            ("b c", "a b c"),
            ("we*", "a web"),
            ("*eb", "web"),
            ("w*b", "web"),
            ("w*1", "a-web-1"),
            ("-1", "web-1"),
            ("*", "x"),
            ("", ""),
            ("ü", "ü"),
            ("w*e*1", "xw we 1"),
            ("e*", "web e"),
            ("a-a", "xa-a-a"),
        ];
        for (pattern, text) in yes {
            assert!(Pattern::new(pattern).is_words_of(text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("web", "web1"), ("web", "xweb"), ("e*", "web"), ("*e", "web"), ("", "x"), ("b*w", "w b")]
        {
            assert!(!Pattern::new(pattern).is_words_of(text), "{pattern} {text}");
        }
    }
}
