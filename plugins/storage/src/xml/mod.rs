//! The XML API: the same buckets and objects, told in XML and headers. Most of its verbs are methods of the JSON API in
//! other words, so a verb here translates the request, calls the method's own code, and translates the answer.
//! <https://cloud.google.com/storage/docs/xml-api/overview>
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`service`], [`bucket`], [`object`] | verbs, as the routes name them |
//! | [`writer`], [`reader`] | XML text out and in |
//! | [`error`] | errors in XML |
//! | [`call`], [`headers`], [`answer`] | from a request's headers to the JSON API's terms, and back |
//! | [`listing`] | lists of objects, versions 1 and 2 |
//! | [`documents`] | settings of a bucket, each a small document |
//! | [`acl`] | access lists |
//! | [`multipart`] | uploads in parts |
//! | [`permission`] | what the caller may do |

pub mod acl;
pub mod answer;
pub mod bucket;
pub mod call;
pub mod documents;
pub mod error;
pub mod headers;
pub mod listing;
pub mod multipart;
pub mod object;
pub mod permission;
pub mod reader;
pub mod service;
pub mod writer;

/// Whether a route belongs to this API, which renders its own errors.
pub fn owns(route: &str) -> bool {
    route.starts_with("storage.xml.")
}

/// 400 that names what is not there: a verb on a part of a resource.
fn unimplemented(request: &fogbank_sdk::RequestHead, part: &str) -> fogbank_sdk::Error {
    fogbank_sdk::Error::unimplemented(&format!("{} {part} ({})", request.method(), request.route()))
}
