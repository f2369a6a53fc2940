//! The little of WASI that a guest gets: its tenant's clocks and random numbers. No files, no sockets, no
//! environment, no standard input; what it prints on standard output goes nowhere, and the first
//! kilobytes of standard error go to the log when it traps.

use crate::capability::context::Clock;
use crate::tenant::Tenant;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::said::Said;
use super::state::State;
use super::wasi_http::PeerHooks;

/// The WASI contexts of one store.
pub struct Wasi {
    ctx: WasiCtx,
    http: WasiHttpCtx,
    pub(super) hooks: PeerHooks,
    errors: Said,
}

impl Wasi {
    /// Contexts that see nothing but `tenant`'s clock.
    pub fn new(tenant: &Arc<Tenant>) -> Self {
        let errors = Said::default();
        let mut builder = WasiCtx::builder();
        builder
            .wall_clock(TenantWallClock(Arc::clone(tenant)))
            .monotonic_clock(TenantMonotonicClock { tenant: Arc::clone(tenant), began: Instant::now() })
            .stderr(errors.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        Self { ctx: builder.build(), http: WasiHttpCtx::new(), hooks: PeerHooks::default(), errors }
    }
}

impl Wasi {
    /// What the guest wrote to standard error: the message of a panic, before a trap.
    pub fn said(&self) -> String {
        self.errors.text()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi.ctx, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.wasi.http, table: &mut self.table, hooks: &mut self.wasi.hooks }
    }
}

struct TenantWallClock(Arc<Tenant>);

impl HostWallClock for TenantWallClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0.clock.now()
    }
}

/// Runs with the tenant's clock where that is moved forward, and never backwards within one call.
struct TenantMonotonicClock {
    tenant: Arc<Tenant>,
    began: Instant,
}

impl HostMonotonicClock for TenantMonotonicClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let moved = u64::try_from(offset(&self.tenant.clock)).unwrap_or(0).saturating_mul(1_000_000);
        moved.saturating_add(self.began.elapsed().as_nanos() as u64)
    }
}

fn offset(clock: &Clock) -> i64 {
    clock.offset_ms().max(0)
}
