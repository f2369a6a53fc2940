//! Filters of regular expressions: `name eq .*web.*`, `(status eq "RUNNING")((zone ne us-.*)(name eq 'a|b'))`.
//!
//! A single condition goes to the end of the filter; more than one stand in brackets, side by side, and all have to hold. Neither
//! `AND` nor `OR` nor the operators of AIP-160 have a place here.

use super::path::Path;
use super::regex::Whole;
use super::scan::{Scan, is_name};
use super::{DEPTH, Expression, Malformed, Test};

/// What an unquoted value that has white space in it must not hold: it is meant as more than one condition.
const WORDS: [&str; 5] = ["AND", "OR", "NOT", "eq", "ne"];

/// Whether a filter is in this language: its first condition is.
pub fn is_it(text: &str) -> bool {
    let mut scan = Scan::new(text.trim_start_matches(|first: char| first == '(' || first.is_whitespace()));
    let name = scan.while_fits(|next| is_name(next) || next == '.');
    !name.is_empty() && scan.peek().is_some_and(char::is_whitespace) && operator(&mut scan).is_some()
}

/// Reads a whole filter.
pub fn read(text: &str) -> Result<Expression, Malformed> {
    let mut scan = Scan::new(text.trim());
    if scan.peek() == Some('(') { conditions(&mut scan, 0) } else { condition(&mut scan, false) }
}

/// `(a eq b) (c ne d)`, to the end or the bracket that closes the one around.
fn conditions(scan: &mut Scan<'_>, depth: usize) -> Result<Expression, Malformed> {
    if depth > DEPTH {
        return Err(format!("Brackets nest deeper than {DEPTH}."));
    }
    let mut all = Vec::new();
    while scan.takes("(") {
        scan.at_end();
        let within = if scan.peek() == Some('(') { conditions(scan, depth + 1)? } else { condition(scan, true)? };
        all.push(within);
        if !scan.takes(")") {
            return Err("A bracket is not closed, or something stands behind a value.".to_owned());
        }
    }
    if depth == 0 && !scan.at_end() {
        return Err("Something stands outside of brackets.".to_owned());
    }
    Ok(Expression::all(all))
}

/// `field eq value`
fn condition(scan: &mut Scan<'_>, bracketed: bool) -> Result<Expression, Malformed> {
    let name = scan.while_fits(|next| is_name(next) || next == '.');
    let segments = name.split('.').map(str::to_owned).collect();
    let path = Path::new(segments).ok_or("The name of a field is missing or not valid.")?;
    let equal = operator(scan).ok_or("Neither eq nor ne is behind a field.")?;
    let whole = Whole::new(&value(scan, bracketed)?).map_err(|error| error.0)?;
    let expression = Expression::Field(path, Test::Matches(whole));
    Ok(if equal { expression } else { expression.negated() })
}

/// Whether what comes next is `eq`, rather than `ne`.
fn operator(scan: &mut Scan<'_>) -> Option<bool> {
    let equal = scan.takes_keyword("eq");
    (equal || scan.takes_keyword("ne")).then_some(equal)
}

fn value(scan: &mut Scan<'_>, bracketed: bool) -> Result<String, Malformed> {
    scan.at_end();
    if let Some(value) = scan.quoted(false).map_err(|_| "A quote is not closed.")? {
        let ends = bracketed || scan.at_end();
        return if ends { Ok(value) } else { Err("Something stands behind a quoted value.".to_owned()) };
    }
    let value = if bracketed { scan.balanced() } else { scan.all() }.trim();
    if value.is_empty() {
        return Err("A field is compared with nothing.".to_owned());
    }
    let mut words = value.split_whitespace().skip(1);
    if words.any(|word| WORDS.contains(&word)) {
        return Err("More than one condition have to stand in brackets.".to_owned());
    }
    Ok(value.to_owned())
}
