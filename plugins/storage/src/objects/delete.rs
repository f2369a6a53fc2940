//! `objects.delete`: the live generation, or the one that is named.

use super::lookup::{self, Which};
use super::retire::{self, Ending};
use super::write;
use crate::access;
use fogbank_sdk::{Preconditions, Request, Response, Result, context, db};

/// Deletes, and answers 204.
pub fn delete(request: Request) -> Result<Response> {
    let which = Which::of(&request)?;
    let preconditions = Preconditions::from_query(&request)?;
    remove(request.param("bucket"), request.param("object"), which, preconditions)?;
    Ok(Response::no_content())
}

/// Ends a generation: a live one that is not named stays as a noncurrent one in a versioned bucket.
pub fn remove(bucket: &str, name: &str, which: Which, preconditions: Preconditions) -> Result<()> {
    access::check("storage.objects.delete", bucket, name, which)?;
    let ending = if which == Which::Live { Ending::Superseded } else { Ending::Deleted };
    let file = db::transaction(|tx| {
        let found = lookup::find_in(tx, bucket, name, which)?;
        preconditions.check(Some(lookup::version(&found.object)))?;
        let retired = retire::retire(&found.object, &found.bucket, ending, context::now())?;
        tx.execute_all(retired.statements)?;
        context::reach("storage.object.recorded")?;
        Ok(retired.file)
    })?;
    write::finish(file.as_slice());
    Ok(())
}
