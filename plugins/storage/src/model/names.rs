//! Names of buckets. <https://cloud.google.com/storage/docs/buckets#naming>

/// Whether a bucket may have this name: 3 to 63 characters of `a-z 0-9 - _ .`, at both ends a letter or digit; with
/// dots up to 222, each part up to 63 and not empty; not an IPv4 address; no `goog` in front, no `google` in it.
pub fn is_bucket(name: &str) -> bool {
    let longest = if name.contains('.') { 222 } else { 63 };
    (3..=longest).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
        && [name.as_bytes()[0], name.as_bytes()[name.len() - 1]].iter().all(u8::is_ascii_alphanumeric)
        && name.split('.').all(is_part)
        && !is_address(name)
        && !is_reserved(name)
}

fn is_part(part: &str) -> bool {
    (1..=63).contains(&part.len()) && !part.starts_with('-') && !part.ends_with('-')
}

fn is_address(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `goog` at the beginning, `google` or a close misspelling anywhere.
fn is_reserved(name: &str) -> bool {
    let plain = name.replace('0', "o");
    name.starts_with("goog") || plain.contains("google")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_allowed() {
        for name in ["abc", "a-b_c", "acc-b1", "www.example.com", "1.2.3", "0a0", &"a".repeat(63)] {
            assert!(is_bucket(name), "{name}");
        }
        let dotted = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(30)].join(".");
        assert_eq!(dotted.len(), 222);
        assert!(is_bucket(&dotted));
    }

    #[test]
    fn f04_names_that_leave_their_place_are_refused() {
        let long = "a".repeat(64);
        let longer = format!("{}.{}", "a".repeat(60), "b".repeat(64));
        let names = [
            "",
            "ab",
            &long,
            &longer,
            "Abc",
            "-abc",
            "abc-",
            "_abc",
            "abc_",
            ".abc",
            "abc.",
            "a..b",
            "a.-b.c",
            "a-.bc",
            "192.168.5.4",
            "googbucket",
            "my-google-data",
            "my-g00gle",
            "a/b",
            "../etc",
            "a%2fb",
            "a b",
            "a\0b",
            "äbc",
        ];
        for name in names {
            assert!(!is_bucket(name), "{name:?}");
        }
    }
}
