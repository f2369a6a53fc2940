//! What a bucket may be set to: each part checks what a client wants against what the bucket has, brings it into normal
//! form, and fills in what only the server determines (effective times, locks). What clients send of those is ignored.

mod access;
mod autoclass;
mod cors;
mod encryption;
mod labels;
mod lifecycle;
mod placement;
mod protection;
mod small;

use crate::model::config::Config;
use fogbank_sdk::{Result, Timestamp};

pub use access::public_refused;
pub use lifecycle::midnight;

/// The bucket whose settings are looked at.
pub struct Subject<'a> {
    pub name: &'a str,
    pub project_number: i64,
    /// What the bucket has; `None` where it is about to be made.
    pub old: Option<&'a Config>,
    pub now: Timestamp,
}

/// The settings that `wanted` comes to, or why it is refused (400, 403 for what is locked, 412 for public access).
pub fn settle(mut wanted: Config, subject: &Subject) -> Result<Config> {
    placement::settle(&mut wanted, subject)?;
    labels::settle(&mut wanted)?;
    lifecycle::settle(&mut wanted)?;
    cors::settle(&mut wanted)?;
    small::settle(&mut wanted, subject)?;
    encryption::settle(&mut wanted, subject)?;
    protection::settle(&mut wanted, subject)?;
    autoclass::settle(&mut wanted, subject)?;
    access::settle(&mut wanted, subject)?;
    Ok(wanted)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use serde_json::Value;

    pub(crate) const NOW: i64 = 1_780_000_000_000;

    /// Settles `json` for a bucket that has `old`.
    pub(crate) fn settled(old: Option<&Config>, json: Value) -> Result<Config> {
        at(NOW, old, json)
    }

    /// Settles `json` at a time, in milliseconds.
    pub(crate) fn at(now: i64, old: Option<&Config>, json: Value) -> Result<Config> {
        let wanted = serde_json::from_value(json).unwrap();
        let now = Timestamp::from_millis(now);
        settle(wanted, &Subject { name: "b-1", project_number: 7, old, now })
    }

    /// The status and sentence of a refusal.
    pub(crate) fn refusal(result: Result<Config>) -> (u16, String) {
        let error = result.unwrap_err();
        (error.http_status(), error.message().to_owned())
    }
}
