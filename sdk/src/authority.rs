//! The service that knows accounts and roles: who brings a credential, and whether somebody may.

use crate::bindings::authority::exports::fogbank::identity::authority as wit;

pub use crate::bindings::fogbank::identity::identity::{Grant, Level};
pub use wit::{Answer, Caller, Credential, Facts, Question, Refusal, SignedMessage};

/// A service that decides for all others. It is given what they keep, and calls nobody.
pub trait Authority {
    /// Says who brings a credential. The host may remember the answer until it expires or [`crate::identity::changed`] is called.
    ///
    /// Errors: why the credential is none.
    fn authenticate(credential: Credential) -> Result<Caller, Refusal>;

    /// Answers each question: one answer for each of its permissions, in their order.
    fn decide(questions: Vec<Question>) -> Vec<Vec<Answer>>;
}

impl<A: Authority> wit::Guest for A {
    fn authenticate(credential: Credential) -> Result<Caller, Refusal> {
        A::authenticate(credential)
    }

    fn decide(questions: Vec<Question>) -> Vec<Vec<Answer>> {
        A::decide(questions)
    }
}
