//! Small pieces of answers.

use fogbank_sdk::{Request, Result, Timestamp};
use serde_json::{Map, Value};

/// A moment in whole seconds, as IAM writes times: `2026-11-21T08:00:00Z`.
pub fn seconds(moment: Timestamp) -> String {
    let text = moment.to_rfc3339();
    text.split_once('.').map_or(text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// The body of a request, a JSON object; `{}` where there is none.
///
/// Errors: 400 for what is no object, 413 beyond the limit of a JSON body.
pub fn document_of(request: &mut Request) -> Result<Value> {
    request.json::<Map<String, Value>>().map(Value::Object)
}

/// Takes out of an answer what protocol buffers do not write: empty texts and lists, `false` and null.
pub fn without_defaults(mut answer: Value) -> Value {
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|_, value| !is_default(value));
    }
    answer
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields == &Map::new(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::RequestHead;
    use serde_json::json;

    #[test]
    fn defaults_are_not_written() {
        let answer = json!({"a": "", "b": false, "c": [], "d": null, "e": 0, "f": "x", "g": {}});
        assert_eq!(without_defaults(answer), json!({"e": 0, "f": "x"}));
    }

    #[test]
    fn f35_a_body_that_is_no_object_is_400() {
        let body = |text: &str| Request::new(RequestHead::new("x", "POST", "/").unwrap(), text.as_bytes().to_vec());
        assert_eq!(document_of(&mut body("")).unwrap(), json!({}));
        for text in ["[]", "1", "null", "\"x\""] {
            assert_eq!(document_of(&mut body(text)).unwrap_err().http_status(), 400, "{text}");
        }
    }

    #[test]
    fn times_have_whole_seconds() {
        assert_eq!(seconds(Timestamp::from_millis(1_999)), "1970-01-01T00:00:01Z");
    }
}
