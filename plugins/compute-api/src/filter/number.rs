//! Numbers of fields and filters. The API writes 64-bit integers as texts, which a float cannot hold.

use std::cmp::Ordering;

/// A number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// Without decimals.
    Whole(i128),
    /// Any other.
    Real(f64),
}

impl Number {
    /// Reads a number; names of such (`inf`, `nan`) are texts.
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)) {
            return None;
        }
        text.parse().map(Self::Whole).or_else(|_| text.parse().map(Self::Real)).ok()
    }

    /// The number of a field.
    pub fn of(number: &serde_json::Number) -> Option<Self> {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| number.as_f64().map(Self::Real))
    }

    /// How this compares with another.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            _ => self.real().partial_cmp(&other.real()),
        }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.real() == 0.0
    }

    fn real(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_keep_all_their_digits() {
        let compare = |one: &str, other: &str| Number::parse(one)?.compare(Number::parse(other)?);
        assert_eq!(compare("9223372036854775807", "9223372036854775806"), Some(Ordering::Greater));
        assert_eq!(compare("10", "9"), Some(Ordering::Greater));
        assert_eq!(compare("1.0", "1"), Some(Ordering::Equal));
        assert_eq!(compare("-0.5", "1e2"), Some(Ordering::Less));
        for text in ["", "-", "inf", "nan", "1a", "10.0.0.1", "e", "2026-11-21"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }
}
