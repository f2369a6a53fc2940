//! Uploads: content on its way to becoming an object, by each of the three protocols of the JSON API.
//!
//! | protocol | what a client sends | where |
//! |---|---|---|
//! | media | the bytes, all else in the query | [`single`] |
//! | multipart | metadata and bytes in one `multipart/related` body | [`single`] |
//! | resumable | metadata first, then the bytes in any number of pieces | [`session`], [`append`](mod@append) |
//!
//! <https://cloud.google.com/storage/docs/uploads-downloads>

pub mod content_range;
pub mod session;
pub mod single;

mod append;
mod begin;
mod cancel;

pub use append::append;
pub use begin::begin;
pub use cancel::cancel;
