//! Goes through the text of a filter.

/// What is left of a filter.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a>(&'a str);

/// Why a quoted value is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotClosed;

impl<'a> Scan<'a> {
    /// All of `text`.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Skips white space; then whether nothing is left.
    pub fn at_end(&mut self) -> bool {
        self.0 = self.0.trim_start();
        self.0.is_empty()
    }

    /// The next character, which stays.
    pub fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    /// Skips white space and takes `symbol`, where it comes next.
    pub fn takes(&mut self, symbol: &str) -> bool {
        self.at_end();
        let rest = self.0.strip_prefix(symbol);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Skips white space and takes `keyword`, where that is the next word as a whole.
    pub fn takes_keyword(&mut self, keyword: &str) -> bool {
        self.at_end();
        let rest = self.0.strip_prefix(keyword);
        let rest = rest.filter(|rest| !rest.starts_with(|next: char| is_name(next) || next == '.'));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Takes what comes next for as long as `fits` says, which may be nothing.
    pub fn while_fits(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.0.split_at(self.0.find(|next| !fits(next)).unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Takes all that is left.
    pub fn all(&mut self) -> &'a str {
        std::mem::take(&mut self.0)
    }

    /// Takes what comes next up to the bracket that closes one which is not opened in it, or to the end. Backslashes and classes
    /// (`[)]`) of an expression keep brackets from counting.
    pub fn balanced(&mut self) -> &'a str {
        let (mut depth, mut escaped, mut class) = (0_usize, false, false);
        let end = self.0.find(|next| {
            match next {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => class = true,
                ']' => class = false,
                '(' if !class => depth += 1,
                ')' if !class && depth == 0 => return true,
                ')' if !class => depth -= 1,
                _ => (),
            }
            false
        });
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Takes a quoted value, where one comes next. A backslash makes the quote behind it part of the value; what other backslashes
    /// do, `unescape` tells: away with them, or not.
    pub fn quoted(&mut self, unescape: bool) -> Result<Option<String>, NotClosed> {
        let Some(quote) = self.peek().filter(|next| matches!(next, '"' | '\'')) else { return Ok(None) };
        let mut value = String::new();
        let mut characters = self.0.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.0 = &self.0[at + 1..];
                return Ok(Some(value));
            }
            value.push(character);
            if character == '\\' {
                let (_, escaped) = characters.next().ok_or(NotClosed)?;
                if unescape || escaped == quote {
                    value.pop();
                }
                value.push(escaped);
            }
        }
        Err(NotClosed)
    }
}

/// Whether a character may stand in the name of a field or in a label's key.
pub fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_whole_words() {
        assert!(Scan::new(" AND b").takes_keyword("AND"));
        assert!(Scan::new("NOT(a=b)").takes_keyword("NOT"));
        assert!(!Scan::new("ANDroid=1").takes_keyword("AND"));
        assert!(!Scan::new("OR.a=1").takes_keyword("OR"));
    }

    #[test]
    fn quotes_are_escaped_by_backslashes() {
        let quoted = |text: &str, unescape| Scan::new(text).quoted(unescape);
        assert_eq!(quoted(r#""a\"b\\" x"#, true), Ok(Some(r#"a"b\"#.to_owned())));
        assert_eq!(quoted(r#"".*\bx\".*""#, false), Ok(Some(r#".*\bx".*"#.to_owned())));
        assert_eq!(quoted(r"'a\'", false), Err(NotClosed));
        assert_eq!(quoted(r"'a\", false), Err(NotClosed));
        assert_eq!(quoted("a'", false), Ok(None));
    }

    #[test]
    fn brackets_of_an_expression_belong_to_it() {
        for (text, taken) in [("a(b|c))d", "a(b|c)"), (r"a\))", r"a\)"), ("[)])", "[)]"), ("a", "a"), (")", "")] {
            assert_eq!(Scan::new(text).balanced(), taken, "{text}");
        }
    }
}
