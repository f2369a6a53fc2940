//! Who brings a credential, and whether somebody may: what the host asks before any service runs.
//!
//! | module | what it is |
//! |---|---|
//! | [`credential`], [`access_token`], [`self_signed`] | who brings a credential |
//! | [`refusal`] | why it is none |
//! | [`records`] | accounts, keys and secrets, as far as credentials need them |
//! | [`decide`] | bindings, grants, deny rules, scopes and boundaries, put together |
//! | [`principal`], [`groups`] | which members of policies mean the caller |
//! | [`condition`], [`resource`] | CEL, and what it sees |
//! | [`deny`], [`boundary`], [`scopes`], [`restriction`] | what takes rights away |

pub mod access_token;
pub mod boundary;
pub mod condition;
pub mod credential;
pub mod decide;
pub mod deny;
pub mod groups;
pub mod principal;
pub mod records;
pub mod refusal;
pub mod resource;
pub mod restriction;
pub mod scopes;
pub mod self_signed;

pub use records::ApiKeyState;

use crate::Iam;
use fogbank_sdk::{Answer, Authority, Caller, Credential, Error, Question, Refusal};
use refusal::Refused;

/// What verifying gives.
pub type Outcome<T> = Result<T, Failure>;

/// Why nobody was recognized.
#[derive(Debug)]
pub enum Failure {
    /// The credential is none.
    Refused(Refused),
    /// The records cannot be read: nobody can say.
    Records(Error),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Records(error)
    }
}

impl Authority for Iam {
    fn authenticate(credential: Credential) -> Result<Caller, Refusal> {
        match credential::verify(&credential, &records::Database) {
            Ok(caller) => Ok(caller),
            Err(Failure::Refused(refused)) => Err(refused.into()),
            Err(Failure::Records(error)) => nobody_can_say(&error),
        }
    }

    fn decide(questions: Vec<Question>) -> Vec<Vec<Answer>> {
        decide::answers(&questions, &mut decide::Stored::default()).unwrap_or_else(|error| nobody_can_say(&error))
    }
}

/// Neither yes nor no would be true. The contract has no third answer, so the call ends here, and the host tells the client that it
/// cannot be decided now (503).
fn nobody_can_say(error: &Error) -> ! {
    panic!("the records for a decision cannot be read: {error}")
}
