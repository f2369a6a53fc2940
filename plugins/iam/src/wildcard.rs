//! Patterns with `*`, as manifests write sets of permissions.

/// Whether `text` is `pattern`, in which each `*` stands for any run of characters, also for none.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    while let Some((piece, behind)) = rest.split_once('*') {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
        rest = behind;
    }
    text.len() >= rest.len() && text.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text) in [
            ("storage.*", "storage.buckets.get"),
            ("*.getIamPolicy", "storage.buckets.getIamPolicy"),
            ("*", ""),
            ("a*b*c", "abc"),
            ("a*b*c", "axxbyybzc"),
            ("a.b", "a.b"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("storage.*", "storages.x"),
            ("*.get", "a.getIamPolicy"),
            ("aa*aa", "aaa"),
            ("a", "b"),
            ("a*b*c", "acb"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
