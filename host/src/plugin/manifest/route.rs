//! One route of a service.

use super::{HostPattern, Limits, PathPattern, Template};
use std::fmt;
use std::sync::Arc;

/// A route, checked. Where the manifest says nothing of a limit it is the service's.
#[derive(Debug, Clone)]
pub struct Route {
    /// By convention the API's method id. Several routes may share one.
    pub id: Arc<str>,
    /// The service that it belongs to.
    pub plugin: Arc<str>,
    pub method: Method,
    /// Alternatives; at least one.
    pub paths: Vec<PathPattern>,
    /// Only requests to this host, where it is given.
    pub host: Option<HostPattern>,
    /// None only for routes that are not implemented.
    pub permission: Option<Permission>,
    /// Whether the service decides (`identity.require`) what policies alone cannot.
    pub plugin_decides: bool,
    /// What the permission is about.
    pub resource: Option<Template>,
    /// Whether the gateway answers that this is not implemented.
    pub unimplemented: bool,
    /// Whether it comes after every claimed prefix.
    pub fallback: bool,
    /// Whether a body with `Content-Encoding: gzip` reaches the service decoded.
    pub gzip_body: bool,
    /// What errors of the host's own look like on this route.
    pub errors: ErrorForm,
    pub limits: Limits,
}

/// The form of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorForm {
    /// Google's JSON.
    #[default]
    Json,
    /// `<Error><Code>...</Code><Message>...</Message></Error>`.
    Xml,
}

/// What a caller needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    Named(Arc<str>),
    /// Open to all, for this reason.
    Open {
        reason: String,
    },
}

/// The method of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    One(http::Method),
    /// `ANY`: whatever no other route of the same path names.
    Any,
}

impl Method {
    /// Reads a method in upper case, or `ANY`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "ANY" {
            return Ok(Method::Any);
        }
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        match known.contains(&text) {
            true => Ok(Method::One(text.parse().map_err(|_| format!("`{text}` is no method"))?)),
            false => Err(format!("`{text}` is no method: one of {}, ANY", known.join(", "))),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Method::One(method) => f.write_str(method.as_str()),
            Method::Any => f.write_str("ANY"),
        }
    }
}
