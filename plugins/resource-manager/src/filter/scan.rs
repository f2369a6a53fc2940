//! Cuts a filter into its tokens.

use super::Operator;

/// A piece of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `=`, `:`, `!=`, `<`, ...
    Operator(Operator),
    /// A run of characters without a meaning of their own.
    Word(String),
    /// What stood in quotes.
    Quoted(String),
    /// `-` in front of something.
    Minus,
}

/// The tokens of `text`; none where a quote is not closed.
pub fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '\'' => quoted(rest, first)?,
            '-' => (Token::Minus, 1),
            _ => match operator(rest) {
                Some((operator, length)) => (Token::Operator(operator), length),
                None => {
                    let word = word(rest);
                    (Token::Word(word.to_owned()), word.len())
                }
            },
        };
        // An operator's value may begin with a hyphen: only in front of a restriction is it a negation.
        let value_follows = matches!(tokens.last(), Some(Token::Operator(_)));
        if token == Token::Minus && value_follows {
            let word = &rest[..1 + word(&rest[1..]).len()];
            tokens.push(Token::Word(word.to_owned()));
            rest = rest[word.len()..].trim_start();
            continue;
        }
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

fn operator(text: &str) -> Option<(Operator, usize)> {
    const OPERATORS: [(&str, Operator); 8] = [
        ("!=", Operator::IsNot),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Is),
        ("=", Operator::Is),
        (":", Operator::Is),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let known = OPERATORS.iter().find(|(symbol, _)| text.starts_with(symbol));
    known.map(|(symbol, operator)| (*operator, symbol.len()))
}

/// Up to what has a meaning. A colon within a value (`10:30`) is part of it only in quotes.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "()\"'=:!<>".contains(c)).unwrap_or(text.len());
    // A lone `!` is a word, so that the scan goes on.
    &text[..end.max(text.chars().next().map_or(0, char::len_utf8))]
}

fn quoted(text: &str, quote: char) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            end if end == quote => return Some((Token::Quoted(value), at + 1)),
            _ => (),
        }
        value.push(character);
    }
    None
}
