//! Instances kept for another request, where the manifest asks for it: never across tenants, never after a failure, and
//! each only so often.

use super::state::State;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::Store;
use wasmtime::component::Instance;

/// Idle instances kept for each tenant.
const IDLE: usize = 16;

/// An instance that has served, and how often.
pub(super) struct Used {
    pub store: Store<State>,
    pub instance: Instance,
    pub uses: u32,
}

/// The idle instances of one version of a service.
pub(super) struct ReusePool {
    limit: u32,
    idle: Mutex<HashMap<Arc<str>, Vec<Used>>>,
}

impl ReusePool {
    /// A pool whose instances serve `limit` times; 0 and 1 keep none.
    pub fn new(limit: u32) -> Self {
        Self { limit, idle: Mutex::default() }
    }

    /// An idle instance of `tenant`.
    pub fn take(&self, tenant: &str) -> Option<Used> {
        if self.limit < 2 {
            return None;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).get_mut(tenant)?.pop()
    }

    /// Keeps an instance that has served without a failure, unless it is used up.
    pub fn give(&self, tenant: &Arc<str>, used: Used) {
        if used.uses >= self.limit {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = idle.entry(Arc::clone(tenant)).or_default();
        if of_tenant.len() < IDLE {
            of_tenant.push(used);
        }
    }

    /// Drops what is kept for `tenant`.
    pub fn forget(&self, tenant: &str) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }
}
