//! The ways in which a call of a service fails without an answer of its own.
//!
//! The gateway renders them in one place ([`crate::gateway::error`]); what stands in here for people is for the log.

use crate::capability::http::BodyError;
use std::fmt;
use std::time::Duration;

/// Why a service gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The guest trapped, or panicked; `backtrace` is for the log only.
    Trap { backtrace: String },
    /// The guest wanted more memory than its limit, in bytes.
    OutOfMemory { limit: u64 },
    /// The guest computed for longer than its budget.
    CpuBudget { limit: Duration },
    /// Nothing moved for as long as the route allows.
    WallClock { limit: Duration },
    /// Every instance, or every permit of this tenant or depth, is in use.
    NoInstance,
    /// Services called each other too deeply.
    TooDeep,
    /// The request's body broke off, was too large or too slow: the client's doing.
    RequestBody(BodyError),
    /// The client left before the answer; nobody is there to read one.
    ClientGone,
    /// No version of the service could be loaded; why.
    Load(String),
    /// A capability could not be opened for this tenant (database, files); which one, and why.
    Capability { name: &'static str, reason: String },
    /// The guest broke the contract: a status that is none, a header that is none, `written` without an answer.
    Contract(String),
    /// Anything else, a bug of the host's own among it.
    Internal(String),
}

impl Failure {
    /// A short word for metrics and the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Trap { .. } => "trap",
            Failure::OutOfMemory { .. } => "out-of-memory",
            Failure::CpuBudget { .. } => "cpu-budget",
            Failure::WallClock { .. } => "wall-clock",
            Failure::NoInstance => "no-instance",
            Failure::TooDeep => "too-deep",
            Failure::RequestBody(_) => "request-body",
            Failure::ClientGone => "client-gone",
            Failure::Load(_) => "load",
            Failure::Capability { .. } => "capability",
            Failure::Contract(_) => "contract",
            Failure::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Trap { backtrace } => write!(f, "trapped: {backtrace}"),
            Failure::OutOfMemory { limit } => write!(f, "wanted more than {limit} bytes of memory"),
            Failure::CpuBudget { limit } => write!(f, "computed for more than {limit:?}"),
            Failure::WallClock { limit } => write!(f, "made no progress for {limit:?}"),
            Failure::NoInstance => f.write_str("no instance was free"),
            Failure::TooDeep => f.write_str("services called each other too deeply"),
            Failure::RequestBody(error) => write!(f, "the request's body: {error}"),
            Failure::ClientGone => f.write_str("the client left"),
            Failure::Load(why) => write!(f, "is not loaded: {why}"),
            Failure::Capability { name, reason } => write!(f, "capability {name}: {reason}"),
            Failure::Contract(what) => write!(f, "broke the contract: {what}"),
            Failure::Internal(what) => write!(f, "internal: {what}"),
        }
    }
}

impl std::error::Error for Failure {}
