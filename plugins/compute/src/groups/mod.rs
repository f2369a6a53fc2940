//! Groups of instances: managed ones, which make, heal and resize their machines, and unmanaged ones, which only name theirs.
//! <https://cloud.google.com/compute/docs/instance-groups>
//!
//! A manager keeps in its row what it wants of each of its instances ([`member::Member`]). A change of the manager changes that and
//! begins a hidden operation; its runner ([`reconcile`]) makes and deletes instances until there is nothing left to do. A schedule
//! looks after all groups, and so does every word from the container engine about a machine that ended.

pub mod autoscalers;
pub mod configs;
pub mod manager;
pub mod member;
pub mod members;
pub mod policy;
pub mod reconcile;
pub mod rollout;
pub mod show;
pub mod standby;
pub mod step;
pub mod unmanaged;
pub mod versions;
