//! Projects as buckets know them: an id and a number, either of which a client may send.

/// The number of `project`, an id or a number already. The same id always has the same number of twelve digits.
pub fn number(project: &str) -> i64 {
    match project.parse::<i64>() {
        Ok(number) if number > 0 => number,
        _ => 100_000_000_000 + i64::try_from(fnv(project.as_bytes()) % 900_000_000_000).unwrap_or(0),
    }
}

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_number_of_twelve_digits() {
        let found = number("demo-project");
        assert_eq!(found, number("demo-project"));
        assert_eq!(found.to_string().len(), 12);
        assert_ne!(found, number("other-project"));
        assert_eq!(number(&found.to_string()), found);
    }
}
