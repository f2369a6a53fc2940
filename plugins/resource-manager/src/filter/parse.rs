//! Reads tokens as a filter. `OR` binds tighter than what merely stands side by side, as AIP-160 has it.

use super::pattern::Pattern;
use super::scan::{Token, tokens};
use super::{Filter, Operator};
use fogbank_sdk::{Error, Result};

/// How deep brackets may nest.
const DEPTH: usize = 32;
/// How long a filter may be, in bytes.
const LONGEST: usize = 8192;

/// Reads a whole filter.
///
/// Errors: 400.
pub fn filter(text: &str, known: fn(&str) -> bool) -> Result<Filter> {
    if text.len() > LONGEST {
        return Err(invalid("it is too long"));
    }
    let tokens = tokens(text).ok_or_else(|| invalid("a quote is not closed"))?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), known, depth: 0 };
    let filter = parser.conjunction()?;
    match parser.tokens.next() {
        None => Ok(filter),
        Some(_) => Err(invalid("a bracket is closed that was not opened")),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    known: fn(&str) -> bool,
    depth: usize,
}

impl Parser {
    fn takes_word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(text) if text == word)).is_some()
    }

    fn at_end(&mut self) -> bool {
        matches!(self.tokens.peek(), None | Some(Token::Close))
    }

    /// `a AND b`, `a b`
    fn conjunction(&mut self) -> Result<Filter> {
        let mut all = Vec::new();
        while !self.at_end() {
            all.push(self.disjunction()?);
            if self.takes_word("AND") && self.at_end() {
                return Err(invalid("something is missing behind AND"));
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::All(all) })
    }

    /// `a OR b`
    fn disjunction(&mut self) -> Result<Filter> {
        let mut any = vec![self.negation()?];
        while self.takes_word("OR") {
            any.push(self.negation()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Filter::Any(any) })
    }

    /// `NOT a`, `-a`
    fn negation(&mut self) -> Result<Filter> {
        let mut negated = false;
        while self.takes_word("NOT") || self.tokens.next_if_eq(&Token::Minus).is_some() {
            negated = !negated;
        }
        let filter = self.restriction()?;
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    /// `(...)`, `field=value`, `word`
    fn restriction(&mut self) -> Result<Filter> {
        match self.tokens.next() {
            Some(Token::Open) => self.bracketed(Self::conjunction),
            Some(Token::Quoted(text)) => Ok(Filter::Word(Pattern::new(&text))),
            Some(Token::Word(word)) if word == "AND" || word == "OR" => {
                Err(invalid(&format!("{word} has nothing in front")))
            }
            Some(Token::Word(word)) => {
                let operator = self.tokens.next_if(|token| matches!(token, Token::Operator(_)));
                match operator {
                    Some(Token::Operator(operator)) => self.field(&word, operator),
                    _ => Ok(Filter::Word(Pattern::new(&word))),
                }
            }
            _ => Err(invalid("a field or a word is missing")),
        }
    }

    fn bracketed(&mut self, inner: impl FnOnce(&mut Self) -> Result<Filter>) -> Result<Filter> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(invalid("brackets nest too deep"));
        }
        let filter = inner(self)?;
        self.depth -= 1;
        match self.tokens.next() {
            Some(Token::Close) => Ok(filter),
            _ => Err(invalid("a bracket is not closed")),
        }
    }

    fn field(&mut self, name: &str, operator: Operator) -> Result<Filter> {
        let name = field_name(name);
        if !(self.known)(&name) {
            return Err(invalid(&format!("there is no field {name}")));
        }
        match self.tokens.next() {
            Some(Token::Open) => self.bracketed(|parser| parser.values(&name, operator)),
            Some(Token::Word(value) | Token::Quoted(value)) => Ok(field(&name, operator, &self.whole(value))),
            _ => Err(invalid(&format!("{name} is compared with nothing"))),
        }
    }

    /// A moment (`2026-11-21T08:00:00Z`) has colons in it: what follows one without a gap belongs to the value.
    fn whole(&mut self, mut value: String) -> String {
        let begins_moment = |text: &str| text.len() >= 13 && text.as_bytes()[4] == b'-' && text.contains('T');
        if begins_moment(&value) {
            while self.tokens.next_if_eq(&Token::Operator(Operator::Is)).is_some() {
                value.push(':');
                if let Some(Token::Word(more)) = self.tokens.next_if(|token| matches!(token, Token::Word(_))) {
                    value.push_str(&more);
                }
            }
        }
        value
    }

    /// `(a b)`, `(a OR b)`: one of them.
    fn values(&mut self, name: &str, operator: Operator) -> Result<Filter> {
        let mut any = Vec::new();
        while let Some(token) = self.tokens.next_if(|token| matches!(token, Token::Word(_) | Token::Quoted(_))) {
            match token {
                Token::Word(word) if word == "OR" => (),
                Token::Word(value) | Token::Quoted(value) => any.push(field(name, operator, &value)),
                _ => (),
            }
        }
        if any.is_empty() { Err(invalid(&format!("{name} is compared with nothing"))) } else { Ok(Filter::Any(any)) }
    }
}

fn field(name: &str, operator: Operator, value: &str) -> Filter {
    Filter::Field { name: name.to_owned(), operator, pattern: Pattern::new(value) }
}

/// In lower case; keys of labels are in lower case anyway.
fn field_name(name: &str) -> String {
    name.to_lowercase()
}

fn invalid(why: &str) -> Error {
    Error::invalid(format!("The filter is not valid: {why}.")).with_location("parameter", "filter")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(field: &str) -> bool {
        field == "a" || field == "b"
    }

    #[test]
    fn or_binds_tighter_than_a_space() {
        let parsed = filter("a=1 OR b=2 a=3", known).unwrap();
        let Filter::All(all) = parsed else { panic!("{parsed:?}") };
        assert!(matches!(all.as_slice(), [Filter::Any(_), Filter::Field { .. }]));
        assert_eq!(filter("a=1 AND b=2", known).unwrap(), filter("a:1 b:2", known).unwrap());
        assert_eq!(filter("(a=1)", known).unwrap(), filter("A == \"1\"", known).unwrap());
    }

    #[test]
    fn values_may_be_moments_and_begin_with_hyphens() {
        assert_eq!(filter("a>=2026-11-21T08:00:00Z", known), filter("a>=\"2026-11-21T08:00:00Z\"", known));
        assert_eq!(filter("a=-x", known), filter("a=\"-x\"", known));
        assert_eq!(filter("a=x-y", known), filter("a=\"x-y\"", known));
    }

    #[test]
    fn f35_what_is_no_filter_is_400() {
        let deep = "(".repeat(10_000) + "a" + &")".repeat(10_000);
        let nested = "(".repeat(40) + "a" + &")".repeat(40);
        let texts =
            ["(", ")", "a=", "a=(", "a=()", "=", "a==", "OR a", "a OR", "a AND", "c=1", "\"", "a=1)", "NOT", "-", ":x"];
        for text in texts.into_iter().chain([deep.as_str(), nested.as_str()]) {
            assert_eq!(filter(text, known).map_err(|error| error.http_status()), Err(400), "{text}");
        }
    }
}
