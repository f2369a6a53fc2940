//! `project/`: what all instances of a project share.

use super::node::Node;
use compute_api::store::Resource;
use serde_json::Value;

/// The tree of a project.
pub fn node(project: &Resource) -> Node {
    Node::folder([
        ("attributes", attributes(project.body.get("commonInstanceMetadata"))),
        ("numeric-project-id", Node::Number(project.id)),
        ("project-id", Node::of(&project.path.project)),
    ])
}

/// The entries of metadata.
pub fn attributes(metadata: Option<&Value>) -> Node {
    let items = metadata.and_then(|metadata| metadata["items"].as_array()).into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Node::Map(items.map(|item| (text(&item["key"]), Node::of(text(&item["value"])))).collect())
}
