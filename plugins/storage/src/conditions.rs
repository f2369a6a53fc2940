//! `ifMetagenerationMatch` and `ifMetagenerationNotMatch` on things that have only a metageneration: buckets, folders.
//! <https://cloud.google.com/storage/docs/request-preconditions>

use fogbank_sdk::{Error, RequestHead, Result};

/// The two conditions; absent ones always hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conditions {
    pub matches: Option<i64>,
    pub not_matches: Option<i64>,
}

impl Conditions {
    /// What the query says.
    pub fn of(request: &RequestHead) -> Result<Self> {
        let matches = request.query_i64("ifMetagenerationMatch")?;
        Ok(Self { matches, not_matches: request.query_i64("ifMetagenerationNotMatch")? })
    }

    /// 412 where a change must not happen.
    pub fn require(self, metageneration: i64) -> Result<()> {
        if self.matches.is_some_and(|wanted| wanted != metageneration) || self.not_matches == Some(metageneration) {
            return Err(unmet());
        }
        Ok(())
    }

    /// 412, or 304 where the client already has what it would read.
    pub fn require_for_read(self, metageneration: i64) -> Result<()> {
        if self.not_matches == Some(metageneration) {
            return Err(Error::not_modified());
        }
        self.require(metageneration)
    }
}

/// 412 in the words of the real service.
pub fn unmet() -> Error {
    Error::precondition("At least one of the pre-conditions you specified did not hold.")
        .with_location("header", "If-Match")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(result: Result<()>) -> u16 {
        result.map_or_else(|error| error.http_status(), |()| 200)
    }

    #[test]
    fn each_condition_is_looked_at() {
        let matches = Conditions { matches: Some(3), not_matches: None };
        let not_matches = Conditions { matches: None, not_matches: Some(3) };
        assert_eq!((status(matches.require(3)), status(matches.require(4))), (200, 412));
        assert_eq!((status(not_matches.require(3)), status(not_matches.require(4))), (412, 200));
        assert_eq!((status(not_matches.require_for_read(3)), status(matches.require_for_read(4))), (304, 412));
        assert_eq!(status(Conditions::default().require(1)), 200);
    }
}
