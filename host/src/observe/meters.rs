//! Takes what the runtime and the databases report into the metrics.

use super::metrics;
use crate::capability::database::{Observe, Sample};
use crate::plugin::runtime::{Meters, Usage};
use std::sync::Arc;
use std::time::Duration;

/// Into the metrics of the process.
#[derive(Debug, Clone, Copy)]
pub struct ToMetrics;

impl Meters for ToMetrics {
    fn ended(&self, plugin: &Arc<str>, tenant: &Arc<str>, usage: Usage) {
        metrics().guest_ended(plugin, tenant, Duration::from_nanos(usage.cpu_ns), usage.memory);
    }

    fn instantiated(&self, plugin: &Arc<str>) {
        metrics().instantiated(plugin);
    }
}

impl Observe for ToMetrics {
    fn sample(&self, sample: Sample<'_>) {
        metrics().database(&Arc::from(sample.plugin), sample.call, sample.elapsed);
    }
}
