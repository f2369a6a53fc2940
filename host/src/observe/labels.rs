//! Labels of the metrics.

use prometheus_client::encoding::EncodeLabelSet;
use std::sync::Arc;

/// A request of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    /// Empty where no route was found.
    pub plugin: Arc<str>,
    pub tenant: Arc<str>,
    /// The route's id; never a path, so that there are as many as the manifests have.
    pub route: Arc<str>,
    pub code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Route {
    pub plugin: Arc<str>,
    pub route: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Share {
    pub plugin: Arc<str>,
    pub tenant: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Plugin {
    pub plugin: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Kind {
    pub plugin: Arc<str>,
    pub kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Action {
    pub plugin: Arc<str>,
    pub action: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Sync {
    /// `file` or `folder`.
    pub kind: &'static str,
}
