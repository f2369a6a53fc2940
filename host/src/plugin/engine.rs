//! The one wasmtime engine of the process, and the thread that drives its epochs.

use std::time::Duration;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

/// How often a guest that computes without end gives way to others.
pub const TICK: Duration = Duration::from_millis(10);

/// Instances that may live at once. The permits of [`super::permits`] stay below it, since an empty pool is an error
/// and not a wait.
pub const POOL: u32 = 1000;

/// The largest linear memory of any guest; a manifest's own limit lies below.
pub const MAX_MEMORY: u64 = 512 << 20;

/// Bytes of a guest's memory that stay mapped between requests: zeroing them is cheaper than mapping them anew.
/// Measured: with `pagemap_scan`, a request on a fresh instance costs a quarter of what it costs without.
const KEEP_RESIDENT: usize = 2 << 20;

/// Which allocator the engine got, for `doctor` and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Slots reserved in advance.
    Pooling,
    /// The address space is too small for a pool; every instance maps its own memory, which is five times slower.
    OnDemand,
}

/// Builds the engine: pooled where the address space allows it.
pub fn build() -> Result<(Engine, Allocation)> {
    let mut pooled = base();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    if let Ok(engine) = Engine::new(&pooled) {
        return Ok((engine, Allocation::Pooling));
    }
    Ok((Engine::new(&base())?, Allocation::OnDemand))
}

/// An engine that only compiles: what it makes runs in the engine of [`build`].
pub fn build_for_compiling() -> Result<Engine> {
    Engine::new(&base())
}

fn base() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.memory_init_cow(true);
    // The concurrent component model costs 10 microseconds an instance, and nothing here uses it.
    config.concurrency_support(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL);
    pool.total_core_instances(POOL * 4);
    pool.total_memories(POOL);
    pool.total_tables(POOL * 2);
    pool.total_stacks(POOL);
    pool.max_memories_per_component(4);
    pool.max_memory_size(MAX_MEMORY as usize);
    pool.table_elements(20_000);
    pool.max_component_instance_size(1 << 20);
    pool.max_core_instance_size(1 << 20);
    pool.max_core_instances_per_component(20);
    pool.max_tables_per_component(20);
    pool.linear_memory_keep_resident(KEEP_RESIDENT);
    pool.table_keep_resident(64 << 10);
    pool.max_unused_warm_slots(100);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes);
    }
    pool
}

/// Starts the thread that advances the engine's epoch every [`TICK`]. It ends with the engine.
pub fn drive_epochs(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("epochs".into()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
