//! IAM policies of workload identity pools.

use super::{POOLS, place, shared};
use crate::policies;
use fogbank_sdk::{Error, Request, Response, Result};

/// Shows a pool's policy.
pub fn get_iam_policy(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::get(&mut request, &resource)
}

/// Replaces a pool's policy.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::set(&mut request, &resource)
}

/// What the caller may do with a pool.
pub fn test_iam_permissions(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::test(&mut request, &resource)
}

fn resource(request: &Request) -> Result<String> {
    let place = place::of(request)?;
    match shared::read(&POOLS, &place)? {
        Some(_) => Ok(place.resource()),
        None => Err(Error::not_found(format!("{} does not exist.", place.name()))),
    }
}
