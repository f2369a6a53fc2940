//! A request as a handler sees it.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::fogbank::service::types as wit;
use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::fields::Mask;
use crate::query::Query;

/// The most bytes that [`Request::json`] reads.
pub const JSON_LIMIT: u64 = 1 << 20;

/// Everything of a request but its body.
#[derive(Debug, Default, Clone)]
pub struct RequestHead {
    route: String,
    params: Vec<(String, String)>,
    method: String,
    path: String,
    raw_query: Option<String>,
    query: Query,
    fields: Option<Mask>,
    headers: Vec<(String, String)>,
    base_url: OnceCell<String>,
}

impl RequestHead {
    /// A head for unit tests: the route's id, a method, a path with an optional `?query`. Parameters and headers are added with
    /// [`Self::with_param`] and [`Self::with_header`].
    ///
    /// Errors: 400 for a query that cannot be decoded.
    pub fn new(route: &str, method: &str, target: &str) -> Result<Self> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let mut head = Self {
            route: route.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            raw_query: query,
            ..Self::default()
        };
        head.decode()?;
        Ok(head)
    }

    /// Adds a path parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn decode(&mut self) -> Result<()> {
        if let Some(text) = &self.raw_query {
            self.query = Query::parse(text)?;
            self.fields = self.query.get("fields").filter(|text| !text.is_empty()).map(Mask::parse).transpose()?;
        }
        self.refuse_nul()
    }

    /// No database keeps text with a NUL, and nobody means one.
    fn refuse_nul(&self) -> Result<()> {
        let mut pairs = self.params.iter().chain(self.query.pairs());
        match pairs.find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => Err(Error::invalid(format!("Invalid value for {name}: it has a NUL."))),
            None => Ok(()),
        }
    }

    /// The id of the matched route in plugin.toml.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// `GET`, `POST`, ...
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path as the client sent it, less the tenant's prefix; not decoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What follows `?`, not decoded.
    pub fn raw_query(&self) -> Option<&str> {
        self.raw_query.as_deref()
    }

    /// The percent-decoded path parameter `name`. A name that the route's pattern in plugin.toml does not have gives an empty
    /// text.
    pub fn param(&self, name: &str) -> &str {
        find(&self.params, name).unwrap_or_default()
    }

    /// The path parameters in the order of the path.
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// The path parameter `name` as a number or whatever else `T` is.
    ///
    /// Errors: 400 `invalid` when it is not one.
    pub fn param_as<T: FromStr>(&self, name: &str) -> Result<T> {
        parse(name, self.param(name))
    }

    /// The first value of the query parameter `name`, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// Every value of the query parameter `name`.
    pub fn query_all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> + 'q {
        self.query.all(name)
    }

    /// All decoded query parameters in order.
    pub fn query_pairs(&self) -> &[(String, String)] {
        self.query.pairs()
    }

    /// A boolean: `true` and `1`, in upper or lower case, are true (Python's clients write `True`); absent or empty is false.
    ///
    /// Errors: 400 `invalid` for anything else but `false` and `0`.
    pub fn query_bool(&self, name: &str) -> Result<bool> {
        Ok(self.query_flag(name)?.unwrap_or(false))
    }

    /// A boolean as [`Self::query_bool`] reads it, or none where it is absent or empty.
    pub fn query_flag(&self, name: &str) -> Result<Option<bool>> {
        match self.query(name).unwrap_or_default() {
            "" => Ok(None),
            "1" => Ok(Some(true)),
            "0" => Ok(Some(false)),
            text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            text => Err(bad_value(name, text)),
        }
    }

    /// A signed number (generations are int64); none where it is absent or empty.
    ///
    /// Errors: 400 `invalid` when it is not a number of 64 bits.
    pub fn query_i64(&self, name: &str) -> Result<Option<i64>> {
        self.query_as(name)
    }

    /// A number of 32 bits without a sign; none where it is absent or empty.
    ///
    /// Errors: 400 `invalid` when it is not one.
    pub fn query_u32(&self, name: &str) -> Result<Option<u32>> {
        self.query_as(name)
    }

    /// Anything that parses; none where it is absent or empty.
    ///
    /// Errors: 400 `invalid` when it does not parse.
    pub fn query_as<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let text = self.query(name).filter(|text| !text.is_empty());
        text.map(|text| parse(name, text)).transpose()
    }

    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// All headers, names in lower case, in the order in which they came.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The start of links in answers: scheme, authority and tenant prefix as the client sees them, without a slash at the end.
    /// Asks the host once a request.
    pub fn base_url(&self) -> String {
        self.base_url.get_or_init(crate::context::base_url).clone()
    }

    /// The `fields` parameter.
    pub fn fields(&self) -> Option<&Mask> {
        self.fields.as_ref()
    }
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn parse<T: FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| bad_value(name, text))
}

fn bad_value(name: &str, text: &str) -> Error {
    Error::invalid(format!("Invalid value for {name}: '{text}'")).with_location("parameter", name)
}

/// A request. Everything of its head is read as if it stood here.
#[derive(Debug)]
pub struct Request {
    head: Rc<RequestHead>,
    body: Body,
}

impl Request {
    /// A request for unit tests.
    pub fn new(head: RequestHead, body: impl Into<Body>) -> Self {
        Self { head: Rc::new(head), body: body.into() }
    }

