//! Cuts SQL into tokens as the backend itself does, so that what looks like one statement is one.
//!
//! Only as much is told apart as the rules in [`super`] need. Where the two dialects differ (nested comments, dollar
//! quotes, escapes, brackets), the backend's own way is followed: a difference would be a place to hide a statement.

use crate::capability::database::value::Backend;

/// A piece of SQL; white space and comments are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// A keyword, a name, or a number.
    Word(&'a str),
    /// A quoted name, as it is written between its quotes.
    Quoted(&'a str),
    /// A string.
    Literal,
    /// `$1` and its like.
    Param(u32),
    Semicolon,
    /// Any other character.
    Symbol(u8),
}

/// An iterator over tokens; after an error it is at its end.
pub struct Lexer<'a> {
    sql: &'a str,
    backend: Backend,
    at: usize,
}

type Lexed<T> = Result<T, String>;

impl<'a> Lexer<'a> {
    pub fn new(sql: &'a str, backend: Backend) -> Self {
        Self { sql, backend, at: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn postgres(&self) -> bool {
        self.backend == Backend::Postgres
    }

    fn token(&mut self) -> Lexed<Option<Token<'a>>> {
        self.skip_blank()?;
        let Some(first) = self.peek(0) else { return Ok(None) };
        Ok(Some(match first {
            0 => return Err("has a NUL".into()),
            b';' => self.single(Token::Semicolon),
            b'\'' => self.quoted(b'\'', false).map(|_| Token::Literal)?,
            b'"' => Token::Quoted(self.quoted(b'"', false)?),
            b'`' if !self.postgres() => Token::Quoted(self.quoted(b'`', false)?),
            b'[' if !self.postgres() => Token::Quoted(self.bracketed()?),
            b'$' => self.dollar()?,
            b'?' if !self.postgres() => return Err("has a parameter `?`; write $1, $2".into()),
            _ if is_word(first) => return self.word().map(Some),
            other => self.single(Token::Symbol(other)),
        }))
    }

    fn single(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 1;
        token
    }

    fn skip_blank(&mut self) -> Lexed<()> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'\x0b'), _) => self.at += 1,
                (Some(b'-'), Some(b'-')) => self.skip_line(),
                (Some(b'/'), Some(b'*')) => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        // PostgreSQL ends a comment at a carriage return as well.
        while self.peek(0).is_some_and(|c| c != b'\n' && !(self.postgres() && c == b'\r')) {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) -> Lexed<()> {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                // PostgreSQL's comments nest, SQLite's do not.
                (Some(b'/'), Some(b'*')) if depth == 0 || self.postgres() => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err("has a comment without an end".into()),
            }
        }
    }

    /// From a quote to its end, where two quotes stand for one.
    fn quoted(&mut self, quote: u8, escapes: bool) -> Lexed<&'a str> {
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.peek(0) {
                None => return Err("has a quote without an end".into()),
                Some(0) => return Err("has a NUL".into()),
                Some(b'\\') if escapes => self.at += 2,
                Some(c) if c == quote && self.peek(1) == Some(quote) => self.at += 2,
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(self.slice(start, self.at - 1));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn bracketed(&mut self) -> Lexed<&'a str> {
        let rest = &self.sql[self.at + 1..];
        let end = rest.find(']').ok_or("has a bracket without an end")?;
        self.at += end + 2;
        Ok(&rest[..end])
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        // An escape may have stepped into a character; then there is nothing that could be a name.
        self.sql.get(start..end).unwrap_or_default()
    }

    fn dollar(&mut self) -> Lexed<Token<'a>> {
        let digits = self.sql[self.at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let number = &self.sql[self.at + 1..self.at + 1 + digits];
            self.at += 1 + digits;
            // SQLite reads on: `$1(...)` and `$1::x` are names of parameters to it.
            let more = self.peek(0).is_some_and(|c| is_word(c) || c == b'$' || c == b'(' || c == b':');
            if more && !(self.postgres() && self.peek(0) == Some(b':')) {
                return Err("has a parameter that is not $1, $2 and so on".into());
            }
            return number.parse().map(Token::Param).map_err(|_| "has a parameter with too large a number".into());
        }
        if !self.postgres() {
            return Err("has a parameter that is not $1, $2 and so on".into());
        }
        self.dollar_quoted()
    }

    fn dollar_quoted(&mut self) -> Lexed<Token<'a>> {
        let rest = &self.sql[self.at..];
        let tag = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()));
        let tag = tag.filter(|end| rest.as_bytes()[1 + end] == b'$').ok_or("has a `$` that opens no quote")?;
        let quote = &rest[..tag + 2];
        let end = rest[quote.len()..].find(quote).ok_or("has a quote without an end")?;
        self.at += quote.len() + end + quote.len();
        Ok(Token::Literal)
    }

    fn word(&mut self) -> Lexed<Token<'a>> {
        let start = self.at;
        let number = self.peek(0).is_some_and(|c| c.is_ascii_digit());
        while self.peek(0).is_some_and(|c| is_word(c) || (c == b'$' && !number)) {
            self.at += 1;
        }
        let word = &self.sql[start..self.at];
        let next = self.peek(0);
        if self.postgres() && word.eq_ignore_ascii_case("e") && next == Some(b'\'') {
            return self.quoted(b'\'', true).map(|_| Token::Literal);
        }
        if self.postgres() && word.eq_ignore_ascii_case("u") && next == Some(b'&') {
            return Err("has a name or string with `U&`".into());
        }
        Ok(Token::Word(word))
    }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Lexed<Token<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let token = self.token().transpose();
        if matches!(token, Some(Err(_))) {
            self.at = self.sql.len();
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(sql: &str, backend: Backend) -> Vec<Token<'_>> {
        Lexer::new(sql, backend).collect::<Result<_, _>>().expect(sql)
    }

    fn semicolons(sql: &str, backend: Backend) -> usize {
        tokens(sql, backend).iter().filter(|token| **token == Token::Semicolon).count()
    }

    #[test]
    fn quotes_hide_what_they_hold() {
        for sql in ["SELECT ';'", "SELECT \";\"", "SELECT 'it''s;'", "SELECT 1 -- ;", "SELECT /* ; */ 1"] {
            assert_eq!(semicolons(sql, Backend::Sqlite), 0, "{sql}");
            assert_eq!(semicolons(sql, Backend::Postgres), 0, "{sql}");
        }
        for sql in ["SELECT [;]", "SELECT `;`"] {
            assert_eq!(semicolons(sql, Backend::Sqlite), 0, "{sql}");
            assert_eq!(semicolons(sql, Backend::Postgres), 1, "{sql}");
        }
        for sql in ["SELECT $$;$$", "SELECT $a$ $$ ; $b$ $a$", "SELECT E'\\';'"] {
            assert_eq!(semicolons(sql, Backend::Postgres), 0, "{sql}");
        }
    }

    #[test]
    fn comments_nest_only_where_the_backend_nests_them() {
        let sql = "SELECT 1 /* /* */ ; DELETE FROM t /* */ */";
        assert_eq!(semicolons(sql, Backend::Sqlite), 1);
        assert_eq!(semicolons(sql, Backend::Postgres), 0);
        assert_eq!(semicolons("SELECT 1 -- \r ; DELETE FROM t", Backend::Postgres), 1);
        assert_eq!(semicolons("SELECT 1 -- \r ; DELETE FROM t", Backend::Sqlite), 0);
    }

    #[test]
    fn parameters_are_numbers() {
        assert_eq!(tokens("$1 $20", Backend::Sqlite), [Token::Param(1), Token::Param(20)]);
        assert_eq!(tokens("a$1", Backend::Postgres), [Token::Word("a$1")]);
        for sql in ["SELECT ?", "SELECT $1(') ; DELETE FROM t --'", "SELECT $a", "SELECT $1::text"] {
            assert!(Lexer::new(sql, Backend::Sqlite).any(|token| token.is_err()), "{sql}");
        }
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        for sql in ["SELECT 'a", "SELECT \"a", "SELECT /* a", "SELECT \0"] {
            for backend in [Backend::Sqlite, Backend::Postgres] {
                assert!(Lexer::new(sql, backend).any(|token| token.is_err()), "{sql}");
            }
        }
        assert!(Lexer::new("SELECT $a$ ; $b$", Backend::Postgres).any(|token| token.is_err()));
    }
}
