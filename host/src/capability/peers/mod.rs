//! Calls from one service to another, inside the host and inside the tenant.

mod host;

use crate::capability::http::Body;
use crate::capability::identity::Caller;
use crate::tenant::Tenant;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A request from one service to another.
pub struct PeerRequest {
    pub tenant: Arc<Tenant>,
    /// The name of the service that calls.
    pub from: Arc<str>,
    /// Calls that led here, this one included; a client's request has depth 0.
    pub depth: u32,
    /// The request id of the call that this one belongs to.
    pub request_id: Arc<str>,
    pub method: String,
    /// Absolute; the host part finds the service.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Base URL of the client's request: the peer's links begin with it too.
    pub base_url: Arc<str>,
    /// Who the peer sees: the caller of this request, or the service itself.
    pub caller: Arc<Caller>,
}

/// A peer's answer.
pub struct PeerResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

/// Why a peer did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerError {
    /// No service claims this host, and it is not granted.
    Unreachable(String),
    TooDeep,
    Busy,
    Timeout,
    Other(String),
}

/// Answers of [`PeerSender::send`].
pub type PeerAnswer = Pin<Box<dyn Future<Output = Result<PeerResponse, PeerError>> + Send>>;

/// Routes a service's request to another service. The gateway is one.
pub trait PeerSender: Send + Sync {
    /// Sends one request and waits for the head of its answer.
    fn send(&self, request: PeerRequest) -> PeerAnswer;
}
