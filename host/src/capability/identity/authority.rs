//! The service that says who is calling and whether they may: the one service that a capability asks.

pub use crate::plugin::bindings::exports::fogbank::identity::authority::{
    Answer, Caller as Known, Credential, Facts, Question, Refusal, SignedMessage,
};

use crate::tenant::Tenant;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What the authority has to know of the request that it is asked for.
#[derive(Debug, Clone)]
pub struct Origin {
    /// As the client sees it.
    pub base_url: Arc<str>,
    pub request_id: Arc<str>,
}

/// Why the authority gave no answer; the sentence is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAuthority(pub String);

/// An answer that takes time.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAuthority>> + Send + 'a>>;

/// Asks the loaded service that exports `fogbank:identity/authority`.
pub trait Authority: Send + Sync {
    /// Who brings a credential, or why it is none.
    fn authenticate<'a>(
        &'a self,
        tenant: &'a Arc<Tenant>,
        origin: &'a Origin,
        credential: Credential,
    ) -> Pending<'a, Result<Known, Refusal>>;

    /// An answer for each permission of each question.
    fn decide<'a>(
        &'a self,
        tenant: &'a Arc<Tenant>,
        origin: &'a Origin,
        questions: Vec<Question>,
    ) -> Pending<'a, Vec<Vec<Answer>>>;

    /// Parents that manifests declare by pattern, and a number that changes with the loaded services.
    fn rules(&self) -> Arc<Rules>;
}

/// What follows from the manifests of the loaded services.
#[derive(Debug, Default)]
pub struct Rules {
    pub parents: Vec<crate::plugin::manifest::ParentRule>,
    /// Changes whenever a service does.
    pub revision: u64,
}
