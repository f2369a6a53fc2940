//! `objects.copy`: another object with the same bytes, which are linked and not moved.

use super::draft::Draft;
use super::source::Source;
use fogbank_sdk::{Request, Response, Result};
use serde_json::Value;

/// Answers with the copy.
pub fn copy(mut request: Request) -> Result<Response> {
    let body: Value = request.json()?;
    let source = Source::of(&request, request.param("sourceBucket"), request.param("sourceObject"))?;
    let (bucket, name) = (request.param("destinationBucket"), request.param("destinationObject"));
    let mut draft = Draft::of_copy(&request, &source.find()?.object, bucket, name, body)?;
    draft.admit_alone()?;
    let (_, content) = source.link()?;
    let found = draft.store(&content, None)?;
    Ok(draft.answer(&found))
}
