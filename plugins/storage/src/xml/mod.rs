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
//! | [`mod@delete`] | several objects at once |
//! | [`form`] | uploads by HTML form |
//! | [`amazon`] | headers of Amazon's S3 |
//! | [`permission`] | what the caller may do |

pub mod acl;
pub mod amazon;
pub mod answer;
pub mod bucket;
pub mod call;
pub mod delete;
pub mod documents;
pub mod error;
pub mod form;
pub mod headers;
pub mod listing;
pub mod multipart;
pub mod object;
pub mod permission;
pub mod reader;
pub mod service;
pub mod writer;

use crate::{cors, signed};
use fogbank_sdk::{Error, Reply, Request, RequestHead, Result};

/// Whether a route belongs to this API, which renders its own errors.
pub fn owns(route: &str) -> bool {
    route.starts_with("storage.xml.")
}

/// Answers a request of this API with `dispatch`: for whoever signed it, and so that a page in a browser may read it where the
/// bucket allows that.
pub fn answer_to(mut request: Request, dispatch: fn(Request) -> Result<Reply>) -> Result<Reply> {
    let head = request.head();
    if head.method() == "OPTIONS" {
        return dispatch(request);
    }
    let reply = signed::admit(&mut request).and_then(|()| amazon::bridge(request, dispatch));
    if head.header("origin").is_none() {
        return reply;
    }
    match reply.unwrap_or_else(|error| error::render(&error).into()) {
        Reply::Response(response) => Ok(cors::mark(response, &head)?.into()),
        other => Ok(other),
    }
}

/// The address of the request's object, in the style in which the request came.
fn link(request: &RequestHead) -> String {
    let (base, object) = (request.base_url(), listing::shown(request.param("object"), true));
    match request.route().starts_with("storage.xml.hosted.") {
        true => format!("{base}/{object}"),
        false => format!("{base}/{}/{object}", request.param("bucket")),
    }
}

/// 400 that names what is not there: a verb on a part of a resource.
fn unimplemented(request: &RequestHead, part: &str) -> Error {
    Error::unimplemented(&format!("{} {part} ({})", request.method(), request.route()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_a_link_leads_back_to_the_object() {
        let link = |route: &str| {
            let head = RequestHead::new(route, "POST", "/").unwrap();
            link(&head.with_param("bucket", "b-1").with_param("object", "a/../b ?"))
        };
        assert_eq!(link("storage.xml.object.post"), "http://127.0.0.1:8080/b-1/a/../b%20%3F");
        assert_eq!(link("storage.xml.hosted.object.post"), "http://127.0.0.1:8080/a/../b%20%3F");
        assert!(owns("storage.xml.hosted.object.post") && !owns("storage.objects.get"));
    }
}
