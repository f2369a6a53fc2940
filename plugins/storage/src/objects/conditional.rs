//! Conditional requests of HTTP for downloads (RFC 9110, section 13): entity tags and dates.

use fogbank_sdk::Timestamp;

/// The headers, as they came.
#[derive(Debug, Default, Clone, Copy)]
pub struct Conditional<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<&'a str>,
    pub if_unmodified_since: Option<&'a str>,
    pub if_range: Option<&'a str>,
}

/// What the headers decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Proceed,
    /// 304, without a body.
    NotModified,
    /// 412
    Failed,
}

impl Conditional<'_> {
    /// Decides for a content with this entity tag (without quotes), last modified at `updated`. A tag decides
    /// alone where both a tag and a date are given; a date that cannot be read is passed over.
    pub fn decide(&self, etag: &str, updated: Timestamp) -> Verdict {
        let updated = updated.seconds();
        let seconds = |text: &str| Timestamp::parse_http(text).map(Timestamp::seconds);
        if let Some(tags) = self.if_match {
            if !lists(tags, etag) {
                return Verdict::Failed;
            }
        } else if self.if_unmodified_since.and_then(seconds).is_some_and(|since| updated > since) {
            return Verdict::Failed;
        }
        if let Some(tags) = self.if_none_match {
            if lists(tags, etag) {
                return Verdict::NotModified;
            }
        } else if self.if_modified_since.and_then(seconds).is_some_and(|since| updated <= since) {
            return Verdict::NotModified;
        }
        Verdict::Proceed
    }

    /// Whether a `Range` header is to be looked at: yes, unless `If-Range` names another content.
    pub fn range_holds(&self, etag: &str, updated: Timestamp) -> bool {
        let Some(condition) = self.if_range.map(str::trim) else {
            return true;
        };
        if condition.starts_with("W/") {
            return false;
        }
        match Timestamp::parse_http(condition) {
            Some(date) => date.seconds() == updated.seconds(),
            None => lists(condition, etag),
        }
    }
}

/// Whether a list of entity tags has this one; `*` has every one. Cloud Storage takes tags without quotes too.
fn lists(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATED: Timestamp = Timestamp::from_millis(784_111_777_500);
    const AT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn decide(conditional: Conditional) -> Verdict {
        conditional.decide("abc=", UPDATED)
    }

    #[test]
    fn entity_tags_decide() {
        let with = |if_match, if_none_match| decide(Conditional { if_match, if_none_match, ..Default::default() });
        assert_eq!(with(Some("\"abc=\""), None), Verdict::Proceed);
        assert_eq!(with(Some("\"x\", abc="), None), Verdict::Proceed);
        assert_eq!(with(Some("*"), None), Verdict::Proceed);
        assert_eq!(with(Some("\"x\""), None), Verdict::Failed);
        assert_eq!(with(None, Some("W/\"abc=\"")), Verdict::NotModified);
        assert_eq!(with(None, Some("\"x\"")), Verdict::Proceed);
        assert_eq!(with(None, None), Verdict::Proceed);
    }

    #[test]
    fn f38_dates_decide_by_whole_seconds() {
        let with = |if_modified_since, if_unmodified_since| {
            decide(Conditional { if_modified_since, if_unmodified_since, ..Default::default() })
        };
        assert_eq!(with(Some(AT), None), Verdict::NotModified);
        assert_eq!(with(Some(BEFORE), None), Verdict::Proceed);
        assert_eq!(with(None, Some(AT)), Verdict::Proceed);
        assert_eq!(with(None, Some(BEFORE)), Verdict::Failed);
        assert_eq!(with(Some("soon"), Some("later")), Verdict::Proceed);
    }

    #[test]
    fn a_tag_outweighs_a_date() {
        let both = Conditional { if_none_match: Some("\"x\""), if_modified_since: Some(AT), ..Default::default() };
        assert_eq!(decide(both), Verdict::Proceed);
    }

    #[test]
    fn if_range_guards_the_range() {
        let holds = |if_range| Conditional { if_range, ..Default::default() }.range_holds("abc=", UPDATED);
        assert!(holds(None) && holds(Some("\"abc=\"")) && holds(Some(AT)));
        assert!(!holds(Some("\"x\"")) && !holds(Some(BEFORE)) && !holds(Some("W/\"abc=\"")));
    }
}
