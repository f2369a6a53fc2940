//! A tree of values, as the metadata server shows it: as text with a line for each entry, or as JSON, whose names are in camel case.

use serde_json::{Map, Value, json};

/// A place in the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Entries by name; their names are the API's own.
    Folder(Vec<(String, Node)>),
    /// Entries whose names are the user's own, and stay as they are in JSON.
    Map(Vec<(String, Node)>),
    /// Entries by number.
    List(Vec<Node>),
    /// Text.
    Text(String),
    /// A number.
    Number(i64),
    /// Lines of text, an array in JSON.
    Lines(Vec<String>),
    /// JSON in both forms.
    Json(Value),
    /// Listed, and asked for by itself alone.
    Apart,
}

// === impl Node ===

impl Node {
    /// A folder of such entries.
    pub fn folder<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Self::Folder(entries.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    /// Text.
    pub fn of(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What stands at a path.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let next = match self {
            Self::Folder(entries) | Self::Map(entries) => {
                entries.iter().find(|(name, _)| name == first).map(|(_, node)| node)
            }
            Self::List(items) => items.get(first.parse::<usize>().ok()?),
            _ => None,
        };
        next?.find(rest)
    }

    /// Whether it has entries.
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_) | Self::Map(_) | Self::List(_))
    }

    /// The text: of a folder its names, those of folders with a slash.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Lines(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
            Self::Json(value) => value.to_string(),
            Self::Apart => String::new(),
            folder => {
                let slash = |node: &Node| if node.is_folder() { "/" } else { "" };
                folder.entries().iter().map(|(name, node)| format!("{name}{}\n", slash(node))).collect()
            }
        }
    }

    /// Everything below, a line for each value.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        self.write_lines("", &mut out);
        out
    }

    fn write_lines(&self, path: &str, out: &mut String) {
        match self {
            Self::Apart => {}
            Self::Lines(lines) => lines.iter().for_each(|line| out.push_str(&format!("{path} {line}\n"))),
            node if node.is_folder() => {
                for (name, node) in node.entries() {
                    let below = if path.is_empty() { name } else { format!("{path}/{name}") };
                    node.write_lines(&below, out);
                }
            }
            value => out.push_str(&format!("{path} {}\n", value.text())),
        }
    }

    /// Everything below as JSON.
    pub fn json(&self) -> Value {
        let object = |entries: &[(String, Node)], name: fn(&str) -> String| {
            let shown = entries.iter().filter(|(_, node)| *node != Self::Apart);
            Value::Object(shown.map(|(key, node)| (name(key), node.json())).collect::<Map<_, _>>())
        };
        match self {
            Self::Folder(entries) => object(entries, camel),
            Self::Map(entries) => object(entries, str::to_owned),
            Self::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Lines(lines) => json!(lines),
            Self::Json(value) => value.clone(),
            Self::Apart => Value::Null,
        }
    }

    fn entries(&self) -> Vec<(String, &Node)> {
        match self {
            Self::Folder(entries) | Self::Map(entries) => {
                entries.iter().map(|(name, node)| (name.clone(), node)).collect()
            }
            Self::List(items) => items.iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect(),
            _ => Vec::new(),
        }
    }
}

/// `network-interfaces` is `networkInterfaces`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut characters = part.chars();
        all.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        all + characters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Node {
        Node::folder([
            ("machine-type", Node::of("e2-micro")),
            ("attributes", Node::Map(vec![("my-key".into(), Node::of("v"))])),
            ("disks", Node::List(vec![Node::folder([("index", Node::Number(0))])])),
            ("scopes", Node::Lines(vec!["a".into(), "b".into()])),
            ("token", Node::Apart),
        ])
    }

    #[test]
    fn a_folder_lists_its_names() {
        assert_eq!(tree().text(), "machine-type\nattributes/\ndisks/\nscopes\ntoken\n");
        assert_eq!(tree().find(&["disks", "0", "index"]).unwrap().text(), "0");
        assert!(tree().find(&["disks", "1"]).is_none());
    }

    #[test]
    fn json_has_names_in_camel_case_save_for_the_users_own() {
        let json = json!({"machineType": "e2-micro", "attributes": {"my-key": "v"}, "disks": [{"index": 0}], "scopes": ["a", "b"]});
        assert_eq!(tree().json(), json);
    }

    #[test]
    fn everything_below_has_a_line_each() {
        assert_eq!(tree().lines(), "machine-type e2-micro\nattributes/my-key v\ndisks/0/index 0\nscopes a\nscopes b\n");
    }
}
