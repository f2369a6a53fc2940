//! What somebody is told who may not.

/// Somebody known lacks a permission.
pub fn denied(permission: &str, resource: &str) -> String {
    format!("Permission '{permission}' denied on resource '{resource}' (or it may not exist).")
}

/// Somebody unknown lacks a permission.
pub fn anonymous(permission: &str) -> String {
    format!(
        "Request is missing required authentication credential: anonymous callers do not have {permission}. \
         Send an access token (Authorization: Bearer ...) or an API key (X-API-Key)."
    )
}
