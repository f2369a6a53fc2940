//! The `Range` header of a download (RFC 9110, section 14). One range of bytes is served; several at once, or a header
//! that is not well formed, are passed over and the whole content is served, as the RFC allows and Cloud Storage does.

/// What to serve of a content of a known size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// Everything, status 200.
    Whole,
    /// `length` (at least 1) bytes from `offset`, status 206.
    Part { offset: u64, length: u64 },
    /// Status 416 with `Content-Range: bytes */SIZE`.
    Unsatisfiable,
}

/// Resolves the header's value against `size` bytes.
pub fn select(header: Option<&str>, size: u64) -> Selection {
    match header.and_then(parse) {
        None => Selection::Whole,
        Some(Spec::From(first, _)) if first >= size => Selection::Unsatisfiable,
        Some(Spec::From(first, last)) => {
            let last = last.unwrap_or(u64::MAX).min(size - 1);
            Selection::Part { offset: first, length: last - first + 1 }
        }
        Some(Spec::Suffix(count)) if count == 0 || size == 0 => Selection::Unsatisfiable,
        Some(Spec::Suffix(count)) => {
            let length = count.min(size);
            Selection::Part { offset: size - length, length }
        }
    }
}

/// The value of `Content-Range` for a part.
pub fn content_range(offset: u64, length: u64, size: u64) -> String {
    format!("bytes {offset}-{}/{size}", offset + length - 1)
}

enum Spec {
    From(u64, Option<u64>),
    Suffix(u64),
}

fn parse(header: &str) -> Option<Spec> {
    let (unit, set) = header.trim().split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", count) => Some(Spec::Suffix(number(count)?)),
        (first, "") => Some(Spec::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Spec::From(first, Some(last)))
        }
    }
}

/// Digits only; more than fits counts as the largest number, since a range may name any position.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(offset: u64, length: u64) -> Selection {
        Selection::Part { offset, length }
    }

    #[test]
    fn one_range_is_served() {
        for (header, size, expected) in [
            ("bytes=0-0", 10, part(0, 1)),
            ("bytes=2-5", 10, part(2, 4)),
            ("bytes=2-", 10, part(2, 8)),
            ("bytes=2-999999999999999999999999", 10, part(2, 8)),
            ("bytes=-3", 10, part(7, 3)),
            ("bytes=-30", 10, part(0, 10)),
            ("Bytes = 1-1", 10, part(1, 1)),
        ] {
            assert_eq!(select(Some(header), size), expected, "{header}");
        }
        assert_eq!(content_range(2, 4, 10), "bytes 2-5/10");
    }

    #[test]
    fn a_range_behind_the_end_is_unsatisfiable() {
        for (header, size) in
            [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-0", 0), ("bytes=-5", 0)]
        {
            assert_eq!(select(Some(header), size), Selection::Unsatisfiable, "{header} of {size}");
        }
    }

    #[test]
    fn f35_several_ranges_and_broken_headers_serve_everything() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=5-2",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "lines=0-1",
            "0-1",
            "bytes=1--2",
            "bytes=+1-2",
        ] {
            assert_eq!(select(Some(header), 10), Selection::Whole, "{header}");
        }
        assert_eq!(select(None, 10), Selection::Whole);
    }
}
