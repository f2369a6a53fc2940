//! Links inside documents: a client sends and sees URLs, a row holds marked paths, so that an answer's URLs are those of the host that
//! the client asked.

use crate::path::{MARK, Path};
use serde_json::{Map, Value};

/// Fields whose texts are free, whatever they look like.
const FREE: [&str; 8] = ["description", "value", "name", "key", "displayName", "labels", "annotations", "label"];

/// Marks every text that is a reference to a resource, partial ones as of `project`.
pub fn mark(document: &mut Map<String, Value>, project: &str) {
    for (name, value) in document.iter_mut() {
        if !FREE.contains(&name.as_str()) {
            mark_value(value, project);
        }
    }
}

fn mark_value(value: &mut Value, project: &str) {
    match value {
        Value::String(text) if text.contains('/') => {
            if let Some(path) = Path::parse_reference(text, project) {
                *text = path.marked();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mark_value(item, project)),
        Value::Object(fields) => mark(fields, project),
        _ => {}
    }
}

/// Puts URLs in the place of marked paths; `base` is `http://host/compute/v1/`.
pub fn expand(value: &mut Value, base: &str) {
    match value {
        Value::String(text) => {
            if let Some(path) = text.strip_prefix(MARK) {
                *text = format!("{base}{path}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| expand(item, base)),
        Value::Object(fields) => fields.values_mut().for_each(|field| expand(field, base)),
        _ => {}
    }
}

/// Paths that a document refers to, each with the name of its field; once each.
pub fn of(document: &Map<String, Value>) -> Vec<(String, Path)> {
    let mut found = Vec::new();
    for (name, value) in document {
        collect(name, value, &mut found);
    }
    found.sort();
    found.dedup_by(|one, other| one.1 == other.1);
    found
}

fn collect(field: &str, value: &Value, found: &mut Vec<(String, Path)>) {
    match value {
        Value::String(text) => {
            if let Some(path) = text.strip_prefix(MARK).and_then(Path::parse) {
                found.push((field.to_owned(), path));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(field, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(name, value, found)),
        _ => {}
    }
}

/// The path that a field of a stored document links to.
pub fn field(document: &Map<String, Value>, name: &str) -> Option<Path> {
    document.get(name)?.as_str()?.strip_prefix(MARK).and_then(Path::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_are_marked_and_written_for_the_host_that_is_asked() {
        let mut document = json!({"network": "global/networks/n", "description": "global/networks/n",
            "items": [{"value": "https://x/compute/v1/projects/p/global/networks/n", "target": "https://x/compute/v1/projects/q/zones/z/disks/d"}]});
        mark(document.as_object_mut().unwrap(), "p");
        assert_eq!(document["network"], "//compute/projects/p/global/networks/n");
        assert_eq!(document["description"], "global/networks/n");
        assert_eq!(document["items"][0]["value"], "https://x/compute/v1/projects/p/global/networks/n");
        let found: Vec<String> =
            of(document.as_object().unwrap()).into_iter().map(|(field, path)| format!("{field} {path}")).collect();
        assert_eq!(found, ["network projects/p/global/networks/n", "target projects/q/zones/z/disks/d"]);
        expand(&mut document, "http://h/compute/v1/");
        assert_eq!(document["network"], "http://h/compute/v1/projects/p/global/networks/n");
    }
}
