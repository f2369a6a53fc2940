//! A decision that is taken before a transaction, which must not wait for one, and needed only where the transaction finds
//! something: an object that would be replaced, an access list that would change.

use super::{bucket as on_bucket, enforced, object};
use crate::model::bucket::Bucket;
use crate::objects::record::Object;
use fogbank_sdk::{Error, Result};

/// Whether the caller may, or the refusal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Permit(Option<Error>);

impl Permit {
    /// Nobody is asked.
    pub fn given() -> Self {
        Self(None)
    }

    /// As [`super::bucket`].
    ///
    /// Errors: that it could not be decided.
    pub fn on_bucket(permission: &str, bucket: &Bucket) -> Result<Self> {
        Self::of(on_bucket(permission, bucket))
    }

    /// As [`super::object`].
    ///
    /// Errors: that it could not be decided.
    pub fn on_object(permission: &str, bucket: &Bucket, name: &str, found: Option<&Object>) -> Result<Self> {
        Self::of(object(permission, bucket, name, found))
    }

    /// As [`Self::on_object`], for an object that may have to be replaced, in a bucket that is not looked up otherwise.
    ///
    /// Errors: 404 without the bucket; that it could not be decided.
    pub fn to_replace(bucket: &str, name: &str) -> Result<Self> {
        match enforced() {
            true => Self::on_object("storage.objects.delete", &Bucket::load(bucket)?, name, None),
            false => Ok(Self::given()),
        }
    }

    fn of(answer: Result<()>) -> Result<Self> {
        match answer {
            Ok(()) => Ok(Self(None)),
            Err(error) if matches!(error.http_status(), 401 | 403) => Ok(Self(Some(error))),
            Err(error) => Err(error),
        }
    }

    /// The refusal as text, to be stored until an upload has its last byte.
    pub fn refusal(&self) -> Option<String> {
        self.0.as_ref().map(|error| error.message().to_owned())
    }

    /// What [`Self::refusal`] was stored of.
    pub fn stored(refusal: Option<&str>) -> Self {
        Self(refusal.map(Error::forbidden))
    }

    /// Whether the caller may.
    pub fn is_given(&self) -> bool {
        self.0.is_none()
    }

    /// Errors: the refusal.
    pub fn require(&self) -> Result<()> {
        self.0.clone().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_kept_until_it_is_needed() {
        let refused = Permit::of(Err(Error::forbidden("no"))).unwrap();
        assert_eq!((refused.is_given(), refused.require().unwrap_err().http_status()), (false, 403));
        assert!(Permit::of(Ok(())).unwrap().is_given() && Permit::given().require().is_ok());
        assert_eq!(Permit::of(Err(Error::unavailable("x"))).unwrap_err().http_status(), 503);
    }
}
