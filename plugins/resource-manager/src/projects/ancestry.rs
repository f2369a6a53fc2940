//! What a project is below of. <https://cloud.google.com/resource-manager/reference/rest/v1/projects/getAncestry>

use super::Project;
use crate::container;
use crate::store::Outside;
use fogbank_sdk::Result;
use serde_json::{Value, json};

/// The project itself, then folders, then the organization, each as a v1 `Ancestor`.
pub fn of(project: &Project) -> Result<Value> {
    let mut ancestors = vec![ancestor("project", &project.id)];
    if let Some(parent) = &project.parent {
        for container in container::chain(&Outside, parent)? {
            if let Some((kind, id)) = container.name.split_once("s/") {
                ancestors.push(ancestor(kind, id));
            }
        }
    }
    Ok(json!({"ancestor": ancestors}))
}

fn ancestor(kind: &str, id: &str) -> Value {
    json!({"resourceId": {"type": kind, "id": id}})
}
