//! `?cors`. <https://cloud.google.com/storage/docs/xml-api/put-bucket-cors>

use super::super::reader::{self, Node};
use super::super::writer::{self, Writer};
use crate::model::bucket::Bucket;
use fogbank_sdk::Result;
use serde_json::{Value, json};

pub(super) fn show(bucket: &Bucket) -> Result<String> {
    Ok(writer::document("CorsConfig", "", |xml| {
        for rule in bucket.config.cors.iter().flatten() {
            xml.nest("Cors", |xml| {
                list(xml, "Origins", "Origin", &rule.origin);
                list(xml, "Methods", "Method", &rule.method);
                list(xml, "ResponseHeaders", "ResponseHeader", &rule.response_header);
                xml.optional("MaxAgeSec", rule.max_age_seconds.map(|seconds| seconds.0));
            });
        }
    }))
}

fn list(xml: &mut Writer, name: &str, item: &str, values: &[String]) {
    if !values.is_empty() {
        xml.nest(name, |xml| values.iter().for_each(|value| xml.text(item, value)));
    }
}

pub(super) fn patch(node: Node) -> Result<Value> {
    let rules = node.children("Cors").map(rule).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "cors": if rules.is_empty() { Value::Null } else { json!(rules) } }))
}

fn rule(node: Node) -> Result<Value> {
    let texts = |name: &str, item: &str| node.child(name).map(|list| list.texts(item)).unwrap_or_default();
    let mut rule = json!({"origin": texts("Origins", "Origin"), "method": texts("Methods", "Method")});
    let headers = texts("ResponseHeaders", "ResponseHeader");
    if !headers.is_empty() {
        rule["responseHeader"] = json!(headers);
    }
    if let Some(seconds) = node.text("MaxAgeSec") {
        let seconds: i32 = seconds.parse().map_err(|_| reader::malformed("MaxAgeSec is a number."))?;
        rule["maxAgeSeconds"] = json!(seconds);
    }
    Ok(rule)
}
