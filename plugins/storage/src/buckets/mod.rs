//! Buckets, one file an operation. <https://cloud.google.com/storage/docs/json_api/v1/buckets>

mod change;
mod delete;
mod get;
mod input;
mod insert;
mod list;
mod lock_retention_policy;
pub mod operations;
mod policy;
mod restore;
pub mod settings;
mod storage_layout;

pub use change::{patch, update};
pub use delete::{delete, drop_for_good, remove};
pub use get::get;
pub use insert::{insert, make};
pub use list::list;
pub use lock_retention_policy::lock_retention_policy;
pub use policy::{get_iam_policy, set_iam_policy, test_iam_permissions};
pub use restore::restore;
pub use storage_layout::get_storage_layout;
