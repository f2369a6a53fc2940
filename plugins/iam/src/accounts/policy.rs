//! IAM policies of service accounts: who may be them, or change them.

use super::of;
use crate::policies;
use fogbank_sdk::{Request, Response, Result};

/// Shows an account's policy.
pub fn get_iam_policy(mut request: Request) -> Result<Response> {
    let resource = of(&request)?.resource();
    policies::get(&mut request, &resource)
}

/// Replaces an account's policy.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let resource = of(&request)?.resource();
    policies::set(&mut request, &resource)
}

/// What the caller may do with an account.
pub fn test_iam_permissions(mut request: Request) -> Result<Response> {
    let resource = of(&request)?.resource();
    policies::test(&mut request, &resource)
}
