//! Regular expressions that have to match a whole field, as `eq` and `ne` take them.
//!
//! The time of a match is linear in the field, and the size of what an expression becomes is bounded. Of RE2's syntax the Unicode
//! classes (`\pL`) and `\Q...\E` are missing; such an expression is refused.

use super::link;
use super::number::Number;
use super::pattern::places;
use fogbank_sdk::Timestamp;
use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;
use std::cmp::Ordering;

/// How much memory a compiled expression may take, in bytes. It bounds the time of a match, too: `((a{99}){99}){99}` is refused.
const LARGEST: usize = 64 * 1024;
/// What means something in an expression.
const SPECIAL: &str = r"\.+*?()|[]{}^$";

/// What a field has to match.
#[derive(Debug, Clone)]
pub struct Whole {
    expression: Expression,
    /// Numbers and moments may be written in more than one way.
    number: Option<Number>,
    moment: Option<Timestamp>,
}

#[derive(Debug, Clone)]
enum Expression {
    /// Without anything special in it.
    Literal(String),
    /// `.*\b...\b.*` around such a one: what gcloud makes of `=` and `:`. Read here, it takes a fraction of the time.
    Words(String),
    /// Any other.
    Pattern(Regex),
}

/// Why an expression is none.
#[derive(Debug)]
pub struct Malformed(pub String);

impl Whole {
    /// Reads an expression.
    pub fn new(text: &str) -> Result<Self, Malformed> {
        let expression = match (literal(text), words(text)) {
            (Some(literal), _) => Expression::Literal(literal),
            (None, Some(words)) => Expression::Words(words),
            (None, None) => Expression::Pattern(pattern(text)?),
        };
        Ok(Self { expression, number: Number::parse(text), moment: Timestamp::parse(text).ok() })
    }

    /// The one text that matches, where there is only one.
    pub fn exact(&self) -> Option<&str> {
        match &self.expression {
            Expression::Literal(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a field's value matches.
    pub fn matches(&self, value: &Value) -> bool {
        match value {
            Value::Bool(value) => self.is(if *value { "true" } else { "false" }),
            Value::Number(value) => {
                let numbers = || Number::of(value)?.compare(self.number?);
                numbers() == Some(Ordering::Equal) || self.is(&value.to_string())
            }
            Value::String(text) => self.matches_text(text) || self.is_moment(text),
            _ => false,
        }
    }

    /// Whether the default value of a field's type matches; the type of a field without a value is not known here.
    pub fn matches_default(&self) -> bool {
        self.is("") || matches!(self.exact(), Some("false" | "0"))
    }

    /// Of a reference its name, its path, or all of it.
    fn matches_text(&self, text: &str) -> bool {
        let Some(path) = link::path(text) else { return self.is(text) };
        match &self.expression {
            Expression::Literal(literal) => literal == text || link::ends(path).any(|end| end == literal),
            _ => [link::last(path), path, text].into_iter().any(|name| self.is(name)),
        }
    }

    fn is_moment(&self, text: &str) -> bool {
        self.moment.is_some() && Timestamp::parse(text).ok() == self.moment
    }

    fn is(&self, text: &str) -> bool {
        match &self.expression {
            Expression::Literal(literal) => literal == text,
            Expression::Words(words) => has_words(text, words),
            Expression::Pattern(regex) => regex.is_match(text),
        }
    }
}

fn pattern(text: &str) -> Result<Regex, Malformed> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(LARGEST).build();
    // Alone first: what is no expression must not become one by the brackets around it, as `a)|(b` would.
    let whole = compile(text).and_then(|_| compile(&format!(r"\A(?:{text})\z")));
    whole.map_err(|error| Malformed(error.to_string()))
}

/// The text that an expression stands for, `^` and `$` at its ends or not, where nothing in it has a meaning of its own.
fn literal(text: &str) -> Option<String> {
    let mut literal = String::with_capacity(text.len());
    let mut characters = text.strip_prefix('^').unwrap_or(text).chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                literal.push(characters.next().filter(|escaped| escaped.is_ascii_punctuation() || *escaped == ' ')?)
            }
            '$' if characters.peek().is_none() => (),
            special if SPECIAL.contains(special) => return None,
            plain => literal.push(plain),
        }
    }
    Some(literal)
}

/// The text between `.*\b` and `\b.*`, where nothing in it has a meaning of its own and there is some.
fn words(text: &str) -> Option<String> {
    let inner = text.strip_prefix(r".*\b")?.strip_suffix(r"\b.*")?;
    let anchored = inner.starts_with('^') || inner.ends_with('$');
    literal(inner).filter(|words| !words.is_empty() && !anchored)
}

/// Whether `words` stand in `text` with what RE2 calls a boundary on either side. A dot is no line's end.
fn has_words(text: &str, words: &str) -> bool {
    let bytes = text.as_bytes();
    let word =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let boundary = |at: usize| word(at.checked_sub(1)) != word(Some(at));
    places(text, words).any(|at| {
        let end = at + words.len();
        boundary(at) && boundary(end) && !text[..at].contains('\n') && !text[end..].contains('\n')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_matches_the_whole_field() {
        let cases = [
            ("web", "web", true),
            ("web", "web1", false),
            ("^web$", "web", true),
            ("web.*", "web1", true),
            (".*web", "a-web", true),
            ("a|b", "b", true),
            ("a|ab", "ab", true),
            ("^(a|b)$", "a", true),
            ("a|b", "ab", false),
            (r".*\bus\-central1\-a\b.*", "us-central1-a", true),
            (r"a\.b", "a.b", true),
            (r"a\.b", "axb", false),
            (r"\d+", "12", true),
            ("(?i)WEB", "web", true),
            ("WEB", "web", false),
            ("", "", true),
            ("$", "", true),
            (r"a\$", "a$", true),
            (r"a\", "a", false),
            ("^", "", true),
            (".*(^a.*b$).*", "axb", true),
            ("[a-c]{2}", "ac", true),
        ];
        for (expression, text, expected) in cases {
            let matches = Whole::new(expression).is_ok_and(|whole| whole.matches_text(text));
            assert_eq!(matches, expected, "{expression} {text}");
        }
    }

    #[test]
    fn f35_no_expression_is_refused_or_too_dear() {
        let nested = "(".repeat(3000) + "a" + &")".repeat(3000);
        for text in
            ["*web*", "(", ")", "a)|(b", "[", "a{2", r"\", r"\pL", "((a{99}){99}){99}", "a{99999}", &nested, "(?x)a#"]
        {
            assert!(Whole::new(text).is_err(), "{text}");
        }
        let whole = Whole::new("(a*)*(a|aa)+b").unwrap();
        assert!(!whole.matches_text(&"a".repeat(5000)));
    }

    #[test]
    fn words_are_found_as_the_expression_would_find_them() {
        for words in ["a", "a-a", "-", "ab", "_", "ü", "a b", "-a"] {
            let expression = format!(r".*\b{}\b.*", words.replace('-', r"\-"));
            let regex = pattern(&expression).unwrap();
            for text in [
                "", "a", "xa-a-a", "a-", "-a", "ab a", "a\nb", "\na", "ü", "aü", "_", "x_", "x-", "a b", "-", "ab-ab",
                "x-a",
            ] {
                assert_eq!(has_words(text, words), regex.is_match(text), "{words} {text:?}");
            }
        }
        assert!(matches!(Whole::new(r".*\bus\-central1\-a\b.*").unwrap().expression, Expression::Words(_)));
        assert!(words(r".*\b\b.*").is_none() && words(r".*\b^a\b.*").is_none() && words(r".*\ba$\b.*").is_none());
    }
}
