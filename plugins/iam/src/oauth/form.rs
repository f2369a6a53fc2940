//! The body of a request for a token: a form, as OAuth says, or JSON, as some of Google's clients send.

use super::failure::{Failure, Outcome};
use fogbank_sdk::query::Query;
use fogbank_sdk::{Request, from_json};
use serde_json::{Map, Value};

/// The largest body that is read.
const LIMIT: u64 = 64 * 1024;

/// Fields by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form(Map<String, Value>);

impl Form {
    /// Reads the body, then the query, which counts for what the body does not say.
    ///
    /// Errors: `invalid_request` for a body that is neither.
    pub fn read(request: &mut Request) -> Outcome<Self> {
        let is_json =
            request.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        let body = request.body().read_to_end(LIMIT)?;
        let mut form = if is_json { Self::of_json(&body)? } else { Self::of_form(&body)? };
        for (name, value) in request.query_pairs() {
            form.0.entry(name.clone()).or_insert_with(|| Value::from(value.clone()));
        }
        Ok(form)
    }

    fn of_json(body: &[u8]) -> Outcome<Self> {
        from_json(body).map(Self).map_err(|_| Failure::InvalidRequest("The body is not a JSON object.".into()))
    }

    fn of_form(body: &[u8]) -> Outcome<Self> {
        let bad = || Failure::InvalidRequest("The body is not a form.".into());
        let text = std::str::from_utf8(body).map_err(|_| bad())?;
        let query = Query::parse(text.trim()).map_err(|_| bad())?;
        let mut fields = Map::new();
        for (name, value) in query.pairs() {
            fields.entry(name.clone()).or_insert_with(|| Value::from(value.clone()));
        }
        Ok(Self(fields))
    }

    /// A field that is there and not empty, under the first of these names that has one.
    pub fn get(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.0.get(*name).and_then(Value::as_str));
        values.find(|value| !value.is_empty())
    }

    /// As [`Self::get`].
    ///
    /// Errors: `invalid_request`, naming the field.
    pub fn required(&self, names: &[&str]) -> Outcome<&str> {
        let name = names.first().copied().unwrap_or_default();
        self.get(names).ok_or_else(|| Failure::InvalidRequest(format!("Missing required parameter: {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::RequestHead;

    fn form(kind: &str, target: &str, body: &[u8]) -> Outcome<Form> {
        let head = RequestHead::new("x", "POST", target).unwrap().with_header("content-type", kind);
        Form::read(&mut Request::new(head, body.to_vec()))
    }

    #[test]
    fn a_form_or_json_and_the_query() {
        let read = form("application/x-www-form-urlencoded", "/token?b=q&c=q", b"a=x+y&b=1&a=2&empty=").unwrap();
        assert_eq!((read.get(&["a"]), read.get(&["b"]), read.get(&["c"])), (Some("x y"), Some("1"), Some("q")));
        assert_eq!((read.get(&["empty"]), read.get(&["none", "c"])), (None, Some("q")));
        let read = form("application/json; charset=utf-8", "/token", br#"{"grantType": "x", "n": 1}"#).unwrap();
        assert_eq!((read.get(&["grant_type", "grantType"]), read.get(&["n"])), (Some("x"), None));
        assert_eq!(
            read.required(&["assertion"]).unwrap_err(),
            Failure::InvalidRequest("Missing required parameter: assertion".into())
        );
    }

    #[test]
    fn f35_other_bodies_are_400() {
        for (kind, body) in
            [("application/json", &b"[1]"[..]), ("application/json", b"{"), ("", b"a=%zz"), ("", b"\xff\xfe")]
        {
            assert_eq!(form(kind, "/token", body).unwrap_err().to_response().status(), 400);
        }
    }
}