    /// Takes the head apart. The second value is an error where the query cannot be decoded; the head is whole but for the query
    /// then.
    pub(crate) fn from_wit(raw: wit::Request) -> (Self, Result<()>) {
        let mut head = RequestHead {
            route: raw.route,
            params: raw.params,
            method: raw.method,
            path: raw.path,
            raw_query: raw.query,
            headers: raw.headers,
            ..RequestHead::default()
        };
        let decoded = head.decode();
        let body = match raw.body {
            wit::RequestBody::None => Body::empty(),
            wit::RequestBody::Bytes(bytes) => Body::from(bytes),
            wit::RequestBody::Stream(handle) => Body::from(handle),
        };
        (Self::new(head, body), decoded)
    }

    /// The head, to be kept when the request is gone.
    pub fn head(&self) -> Rc<RequestHead> {
        Rc::clone(&self.head)
    }

    /// The body as JSON; reads it, so it is there once. An empty body reads as `{}`, as Google's APIs take it.
    ///
    /// Errors: 400 `parseError` for what is not JSON, 400 `invalid` for JSON of another shape, 413 beyond [`JSON_LIMIT`].
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        from_json(&self.body.read_to_end(JSON_LIMIT)?)
    }

    /// The body; what is left in its place is empty.
    pub fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::empty())
    }

    /// The body.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }
}

impl Deref for Request {
    type Target = RequestHead;

    fn deref(&self) -> &RequestHead {
        &self.head
    }
}

/// Reads a JSON document of a client's; nothing at all reads as `{}`.
///
/// Errors: 400 `parseError` for what is not JSON, 400 `invalid` for JSON of another shape.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    if has_nul(bytes) {
        return Err(Error::invalid("Invalid value: a text has a NUL."));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Error::invalid(format!("Invalid value: {error}")),
        _ => Error::new(Code::InvalidArgument, "parseError", format!("Parse Error: {error}")),
    })
}

/// Whether a document has a NUL in one of its texts, which no database keeps.
fn has_nul(json: &[u8]) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(values) => values.iter().any(within),
            Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || within(value)),
            _ => false,
        }
    }
    // Nearly no document has the escape, so nearly none is read twice.
    json.windows(6).any(|window| window == b"\\u0000") && serde_json::from_slice(json).is_ok_and(|value| within(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target: &str) -> RequestHead {
        RequestHead::new("x.y", "GET", target).unwrap()
    }

    #[test]
    fn f04_a_nul_is_refused_wherever_it_stands() {
        assert_eq!(RequestHead::new("x.y", "GET", "/?a=b%00").unwrap_err().http_status(), 400);
        assert_eq!(from_json::<Value>(br#"{"a": ["b\u0000"]}"#).unwrap_err().http_status(), 400);
        assert_eq!(from_json::<Value>(br#"{"a\u0000": 1}"#).unwrap_err().http_status(), 400);
        assert!(from_json::<Value>(br#"{"a": "\\u0000"}"#).is_ok());
        let (_, decoded) = Request::from_wit(wit::Request {
            route: "x.y".into(),
            params: vec![("name".into(), "a\0".into())],
            method: "GET".into(),
            path: "/".into(),
            query: None,
            headers: vec![],
            body: wit::RequestBody::None,
        });
        assert_eq!(decoded.unwrap_err().http_status(), 400);
    }

    #[test]
    fn booleans_are_read_without_regard_to_case() {
        for (text, value) in [
            ("v=true", true),
            ("v=True", true),
            ("v=TRUE", true),
            ("v=1", true),
            ("v=", false),
            ("", false),
            ("v=False", false),
        ] {
            assert_eq!(head(&format!("/?{text}")).query_bool("v").unwrap(), value, "{text}");
        }
        assert_eq!(head("/?v=yes").query_bool("v").unwrap_err().reason(), "invalid");
    }

    #[test]
    fn f35_numbers_that_are_none_are_400() {
        assert_eq!(head("/?n=-3").query_i64("n").unwrap(), Some(-3));
        assert_eq!(head("/?n=").query_i64("n").unwrap(), None);
        for text in ["/?n=x", "/?n=9223372036854775808", "/?n=1.5"] {
            assert_eq!(head(text).query_i64("n").unwrap_err().http_status(), 400);
        }
        assert!(head("/?n=-1").query_u32("n").is_err());
    }

    #[test]
    fn params_are_found_by_name() {
        let head = head("/b/x").with_param("bucket", "x").with_param("generation", "7");
        assert_eq!((head.param("bucket"), head.param("other")), ("x", ""));
        assert_eq!(head.param_as::<i64>("generation").unwrap(), 7);
        assert!(head.param_as::<i64>("bucket").is_err());
    }

    #[test]
    fn f35_broken_json_is_a_parse_error() {
        let request = |text: &str| Request::new(head("/"), text.as_bytes().to_vec());
        assert_eq!(request("{").json::<Value>().unwrap_err().reason(), "parseError");
        assert_eq!(request("\"x\"").json::<u32>().unwrap_err().reason(), "invalid");
        assert_eq!(request(" ").json::<Value>().unwrap(), serde_json::json!({}));
        assert_eq!(request("[1").json::<Value>().unwrap_err().http_status(), 400);
    }

    #[test]
    fn a_bad_mask_or_query_is_found_before_the_handler_runs() {
        assert!(RequestHead::new("x", "GET", "/?fields=a(").is_err());
        assert!(RequestHead::new("x", "GET", "/?a=%f").is_err());
    }
}
