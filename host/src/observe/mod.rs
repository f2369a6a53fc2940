//! What the operator sees: log, metrics, traces, and the id that ties them together.

mod labels;
pub mod metrics;
pub mod request_id;

pub use metrics::{Metrics, metrics};
