//! The regular expressions of the specification.

use regex_lite::Regex;

/// Longer texts match nothing: no name, address or range is as long.
const LONGEST: usize = 1024;

/// Whether a pattern matches the whole of a text. A pattern that cannot be read matches nothing; a test reads all there are.
pub fn matches(pattern: &str, text: &str) -> bool {
    text.len() <= LONGEST && whole(pattern).is_some_and(|pattern| pattern.is_match(text))
}

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!(r"\A(?:{pattern})\z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SCHEMAS;

    const NAME: &str = "[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?";

    #[test]
    fn names_are_matched_whole() {
        let longest = "a".repeat(63);
        for name in ["a", "web", "w-1", longest.as_str()] {
            assert!(matches(NAME, name), "{name}");
        }
        for name in ["", "A", "1a", "a-", "a_b", "web ", "web\n", "é", &format!("{longest}a")] {
            assert!(!matches(NAME, name), "{name}");
        }
    }

    #[test]
    fn every_pattern_of_the_specification_can_be_read() {
        let fields = SCHEMAS.iter().flat_map(|schema| schema.fields);
        let patterns: Vec<&str> = fields.filter_map(|field| field.pattern).collect();
        assert!(patterns.len() > 50);
        for pattern in patterns {
            assert!(whole(pattern).is_some(), "{pattern}");
        }
    }
}
