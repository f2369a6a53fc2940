//! Names of tenants: they become folders, schemas and labels, so they are narrow (F04).

/// The tenant of a client that names none.
pub const DEFAULT: &str = "default";

/// A letter, then up to 30 letters, digits and hyphens, lower case, no hyphen at the end: also a label of a host name.
pub fn check_name(name: &str) -> Result<(), String> {
    let fine = name.len() <= 31
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    match fine {
        true => Ok(()),
        false => {
            Err("A tenant's name is a letter, then up to 30 of a-z, 0-9 and hyphen, with no hyphen at the end.".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn f04_a_name_cannot_leave_its_folder() {
        for name in ["blue", "a", "team-7", "default"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let bad = ["", "..", "../x", "a/b", "a\\b", "A", "1a", "a_b", "a.b", "a-", "a\0", "ä", &"a".repeat(32)];
        for name in bad {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
