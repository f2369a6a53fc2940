//! Which names an object may have: the service's own rules, which are few. Anything else is a legal name, `a/../b`
//! and `/lead` included, since no name of a client ever names a file here.
//!
//! <https://cloud.google.com/storage/docs/objects#naming>

use fogbank_sdk::Error;
use std::fmt;

/// The longest name, in bytes of UTF-8.
pub const MAX_BYTES: usize = 1024;

const RESERVED_PREFIX: &str = ".well-known/acme-challenge/";

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// No characters at all.
    Empty,
    /// More than [`MAX_BYTES`] bytes; how many there are.
    TooLong(usize),
    /// A carriage return, a line feed, or a character that XML 1.0 cannot carry.
    ControlCharacter,
    /// `.` or `..`.
    Dots,
    /// Begins with `.well-known/acme-challenge/`.
    AcmeChallenge,
}

impl fmt::Display for NameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => out.write_str("Required: the name of the object."),
            NameError::TooLong(bytes) => write!(
                out,
                "The specified object name is {bytes} bytes long in UTF-8; at most {MAX_BYTES} are allowed."
            ),
            NameError::ControlCharacter => out.write_str("Disallowed unicode characters present in object name."),
            NameError::Dots => out.write_str("An object cannot be named '.' or '..'."),
            NameError::AcmeChallenge => {
                write!(out, "An object name cannot begin with '{RESERVED_PREFIX}'.")
            }
        }
    }
}

impl NameError {
    /// What a client is told: 400.
    pub fn into_error(self) -> Error {
        match self {
            NameError::Empty => Error::required("name"),
            other => Error::invalid(other.to_string()),
        }
    }
}

/// Checks a decoded object name.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_BYTES {
        return Err(NameError::TooLong(name.len()));
    }
    if name.contains(['\r', '\n', '\0']) {
        return Err(NameError::ControlCharacter);
    }
    if name == "." || name == ".." {
        return Err(NameError::Dots);
    }
    if name.starts_with(RESERVED_PREFIX) {
        return Err(NameError::AcmeChallenge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_names_that_are_legal_are_accepted_as_they_are() {
        for name in ["a/../b", "a//b", "/lead", "..%2f..%2fetc/passwd", "\\windows", "../../up", "ünïcode 😀", "trail/"]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        assert_eq!(check(&"é".repeat(512)), Ok(()));
    }

    #[test]
    fn f04_names_that_break_the_rules_are_refused() {
        assert_eq!(check(""), Err(NameError::Empty));
        assert_eq!(check("."), Err(NameError::Dots));
        assert_eq!(check(".."), Err(NameError::Dots));
        assert_eq!(check("a\rb"), Err(NameError::ControlCharacter));
        assert_eq!(check("a\nb"), Err(NameError::ControlCharacter));
        assert_eq!(check("a\0b"), Err(NameError::ControlCharacter));
        assert_eq!(check(".well-known/acme-challenge/x"), Err(NameError::AcmeChallenge));
        assert_eq!(check(&"é".repeat(513)), Err(NameError::TooLong(1026)));
    }
}
