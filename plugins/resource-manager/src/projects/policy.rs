//! Policies of projects.

use super::Project;
use crate::policies::{self, Kind};
use fogbank_sdk::{Request, Response, Result};

/// The policy of a project.
///
/// Errors: 400, 403, 404.
pub fn get(mut request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    policies::get(&mut request, &project.full_name())
}

/// Replaces the policy.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn set(mut request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    policies::set(&mut request, &project.full_name(), Kind::Project)
}

/// What the caller may do.
///
/// Errors: 400, 403, 404.
pub fn test(mut request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    policies::test(&mut request, &project.full_name())
}
