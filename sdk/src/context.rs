//! Where and for whom a call runs. In native unit tests every function has a plain stand-in.

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::time::Timestamp;

/// The tenant's clock. Tests move it.
pub fn now() -> Timestamp {
    Timestamp::from_millis(host::now_ms() as i64)
}

/// When the host's process started, on the same clock: what is older and in no record was left by a crash.
pub fn started() -> Timestamp {
    Timestamp::from_millis(host::started_ms() as i64)
}

/// Scheme, authority and the tenant's prefix as the client sees them, without a slash at the end.
pub fn base_url() -> String {
    host::base_url()
}

/// The tenant; `default` where the client named none.
pub fn tenant() -> String {
    host::tenant()
}

/// The id in the answer's `x-request-id` and on each line of the log.
pub fn request_id() -> String {
    host::request_id()
}

/// The project of a client that names none.
pub fn default_project() -> String {
    host::default_project()
}

/// A value of `[plugins.NAME.settings]` in the operator's configuration; none where it is not set.
///
/// Errors: 500, with the reason in the log, for a value of another shape.
pub fn setting<T: DeserializeOwned>(name: &str) -> Result<Option<T>> {
    let Some(text) = host::setting(name) else {
        return Ok(None);
    };
    let value = serde_json::from_str(&text);
    value.map(Some).map_err(|error| Error::internal(format!("setting {name}: {error}")))
}

/// A named place where a test may kill the host or fail the call.
///
/// Errors: 500 when the test wants this step to fail.
pub fn reach(point: &str) -> Result<()> {
    host::reach(point).map_err(|error| Error::internal(format!("{point}: {error}")))
}

#[cfg(target_arch = "wasm32")]
use crate::bindings::fogbank::context::context as host;

/// What the host says, for unit tests that run without one.
#[cfg(not(target_arch = "wasm32"))]
mod host {
    pub(super) fn now_ms() -> u64 {
        let now = std::time::UNIX_EPOCH.elapsed();
        now.map_or(0, |since| since.as_millis() as u64)
    }

    pub(super) fn started_ms() -> u64 {
        0
    }

    pub(super) fn base_url() -> String {
        "http://127.0.0.1:8080".to_owned()
    }

    pub(super) fn tenant() -> String {
        "default".to_owned()
    }

    pub(super) fn request_id() -> String {
        "test".to_owned()
    }

    pub(super) fn default_project() -> String {
        "demo-project".to_owned()
    }

    pub(super) fn setting(_name: &str) -> Option<String> {
        None
    }

    pub(super) fn reach(_point: &str) -> Result<(), String> {
        Ok(())
    }
}
