//! Where and for whom a call runs: tenant, base URL, settings, and the tenant's clock.

pub mod clock;
mod host;

pub use clock::Clock;
