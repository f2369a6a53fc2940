//! Requests of this API in the words of the JSON API, for handlers that both share.

use fogbank_sdk::{Body, Request, RequestHead, Result, query};
use serde_json::Value;

/// A call of a JSON method: its path parameters and its query.
#[derive(Debug)]
pub struct Call<'a> {
    request: &'a RequestHead,
    params: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    /// A call on behalf of `request`, whose headers go along.
    pub fn of(request: &'a RequestHead) -> Self {
        Self { request, params: Vec::new(), query: Vec::new() }
    }

    /// On the bucket of the request.
    pub fn on_bucket(request: &'a RequestHead) -> Self {
        Self::of(request).param("bucket", request.param("bucket"))
    }

    /// On the object of the request.
    pub fn on_object(request: &'a RequestHead) -> Self {
        Self::on_bucket(request).param("object", request.param("object"))
    }

    /// Adds a path parameter.
    pub fn param(mut self, name: &'static str, value: &str) -> Self {
        self.params.push((name, value.to_owned()));
        self
    }

    /// Adds a query parameter, where it has a value.
    pub fn query(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// Takes the conditions in the request's headers along.
    pub fn conditions(self) -> Self {
        let request = self.request;
        self.query("ifGenerationMatch", request.header("x-goog-if-generation-match"))
            .query("ifMetagenerationMatch", request.header("x-goog-if-metageneration-match"))
    }

    /// The head of the call.
    pub fn head(self) -> Result<RequestHead> {
        let pairs = self.query.iter().map(|(name, value)| format!("{name}={}", query::encode(value.trim())));
        let target = format!("/?{}", pairs.collect::<Vec<_>>().join("&"));
        let mut head = RequestHead::new(self.request.route(), self.request.method(), &target)?;
        for (name, value) in &self.params {
            head = head.with_param(name, value);
        }
        for (name, value) in self.request.headers() {
            head = head.with_header(name, value);
        }
        Ok(head)
    }

    /// The call, with a JSON body.
    pub fn with(self, body: &Value) -> Result<Request> {
        Ok(Request::new(self.head()?, body.to_string().into_bytes()))
    }

    /// The call, without a body.
    pub fn bare(self) -> Result<Request> {
        Ok(Request::new(self.head()?, Body::empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_names_and_conditions_go_over_exactly() {
        let head = RequestHead::new("storage.xml.object.put", "PUT", "/b/x?acl").unwrap();
        let head = head
            .with_param("bucket", "b-1")
            .with_param("object", "a/../b%2f ü")
            .with_header("x-goog-if-generation-match", "0");
        let call = Call::on_object(&head).conditions().query("predefinedAcl", Some("a b&c")).bare().unwrap();
        assert_eq!((call.param("bucket"), call.param("object")), ("b-1", "a/../b%2f ü"));
        assert_eq!((call.query("ifGenerationMatch"), call.query("predefinedAcl")), (Some("0"), Some("a b&c")));
        assert_eq!((call.query("acl"), call.query("ifMetagenerationMatch")), (None, None));
    }
}
