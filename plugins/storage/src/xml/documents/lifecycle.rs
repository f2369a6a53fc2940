//! `?lifecycle`. <https://cloud.google.com/storage/docs/xml-api/put-bucket-lifecycle>

use super::super::reader::{self, Node};
use super::super::writer::{self, Writer};
use crate::model::bucket::Bucket;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

/// What the value of a condition is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Truth,
    Text,
    /// The element may stand there several times.
    Texts,
}

/// Conditions in the order of the document, with their JSON names.
const CONDITIONS: [(&str, &str, Kind); 14] = [
    ("Age", "age", Kind::Number),
    ("CreatedBefore", "createdBefore", Kind::Text),
    ("CustomTimeBefore", "customTimeBefore", Kind::Text),
    ("DaysSinceCustomTime", "daysSinceCustomTime", Kind::Number),
    ("DaysSinceNoncurrentTime", "daysSinceNoncurrentTime", Kind::Number),
    ("IsLive", "isLive", Kind::Truth),
    ("MatchesPrefix", "matchesPrefix", Kind::Texts),
    ("MatchesStorageClass", "matchesStorageClass", Kind::Texts),
    ("MatchesSuffix", "matchesSuffix", Kind::Texts),
    ("NoncurrentTimeBefore", "noncurrentTimeBefore", Kind::Text),
    ("NumberOfNewerVersions", "numNewerVersions", Kind::Number),
    ("SizeAboveBytes", "sizeAboveBytes", Kind::Number),
    ("SizeBelowBytes", "sizeBelowBytes", Kind::Number),
    ("MatchesPattern", "matchesPattern", Kind::Text),
];

pub(super) fn show(bucket: &Bucket) -> Result<String> {
    let lifecycle = serde_json::to_value(&bucket.config.lifecycle).unwrap_or_default();
    Ok(writer::document("LifecycleConfiguration", "", |xml| {
        for rule in lifecycle["rule"].as_array().into_iter().flatten() {
            xml.nest("Rule", |xml| {
                xml.nest("Action", |xml| write_action(xml, &rule["action"]));
                xml.nest("Condition", |xml| write_condition(xml, &rule["condition"]));
            });
        }
    }))
}

fn write_action(xml: &mut Writer, action: &Value) {
    let name = action["type"].as_str().unwrap_or_default();
    match action["storageClass"].as_str() {
        Some(class) => xml.text(name, class),
        None => xml.empty(name),
    }
}

fn write_condition(xml: &mut Writer, condition: &Value) {
    for (element, field, _) in CONDITIONS {
        match &condition[field] {
            Value::Null => {}
            Value::Array(values) => values.iter().filter_map(Value::as_str).for_each(|value| xml.text(element, value)),
            Value::String(value) => xml.text(element, value),
            value => xml.text(element, value),
        }
    }
}

pub(super) fn patch(node: Node) -> Result<Value> {
    let rules = node.children("Rule").map(rule).collect::<Result<Vec<_>>>()?;
    Ok(json!({ "lifecycle": if rules.is_empty() { Value::Null } else { json!({"rule": rules}) } }))
}

fn rule(node: Node) -> Result<Value> {
    let missing = |name: &str| bad(&format!("A Rule has no {name}."));
    let action = node.child("Action").and_then(|action| action.elements().next()).ok_or_else(|| missing("Action"))?;
    let condition = node.child("Condition").ok_or_else(|| missing("Condition"))?;
    Ok(json!({"action": read_action(action), "condition": read_condition(condition)?}))
}

fn read_action(node: Node) -> Value {
    match node.content() {
        class if !class.is_empty() => json!({"type": node.name(), "storageClass": class}),
        _ => json!({"type": node.name()}),
    }
}

fn read_condition(node: Node) -> Result<Value> {
    let mut condition = Map::new();
    for element in node.elements() {
        let known = CONDITIONS.iter().find(|(name, ..)| *name == element.name());
        let (name, field, kind) = known.ok_or_else(|| bad(&format!("There is no condition {}.", element.name())))?;
        let text = element.content();
        let value = match kind {
            Kind::Number => {
                text.parse::<i64>().map(|number| json!(number)).map_err(|_| not_a(name, "number", &text))?
            }
            Kind::Truth => text.parse::<bool>().map(|truth| json!(truth)).map_err(|_| not_a(name, "boolean", &text))?,
            Kind::Text => json!(text),
            Kind::Texts => {
                let values = condition.entry(*field).or_insert_with(|| json!([]));
                values.as_array_mut().into_iter().for_each(|values| values.push(json!(text)));
                continue;
            }
        };
        condition.insert((*field).to_owned(), value);
    }
    Ok(Value::Object(condition))
}

fn not_a(name: &str, kind: &str, text: &str) -> Error {
    bad(&format!("{name} is a {kind}, not '{text}'."))
}

fn bad(details: &str) -> Error {
    reader::malformed(details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    fn read(rule: &str) -> Result<Value> {
        let text = format!("<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>");
        reader::read(&mut Body::from(text.into_bytes()), "LifecycleConfiguration", patch)
    }

    #[test]
    fn rules_are_read_as_clients_write_them() {
        let rule = "<Action><Delete/></Action><Condition><Age>30</Age><MatchesStorageClass>STANDARD</MatchesStorageClass>\
                    <MatchesStorageClass>NEARLINE</MatchesStorageClass><IsLive>false</IsLive></Condition>";
        assert_eq!(
            read(rule).unwrap()["lifecycle"]["rule"][0],
            json!({"action": {"type": "Delete"},
                   "condition": {"age": 30, "isLive": false, "matchesStorageClass": ["STANDARD", "NEARLINE"]}})
        );
    }

    #[test]
    fn f35_a_broken_rule_is_400() {
        let with = |condition: &str| format!("<Action><Delete/></Action><Condition>{condition}</Condition>");
        for rule in [
            "".to_owned(),
            "<Action/>".into(),
            "<Action><Delete/></Action>".into(),
            with("<Age>x</Age>"),
            with("<IsLive>1</IsLive>"),
            with("<Weather/>"),
        ] {
            assert_eq!(read(&rule).unwrap_err().http_status(), 400, "{rule}");
        }
    }
}
