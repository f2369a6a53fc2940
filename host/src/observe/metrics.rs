//! Numbers for Prometheus, by service, tenant and route. One set for the process.

use super::labels::{Action, Kind, Plugin, Request, Route, Share, Sync};
use crate::capability::files;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Seconds = Counter<f64, AtomicU64>;
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Label sets that name one tenant.
type LabelSets = (HashSet<Request>, HashSet<Share>);

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    latency: Histograms<Route>,
    in_flight: Gauge,
    connections: Gauge,
    failures: Family<Kind, Counter>,
    guest_cpu: Family<Share, Seconds>,
    guest_memory: Histograms<Plugin>,
    instantiations: Family<Plugin, Counter>,
    database: Histograms<Action>,
    files: Histograms<Action>,
    fsyncs: Family<Sync, Counter>,
    failed_cleanups: Counter,
    would_refuse: Counter,
    /// Label sets of each tenant, so that those of a removed one can be dropped.
    of_tenant: Mutex<HashMap<Arc<str>, LabelSets>>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// The metrics of the process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

impl Metrics {
    fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("fogbank"),
            requests: Family::default(),
            latency: Family::new_with_constructor(times),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            failures: Family::default(),
            guest_cpu: Family::default(),
            guest_memory: Family::new_with_constructor(sizes),
            instantiations: Family::default(),
            database: Family::new_with_constructor(times),
            files: Family::new_with_constructor(times),
            fsyncs: Family::default(),
            failed_cleanups: Counter::default(),
            would_refuse: Counter::default(),
            of_tenant: Mutex::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests answered", self.requests.clone());
        registry.register("request_seconds", "Time to an answer's head", self.latency.clone());
        registry.register("requests_in_flight", "Requests without an answer yet", self.in_flight.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("failures", "Calls of services that gave no answer", self.failures.clone());
        registry.register("guest_cpu_seconds", "Processor time of guests", self.guest_cpu.clone());
        registry.register("guest_memory_bytes", "Linear memory at the end of a call", self.guest_memory.clone());
        registry.register("instantiations", "Instances made", self.instantiations.clone());
        registry.register("database_seconds", "Time of database calls", self.database.clone());
        registry.register("files_seconds", "Time of file calls", self.files.clone());
        registry.register("fsync", "Files and folders synced", self.fsyncs.clone());
        let would_refuse = self.would_refuse.clone();
        registry.register("audit_refusals", "Requests that audit mode let in and that would be refused", would_refuse);
        registry.register("failed_cleanups", "Files that could not be removed yet", self.failed_cleanups.clone());
    }

    /// Audit mode let something in that would have been refused.
    pub fn would_refuse(&self) {
        self.would_refuse.inc();
    }

    /// A request was answered.
    pub fn answered(&self, plugin: &Arc<str>, tenant: &Arc<str>, route: &Arc<str>, code: u16, took: Duration) {
        let labels = Request { plugin: plugin.clone(), tenant: tenant.clone(), route: route.clone(), code };
        if let Some(counter) = self.requests.get(&labels) {
            counter.inc();
        } else {
            self.remember(tenant, |requests, _| requests.insert(labels.clone()));
            self.requests.get_or_create(&labels).inc();
        }
        self.latency.get_or_create(&Route { plugin: plugin.clone(), route: route.clone() }).observe(took.as_secs_f64());
    }

    /// A call of a service has used this much.
    pub fn guest_ended(&self, plugin: &Arc<str>, tenant: &Arc<str>, cpu: Duration, memory: u64) {
        let labels = Share { plugin: plugin.clone(), tenant: tenant.clone() };
        if let Some(counter) = self.guest_cpu.get(&labels) {
            counter.inc_by(cpu.as_secs_f64());
        } else {
            self.remember(tenant, |_, shares| shares.insert(labels.clone()));
            self.guest_cpu.get_or_create(&labels).inc_by(cpu.as_secs_f64());
        }
        self.guest_memory.get_or_create(&Plugin { plugin: plugin.clone() }).observe(memory as f64);
    }

