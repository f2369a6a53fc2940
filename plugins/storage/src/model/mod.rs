//! What the records hold, and how it looks on the wire.

pub mod acl;
pub mod bucket;
pub mod config;
pub mod etag;
pub mod folder;
pub mod locations;
pub mod names;
pub mod number;
pub mod prefix;
pub mod project;
pub mod storage_class;
