//! `ifGenerationMatch` and its three companions.
//!
//! Source: <https://cloud.google.com/storage/docs/request-preconditions>. To hold, they are checked in the transaction that acts.

use crate::error::{Error, Result};
use crate::request::RequestHead;

/// Conditions on a resource's generation and metageneration. Generation 0 stands for "there is none".
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Preconditions {
    /// `ifGenerationMatch`
    pub generation_match: Option<i64>,
    /// `ifGenerationNotMatch`
    pub generation_not_match: Option<i64>,
    /// `ifMetagenerationMatch`
    pub metageneration_match: Option<i64>,
    /// `ifMetagenerationNotMatch`
    pub metageneration_not_match: Option<i64>,
}

/// What the conditions are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The generation; 0 for a resource that has none (a bucket).
    pub generation: i64,
    /// The metageneration.
    pub metageneration: i64,
}

impl Preconditions {
    /// From the query: `ifGenerationMatch`, ...
    ///
    /// Errors: 400 `invalid` for what is no number.
    pub fn from_query(request: &RequestHead) -> Result<Self> {
        Self::read(request, "if")
    }

    /// Those on the source of a copy: `ifSourceGenerationMatch`, ...
    ///
    /// Errors: 400 `invalid` for what is no number.
    pub fn source_from_query(request: &RequestHead) -> Result<Self> {
        Self::read(request, "ifSource")
    }

    /// From the XML API's headers: `x-goog-if-generation-match`, `x-goog-if-metageneration-match`.
    ///
    /// Errors: 400 `invalid` for what is no number.
    pub fn from_headers(request: &RequestHead) -> Result<Self> {
        let header = |name: &str| {
            let value = request.header(name);
            let number = value.map(|text| text.trim().parse()).transpose();
            number.map_err(|_| Error::invalid(format!("Invalid value for {name}")).with_location("header", name))
        };
        Ok(Self {
            generation_match: header("x-goog-if-generation-match")?,
            metageneration_match: header("x-goog-if-metageneration-match")?,
            ..Self::default()
        })
    }

    fn read(request: &RequestHead, prefix: &str) -> Result<Self> {
        Ok(Self {
            generation_match: request.query_i64(&format!("{prefix}GenerationMatch"))?,
            generation_not_match: request.query_i64(&format!("{prefix}GenerationNotMatch"))?,
            metageneration_match: request.query_i64(&format!("{prefix}MetagenerationMatch"))?,
            metageneration_not_match: request.query_i64(&format!("{prefix}MetagenerationNotMatch"))?,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Holds them against what there is, for a request that changes something. `None` is a resource that does not exist.
    ///
    /// Errors: 412 `conditionNotMet`, naming the condition.
    pub fn check(&self, current: Option<Version>) -> Result<()> {
        self.matching(current)?;
        match self.unchanged(current) {
            Some(condition) => Err(not_met(condition)),
            None => Ok(()),
        }
    }

    /// Holds them against what there is, for a request that reads: a `NotMatch` that is not met says that the client has it.
    ///
    /// Errors: 412 `conditionNotMet`; 304.
    pub fn check_read(&self, current: Option<Version>) -> Result<()> {
        self.matching(current)?;
        match self.unchanged(current) {
            Some(_) => Err(Error::not_modified()),
            None => Ok(()),
        }
    }

    fn matching(&self, current: Option<Version>) -> Result<()> {
        let (generation, metageneration) = numbers(current);
        let broken = |condition: Option<i64>, number| condition.is_some_and(|wanted| wanted != number);
        if broken(self.generation_match, generation) {
            return Err(not_met("ifGenerationMatch"));
        }
        if broken(self.metageneration_match, metageneration) {
            return Err(not_met("ifMetagenerationMatch"));
        }
        Ok(())
    }

    fn unchanged(&self, current: Option<Version>) -> Option<&'static str> {
        let (generation, metageneration) = numbers(current);
        if self.generation_not_match == Some(generation) {
            return Some("ifGenerationNotMatch");
        }
        (self.metageneration_not_match == Some(metageneration)).then_some("ifMetagenerationNotMatch")
    }
}

fn numbers(current: Option<Version>) -> (i64, i64) {
    current.map_or((0, 0), |version| (version.generation, version.metageneration))
}

fn not_met(condition: &str) -> Error {
    Error::precondition("At least one of the pre-conditions you specified did not hold.")
        .with_location("parameter", condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Option<Version> = Some(Version { generation: 7, metageneration: 2 });

    fn status(query: &str, current: Option<Version>, read: bool) -> u16 {
        let head = RequestHead::new("x", "GET", &format!("/?{query}")).unwrap();
        let conditions = Preconditions::from_query(&head).unwrap();
        let result = if read { conditions.check_read(current) } else { conditions.check(current) };
        result.map_or_else(|error| error.http_status(), |()| 200)
    }

    #[test]
    fn each_condition_is_held_against_what_there_is() {
        let cases = [
            ("", NOW, 200, 200),
            ("ifGenerationMatch=7", NOW, 200, 200),
            ("ifGenerationMatch=6", NOW, 412, 412),
            ("ifGenerationMatch=0", NOW, 412, 412),
            ("ifGenerationMatch=0", None, 200, 200),
            ("ifGenerationMatch=7", None, 412, 412),
            ("ifGenerationNotMatch=7", NOW, 412, 304),
            ("ifGenerationNotMatch=6", NOW, 200, 200),
            ("ifGenerationNotMatch=0", None, 412, 304),
            ("ifMetagenerationMatch=2", NOW, 200, 200),
            ("ifMetagenerationMatch=3", NOW, 412, 412),
            ("ifMetagenerationNotMatch=2", NOW, 412, 304),
            ("ifGenerationMatch=7&ifMetagenerationMatch=3", NOW, 412, 412),
        ];
        for (query, current, change, read) in cases {
            assert_eq!(status(query, current, false), change, "{query}");
            assert_eq!(status(query, current, true), read, "{query}");
        }
    }

    #[test]
    fn sources_and_headers_have_their_own() {
        let head = RequestHead::new("x", "PUT", "/?ifSourceGenerationMatch=3").unwrap();
        let head = head.with_header("x-goog-if-generation-match", "0");
        assert!(Preconditions::from_query(&head).unwrap().is_empty());
        assert_eq!(Preconditions::source_from_query(&head).unwrap().generation_match, Some(3));
        assert_eq!(Preconditions::from_headers(&head).unwrap().generation_match, Some(0));
        let head = RequestHead::new("x", "PUT", "/?ifGenerationMatch=x").unwrap();
        assert_eq!(Preconditions::from_query(&head).unwrap_err().http_status(), 400);
    }
}
