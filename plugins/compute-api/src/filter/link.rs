//! References to resources: one and the same is named by a whole URL, a partial one, or its last segment.

/// The text from `projects/` on, where `text` is a whole URL of a resource. Host and version of two URLs of one resource may differ.
pub fn path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    rest.find("/projects/").map(|at| &rest[at + 1..])
}

/// The text, without what stands in front of `projects/` where that is a URL.
pub fn without_host(text: &str) -> &str {
    path(text).unwrap_or(text)
}

/// The last segment: the resource's name.
pub fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// All that a path may be called by: itself, and each end of it that begins behind a slash.
pub fn ends(path: &str) -> impl Iterator<Item = &str> {
    let behind = path.char_indices().filter(|(_, character)| *character == '/').map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind).map(|at| &path[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_a_path() {
        let link = "https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a";
        assert_eq!(path(link), Some("projects/p/zones/us-central1-a"));
        assert_eq!(path("zones/us-central1-a"), None);
        assert_eq!(path("https://example.com/"), None);
        assert_eq!(last(link), "us-central1-a");
        let ends: Vec<_> = ends("projects/p/zones/a").collect();
        assert_eq!(ends, ["projects/p/zones/a", "p/zones/a", "zones/a", "a"]);
    }
}
