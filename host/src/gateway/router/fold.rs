//! Versions written twice: clients that are given a base URL with a path add their own behind it (`/v1/v1/projects`,
//! `/storage/v1/storage/v1/b`).

/// Segments in front of and including a version.
const LONGEST: usize = 3;

/// `path` without its first copy of a prefix that ends in a version and stands there twice.
pub(super) fn folded(path: &str) -> Option<&str> {
    let mut end = 0;
    for _ in 0..LONGEST {
        let segment = path[end..].strip_prefix('/')?.split('/').next()?;
        end += 1 + segment.len();
        let (prefix, rest) = path.split_at(end);
        let twice = rest.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_version(segment) && twice {
            return Some(rest);
        }
    }
    None
}

/// `v1`, `v1beta1`, `v2alpha`.
fn is_version(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix('v') else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn only_a_doubled_version_is_folded() {
        assert_eq!(folded("/v1/v1/projects"), Some("/v1/projects"));
        assert_eq!(folded("/storage/v1/storage/v1/b"), Some("/storage/v1/b"));
        for path in ["/v1/projects", "/a/a/b", "/v1/v1x", "/", "//", "/v1", "/v1/v2/v1"] {
            assert_eq!(folded(path), None, "{path}");
        }
    }
}
