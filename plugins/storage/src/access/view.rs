//! Whether a caller is shown access lists. Who may not read them gets the resource without them.

use super::{Permit, enforced};
use crate::model::acl::Entry;
use crate::model::bucket::{Bucket, Projection};
use crate::objects::record::Object;
use fogbank_sdk::Result;

/// The projection of a bucket that the caller may see.
pub fn of_bucket(bucket: &Bucket, wanted: Projection) -> Result<Projection> {
    if wanted == Projection::NoAcl || !enforced() {
        return Ok(wanted);
    }
    shown(&Permit::on_bucket("storage.buckets.getIamPolicy", bucket)?)
}

/// The projection of an object that the caller may see.
pub fn of_object(bucket: &Bucket, object: &Object, wanted: Projection) -> Result<Projection> {
    // Under uniform access there are no lists to be shown.
    if wanted == Projection::NoAcl || bucket.config.is_uniform() || !enforced() {
        return Ok(wanted);
    }
    shown(&Permit::on_object("storage.objects.getIamPolicy", bucket, &object.name, Some(object))?)
}

fn shown(permit: &Permit) -> Result<Projection> {
    Ok(if permit.is_given() { Projection::Full } else { Projection::NoAcl })
}

/// Projections of many objects of a bucket: those with the same list are decided once.
#[derive(Debug)]
pub struct Views<'a> {
    bucket: &'a Bucket,
    wanted: Projection,
    decided: Vec<(Option<Vec<Entry>>, Projection)>,
}

impl<'a> Views<'a> {
    pub fn new(bucket: &'a Bucket, wanted: Projection) -> Self {
        Self { bucket, wanted, decided: Vec::new() }
    }

    /// As [`of_object`].
    pub fn of(&mut self, object: &Object) -> Result<Projection> {
        if self.wanted == Projection::NoAcl {
            return Ok(self.wanted);
        }
        if let Some((_, projection)) = self.decided.iter().find(|(list, _)| *list == object.acl) {
            return Ok(*projection);
        }
        let projection = of_object(self.bucket, object, self.wanted)?;
        self.decided.push((object.acl.clone(), projection));
        Ok(projection)
    }
}
