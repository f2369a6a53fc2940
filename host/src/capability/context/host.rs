//! `fogbank:context/context` for the guest.

use crate::plugin::bindings::fogbank::context::context::{Host, Level};
use crate::plugin::state::State;
use wasmtime::Result;

impl Host for State {
    async fn tenant(&mut self) -> Result<String> {
        Ok(self.scope.tenant.name.to_string())
    }

    async fn base_url(&mut self) -> Result<String> {
        Ok(self.call.base_url.to_string())
    }

    async fn request_id(&mut self) -> Result<String> {
        Ok(self.call.request_id.to_string())
    }

    async fn default_project(&mut self) -> Result<String> {
        Ok(self.scope.process.default_project.clone())
    }

    async fn now_ms(&mut self) -> Result<u64> {
        Ok(self.scope.tenant.clock.now_ms())
    }

    async fn started_ms(&mut self) -> Result<u64> {
        let offset = self.scope.tenant.clock.offset_ms();
        Ok(self.scope.process.started_ms.saturating_add_signed(offset))
    }

    async fn setting(&mut self, name: String) -> Result<Option<String>> {
        Ok(self.scope.settings.get(&name).map(ToString::to_string))
    }

    async fn log(&mut self, level: Level, message: String) -> Result<()> {
        let (plugin, tenant, request) = (&*self.scope.plugin, &*self.scope.tenant.name, &*self.call.request_id);
        match level {
            Level::Debug => tracing::debug!(plugin, tenant, request, "{message}"),
            Level::Info => tracing::info!(plugin, tenant, request, "{message}"),
            Level::Warn => tracing::warn!(plugin, tenant, request, "{message}"),
            Level::Error => tracing::error!(plugin, tenant, request, "{message}"),
        }
        Ok(())
    }

    async fn reach(&mut self, point: String) -> Result<Result<(), String>> {
        Ok(crate::faults::reach(&point).await)
    }
}
