//! Filters as AIP-160 has them: `name = web-1 AND (labels.env:* OR -scheduling.preemptible = true)`.
//!
//! `OR` binds tighter than `AND`, and what merely stands side by side all has to hold. A condition is a field, an operator, and a
//! value; words alone and functions, which the AIP knows, are none to Compute Engine. A value without quotes goes on to the next
//! white space or bracket, so that URLs and moments need none.

use super::literal::Literal;
use super::path::Path;
use super::scan::{Scan, is_name};
use super::{DEPTH, Expression, Malformed, Test};
use std::cmp::Ordering;

/// The longest first where one begins with another.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::IsNot),
    ("<=", Operator::Compares(Ordering::is_le)),
    (">=", Operator::Compares(Ordering::is_ge)),
    ("=", Operator::Is),
    (":", Operator::Has),
    ("<", Operator::Compares(Ordering::is_lt)),
    (">", Operator::Compares(Ordering::is_gt)),
];

#[derive(Clone, Copy)]
enum Operator {
    Is,
    IsNot,
    Has,
    Compares(fn(Ordering) -> bool),
}

/// Reads a whole filter.
pub fn read(text: &str) -> Result<Expression, Malformed> {
    let mut parser = Parser { scan: Scan::new(text), depth: 0 };
    let expression = parser.conjunction()?;
    if parser.scan.at_end() { Ok(expression) } else { Err("A bracket is closed that was not opened.".to_owned()) }
}

struct Parser<'a> {
    scan: Scan<'a>,
    depth: usize,
}

impl Parser<'_> {
    /// `a AND b`, `a b`
    fn conjunction(&mut self) -> Result<Expression, Malformed> {
        let mut all = vec![self.disjunction()?];
        while self.scan.takes_keyword("AND") || !self.at_close() {
            all.push(self.disjunction()?);
        }
        Ok(Expression::all(all))
    }

    fn at_close(&mut self) -> bool {
        self.scan.at_end() || self.scan.peek() == Some(')')
    }

    /// `a OR b`
    fn disjunction(&mut self) -> Result<Expression, Malformed> {
        let mut any = vec![self.negation()?];
        while self.scan.takes_keyword("OR") {
            any.push(self.negation()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expression::Any(any) })
    }

    /// `NOT a`, `-a`
    fn negation(&mut self) -> Result<Expression, Malformed> {
        let negated = self.scan.takes_keyword("NOT") || self.scan.takes("-");
        let expression = if self.scan.takes("(") { self.bracketed()? } else { self.condition()? };
        Ok(if negated { expression.negated() } else { expression })
    }

    /// `...)`
    fn bracketed(&mut self) -> Result<Expression, Malformed> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("Brackets nest deeper than {DEPTH}."));
        }
        let expression = self.conjunction()?;
        self.depth -= 1;
        if self.scan.takes(")") { Ok(expression) } else { Err("A bracket is not closed.".to_owned()) }
    }

    /// `field = value`
    fn condition(&mut self) -> Result<Expression, Malformed> {
        let path = self.path()?;
        let operator = self.operator().ok_or("A field has no operator behind it.")?;
        let literal = Literal::new(self.value()?);
        let test = match operator {
            Operator::Is => Test::Is(literal),
            Operator::IsNot => return Ok(Expression::Field(path, Test::Is(literal)).negated()),
            Operator::Has if literal.is_star() => Test::IsSet,
            Operator::Has => Test::Has(literal),
            Operator::Compares(fine) => Test::Compares(fine, literal),
        };
        Ok(Expression::Field(path, test))
    }

    /// `labels.env`, `labels."a.b"`
    fn path(&mut self) -> Result<Path, Malformed> {
        if !self.scan.peek().is_some_and(|first| first.is_alphabetic() || first == '_') {
            return Err("The name of a field is missing.".to_owned());
        }
        let mut segments = vec![self.scan.while_fits(is_name).to_owned()];
        while self.scan.peek() == Some('.') {
            self.scan.takes(".");
            segments.push(match self.quoted()? {
                Some(segment) => segment,
                None => self.scan.while_fits(is_name).to_owned(),
            });
        }
        let keyword = |path: &Path| ["AND", "OR", "NOT"].iter().any(|keyword| path.is(keyword));
        let path = Path::new(segments).filter(|path| !keyword(path));
        path.ok_or_else(|| "The name of a field is not valid.".to_owned())
    }

    fn operator(&mut self) -> Option<Operator> {
        OPERATORS.iter().find(|(symbol, _)| self.scan.takes(symbol)).map(|(_, operator)| *operator)
    }

    fn value(&mut self) -> Result<String, Malformed> {
        self.scan.at_end();
        if let Some(value) = self.quoted()? {
            return Ok(value);
        }
        let value = self.scan.while_fits(|next| !next.is_whitespace() && !matches!(next, '(' | ')'));
        if value.is_empty() {
            return Err("A field is compared with nothing.".to_owned());
        }
        if value.starts_with(|first| "=<>!:~".contains(first)) || value.contains(['"', '\'']) {
            return Err(format!("{value} has to stand in quotes."));
        }
        if self.scan.peek() == Some('(') { Err("There are no functions.".to_owned()) } else { Ok(value.to_owned()) }
    }

    /// A quoted value; what comes behind it must not touch it.
    fn quoted(&mut self) -> Result<Option<String>, Malformed> {
        let value = self.scan.quoted(true).map_err(|_| "A quote is not closed.")?;
        let touched = |next: char| is_name(next) || matches!(next, '"' | '\'' | '(');
        if value.is_some() && self.scan.peek().is_some_and(touched) {
            return Err("Something touches a quoted value.".to_owned());
        }
        Ok(value)
    }
}
