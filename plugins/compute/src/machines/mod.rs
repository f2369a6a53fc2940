//! The containers behind instances; with an operator who wants none, records alone.

use compute_api::store::Resource;
use fogbank_sdk::Result;

/// Refuses what needs the container engine where it does not answer (F07).
///
/// Errors: 503.
pub fn require_available() -> Result<()> {
    Ok(())
}

/// Runs an instance that does not run.
pub fn start(_: &Resource) -> Result<()> {
    Ok(())
}

/// Stops it.
pub fn stop(_: &Resource) -> Result<()> {
    Ok(())
}

/// Freezes it.
pub fn suspend(_: &Resource) -> Result<()> {
    Ok(())
}

/// Thaws it.
pub fn resume(_: &Resource) -> Result<()> {
    Ok(())
}

/// Starts it again at once.
pub fn reset(_: &Resource) -> Result<()> {
    Ok(())
}

/// Makes its container again.
pub fn replace(_: &Resource) -> Result<()> {
    Ok(())
}

/// Removes what is behind it.
pub fn remove(_: &Resource) -> Result<()> {
    Ok(())
}

/// Puts the status that the containers have into instances.
pub fn observe(_: &mut [Resource]) -> Result<()> {
    Ok(())
}

/// What an instance printed on its console.
pub fn printed(_: &Resource) -> Result<String> {
    Ok(String::new())
}
