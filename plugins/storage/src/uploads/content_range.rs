//! `Content-Range` of a resumable upload's PUT: what part of the content the request carries, or that it only asks.
//!
//! <https://cloud.google.com/storage/docs/performing-resumable-uploads>

/// What a PUT says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentRange {
    /// `bytes FIRST-LAST/TOTAL`; the total is absent where it is `*`: more will follow.
    Chunk { first: u64, last: u64, total: Option<u64> },
    /// `bytes FIRST-*/TOTAL`, as Node's client says it: everything from there to the end of the body, which is the end of the
    /// content.
    Rest { first: u64, total: Option<u64> },
    /// `bytes */TOTAL`: how far has it come? With a total, an upload that holds all of it ends here.
    Query { total: Option<u64> },
}

impl ContentRange {
    /// Reads the header's value; none where it is not well formed.
    pub fn parse(header: &str) -> Option<ContentRange> {
        let (unit, rest) = header.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            digits => Some(number(digits)?),
        };
        if range.trim() == "*" {
            return Some(ContentRange::Query { total });
        }
        let (first, last) = range.split_once('-')?;
        let first = number(first.trim())?;
        if last.trim() == "*" {
            return Some(ContentRange::Rest { first, total });
        }
        let last = number(last.trim())?;
        let within = total.is_none_or(|total| last < total);
        (first <= last && last < u64::MAX && within).then_some(ContentRange::Chunk { first, last, total })
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::ContentRange::{self, Chunk, Query, Rest};

    #[test]
    fn chunks_and_queries_are_told_apart() {
        for (header, expected) in [
            ("bytes 0-3999999/*", Chunk { first: 0, last: 3_999_999, total: None }),
            ("bytes 8000000-9437183/9437184", Chunk { first: 8_000_000, last: 9_437_183, total: Some(9_437_184) }),
            ("bytes 0-*/*", Rest { first: 0, total: None }),
            ("bytes 262144-*/300000", Rest { first: 262_144, total: Some(300_000) }),
            ("bytes */9437184", Query { total: Some(9_437_184) }),
            ("bytes */*", Query { total: None }),
            ("bytes */0", Query { total: Some(0) }),
        ] {
            assert_eq!(ContentRange::parse(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn f35_what_is_broken_is_none() {
        for header in [
            "",
            "bytes",
            "bytes 0-1",
            "bytes 1-0/2",
            "bytes 0-2/2",
            "bytes a-b/c",
            "0-1/2",
            "bytes -1/2",
            "bytes 0-/2",
            "bytes 0-99999999999999999999/*",
            "bytes 0-18446744073709551615/*",
            "lines 0-1/2",
            "bytes 0-1/-",
        ] {
            assert_eq!(ContentRange::parse(header), None, "{header}");
        }
    }
}
