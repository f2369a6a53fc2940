//! Why a guest failed: wasmtime gives one opaque error, the store knows the rest.

use super::failure::Failure;
use super::state::State;

/// The cause of `error` in a guest whose store holds `state`.
pub(super) fn diagnose(error: &wasmtime::Error, state: &State) -> Failure {
    if state.limiter.exceeded() {
        return Failure::OutOfMemory { limit: state.limiter.limit() };
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Failure::NoInstance;
    }
    let said = state.wasi.said();
    let backtrace = format!("{error:?}");
    Failure::Trap { backtrace: if said.is_empty() { backtrace } else { format!("{said}\n{backtrace}") } }
}
