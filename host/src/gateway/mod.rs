//! HTTP in, HTTP out: the listener, the way of a request to its route, and the answers that the host gives itself.

pub mod error;
pub mod router;