    /// An instance was made.
    pub fn instantiated(&self, plugin: &Arc<str>) {
        self.instantiations.get_or_create(&Plugin { plugin: plugin.clone() }).inc();
    }

    /// A call of a service failed; `kind` is that of [`crate::plugin::failure::Failure`].
    pub fn failed(&self, plugin: &Arc<str>, kind: &'static str) {
        self.failures.get_or_create(&Kind { plugin: plugin.clone(), kind }).inc();
    }

    /// A database call took this long; `action` is the name of the contract's function.
    pub fn database(&self, plugin: &Arc<str>, action: &'static str, took: Duration) {
        self.database.get_or_create(&Action { plugin: plugin.clone(), action }).observe(took.as_secs_f64());
    }

    /// A file call took this long; `action` is the name of the contract's function.
    pub fn files(&self, plugin: &Arc<str>, action: &'static str, took: Duration) {
        self.files.get_or_create(&Action { plugin: plugin.clone(), action }).observe(took.as_secs_f64());
    }

    /// Counts a request until the value is dropped.
    pub fn request(&self) -> Counted {
        Counted::of(&self.in_flight)
    }

    /// Counts a connection until the value is dropped.
    pub fn connection(&self) -> Counted {
        Counted::of(&self.connections)
    }

    /// Drops what a removed tenant has left, so that making and removing tenants leaks nothing (F32).
    pub fn forget_tenant(&self, tenant: &str) {
        let known = self.of_tenant.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
        let (requests, shares) = known.unwrap_or_default();
        for labels in requests {
            self.requests.remove(&labels);
        }
        for labels in shares {
            self.guest_cpu.remove(&labels);
        }
    }

    /// The text that Prometheus reads (OpenMetrics 1.0).
    pub fn text(&self) -> String {
        self.take_over(&files::counts());
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n# EOF\n"),
        }
    }

    /// What the files capability counts by itself.
    fn take_over(&self, counts: &files::Counts) {
        for (kind, count) in [("file", counts.file_syncs), ("folder", counts.folder_syncs)] {
            self.fsyncs.get_or_create(&Sync { kind }).inner().store(count, Ordering::Relaxed);
        }
        self.failed_cleanups.inner().store(counts.failed_cleanups, Ordering::Relaxed);
    }

    fn remember(&self, tenant: &Arc<str>, add: impl FnOnce(&mut HashSet<Request>, &mut HashSet<Share>) -> bool) {
        let mut known = self.of_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let (requests, shares) = known.entry(tenant.clone()).or_default();
        add(requests, shares);
    }
}

/// Measures a file call until it is dropped.
#[derive(Debug)]
pub struct FileCall {
    plugin: Arc<str>,
    action: &'static str,
    began: Instant,
}

impl FileCall {
    /// Begins with a call of `action`, a function of the contract.
    pub fn begin(plugin: &Arc<str>, action: &'static str) -> Self {
        Self { plugin: Arc::clone(plugin), action, began: Instant::now() }
    }
}

impl Drop for FileCall {
    fn drop(&mut self) {
        metrics().files(&self.plugin, self.action, self.began.elapsed());
    }
}

/// One more in a gauge, until it is dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn times() -> Histogram {
    Histogram::new([0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0])
}

fn sizes() -> Histogram {
    Histogram::new([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map(|mebibytes| f64::from(mebibytes << 20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f32_a_removed_tenant_leaves_no_metrics() {
        let metrics = Metrics::new();
        let (plugin, tenant, route) = (Arc::from("things"), Arc::from("blue"), Arc::from("things.get"));
        metrics.answered(&plugin, &tenant, &route, 200, Duration::from_millis(3));
        metrics.answered(&plugin, &tenant, &route, 200, Duration::from_millis(3));
        metrics.guest_ended(&plugin, &tenant, Duration::from_millis(1), 1 << 20);
        let line = "fogbank_requests_total{plugin=\"things\",tenant=\"blue\",route=\"things.get\",code=\"200\"} 2";
        assert!(metrics.text().contains(line), "{}", metrics.text());
        metrics.forget_tenant("blue");
        assert!(!metrics.text().contains("blue"), "{}", metrics.text());
    }
}
