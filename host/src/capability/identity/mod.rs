//! Who is calling, and what policies say. Granted with `identity = true`. Policies and parents are kept by the host, for each
//! tenant, in a database of its own, so that getting, setting and testing a policy is the same code for every service.

mod host;
pub mod policies;

pub use policies::{Policies, Policy, PolicyError};
