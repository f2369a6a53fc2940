//! What the operator sees: log, metrics, traces, and the id that ties them together.

mod labels;
pub mod log;
mod meters;
pub mod metrics;
pub mod request_id;
pub mod traces;

pub use meters::ToMetrics;
pub use metrics::{Metrics, metrics};
