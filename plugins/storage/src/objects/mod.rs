//! Objects: one file an operation, and what the operations share.
//!
//! | what | where |
//! |---|---|
//! | rules of the API, without a host | [`name`], [`glob`], [`range`], [`conditional`], [`transcoding`], [`checksum`], [`page`], [`filter`] |
//! | the row, what clients may write of it, what they see | [`record`], [`attributes`], [`resource`] |
//! | what keeps an object | [`protection`], [`customer_key`], [`access`], [`policy`] |
//! | how a generation begins and ends | [`draft`], [`content`], [`mod@write`], [`retire`] |
//! | finding one | [`lookup`] |

pub mod access;
pub mod attributes;
pub mod checksum;
pub mod conditional;
pub mod content;
pub mod customer_key;
pub mod draft;
pub mod filter;
pub mod glob;
pub mod list;
pub mod lookup;
pub mod media;
pub mod name;
pub mod page;
pub mod policy;
pub mod protection;
pub mod range;
pub mod record;
pub mod resource;
pub mod retire;
pub mod source;
pub mod transcoding;
pub mod write;

pub mod bulk_restore;
mod change;
mod compose;
mod copy;
mod delete;
mod download;
mod get;
pub mod iam;
mod insert;
mod r#move;
mod restore;
mod rewrite;
mod view_full_context;

pub use bulk_restore::bulk_restore;
pub use change::{patch, update};
pub use compose::compose;
pub use copy::copy;
pub use delete::{delete, remove};
pub use download::download;
pub use get::get;
pub use iam::{get_iam_policy, set_iam_policy, test_iam_permissions};
pub use insert::insert;
pub use list::list;
pub use r#move::r#move;
pub use restore::restore;
pub use rewrite::rewrite;
pub use view_full_context::view_full_context;
