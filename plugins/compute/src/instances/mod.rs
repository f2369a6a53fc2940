//! Instances: virtual machines. <https://cloud.google.com/compute/docs/reference/rest/v1/instances>
//!
//! | module | what it is |
//! |---|---|
//! | [`insert`], [`bulk`], [`create`] | one instance, many, and how one comes to be |
//! | [`draft`], [`template`], [`defaults`], [`account`], [`disks`] | what a client sent, completed |
//! | [`going`] | disks that go with it |
//! | [`read`], [`guest`], [`referrers`] | what is shown |
//! | [`lifecycle`], [`state`], [`work`] | starting and stopping; what the runner does for it |
//! | [`edit`], [`attach`], [`interfaces`], [`update`] | changes |
//! | [`network`], [`metadata`] | what `vpc` knows of it; its metadata and tags |

pub mod account;
pub mod attach;
pub mod bulk;
pub mod create;
pub mod defaults;
pub mod disks;
pub mod draft;
pub mod edit;
pub mod going;
pub mod guest;
pub mod insert;
pub mod interfaces;
pub mod lifecycle;
pub mod metadata;
pub mod network;
pub mod read;
pub mod referrers;
pub mod state;
pub mod template;
pub mod update;
pub mod work;

use compute_api::path::{Path, Scope};

/// The name of the zone that a path is in; empty for one that is in none.
pub fn zone(path: &Path) -> &str {
    match &path.scope {
        Scope::Zone(zone) => zone,
        _ => "",
    }
}
