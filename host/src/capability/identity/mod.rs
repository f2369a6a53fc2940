//! Who is calling, and what policies say. Granted with `identity = true`; making a signer the caller needs `signers = true` as
//! well. Policies and parents are kept by the host, for each tenant, in a database of its own, so that getting, setting and
//! testing a policy is the same code for every service. Who and whether are said by the authority, a service that is given
//! everything that it needs and calls nobody; what it says is remembered until something changes.
//!
//! - [`policies`], [`tables`]: what is stored, and what of it is in memory.
//! - [`hierarchy`]: a resource and its ancestors.
//! - [`caller`], [`decisions`]: who calls, and what follows.

pub mod authority;
pub mod caller;
pub mod decisions;
pub mod hierarchy;
mod host;
pub mod policies;
pub mod refusal;
pub mod tables;

pub use authority::{Authority, Credential, Facts, Origin};
pub use caller::{Caller, Enforcement, Standing};
pub use decisions::{Ask, Identity, Unavailable};
pub use policies::{Policies, Policy, PolicyError};

#[cfg(test)]
mod tests;
