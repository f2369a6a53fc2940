//! `ifGenerationMatch` and its family: conditions on the generation and metageneration of an object, checked in the
//! transaction that changes it.
//!
//! <https://cloud.google.com/storage/docs/request-preconditions>

/// The four conditions; absent ones always hold.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Preconditions {
    /// 0 means: there is no live object.
    pub generation_match: Option<i64>,
    /// 0 means: there is a live object.
    pub generation_not_match: Option<i64>,
    pub metageneration_match: Option<i64>,
    pub metageneration_not_match: Option<i64>,
}

/// The generation and metageneration that an object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub generation: i64,
    pub metageneration: i64,
}

/// Which condition does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// One of the `Match` conditions: 412.
    Match,
    /// One of the `NotMatch` conditions: 304 for a read, 412 for a change.
    NotMatch,
}

impl Preconditions {
    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        *self == Preconditions::default()
    }

    /// Checks against the object as it is; `None` where there is none.
    pub fn check(&self, current: Option<Version>) -> Result<(), Unmet> {
        let generation = current.map_or(0, |version| version.generation);
        let metageneration = current.map(|version| version.metageneration);
        let differs = |wanted: Option<i64>, have: Option<i64>| wanted.is_some_and(|wanted| have != Some(wanted));
        let equals = |unwanted: Option<i64>, have: Option<i64>| unwanted.is_some() && unwanted == have;
        if differs(self.generation_match, Some(generation)) || differs(self.metageneration_match, metageneration) {
            return Err(Unmet::Match);
        }
        if equals(self.generation_not_match, Some(generation)) || equals(self.metageneration_not_match, metageneration) {
            return Err(Unmet::NotMatch);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: Option<Version> = Some(Version { generation: 7, metageneration: 2 });

    fn generation(matches: Option<i64>, not: Option<i64>) -> Preconditions {
        Preconditions { generation_match: matches, generation_not_match: not, ..Default::default() }
    }

    fn metageneration(matches: Option<i64>, not: Option<i64>) -> Preconditions {
        Preconditions { metageneration_match: matches, metageneration_not_match: not, ..Default::default() }
    }

    #[test]
    fn generation_zero_stands_for_no_object() {
        assert_eq!(generation(Some(0), None).check(None), Ok(()));
        assert_eq!(generation(Some(0), None).check(CURRENT), Err(Unmet::Match));
        assert_eq!(generation(None, Some(0)).check(None), Err(Unmet::NotMatch));
        assert_eq!(generation(None, Some(0)).check(CURRENT), Ok(()));
    }

    #[test]
    fn each_condition_is_looked_at() {
        assert_eq!(generation(Some(7), None).check(CURRENT), Ok(()));
        assert_eq!(generation(Some(8), None).check(CURRENT), Err(Unmet::Match));
        assert_eq!(generation(Some(7), None).check(None), Err(Unmet::Match));
        assert_eq!(generation(None, Some(7)).check(CURRENT), Err(Unmet::NotMatch));
        assert_eq!(metageneration(Some(2), None).check(CURRENT), Ok(()));
        assert_eq!(metageneration(Some(3), None).check(CURRENT), Err(Unmet::Match));
        assert_eq!(metageneration(Some(2), None).check(None), Err(Unmet::Match));
        assert_eq!(metageneration(None, Some(2)).check(CURRENT), Err(Unmet::NotMatch));
        assert_eq!(metageneration(None, Some(2)).check(None), Ok(()));
        assert!(Preconditions::default().is_empty());
    }
}
