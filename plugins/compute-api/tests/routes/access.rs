//! Which permission a method needs, and on which resource.

use std::collections::BTreeMap;

use compute_api::collections::{self, Scope};

use crate::tables::{self, Method};

/// `spec/permissions.tsv`
pub struct Permissions(BTreeMap<String, String>);

impl Permissions {
    pub fn read() -> Self {
        let text = crate::own("spec/permissions.tsv");
        let rows = tables::rows(&text).map(|row| match row[..] {
            [method, permission] => (method.to_owned(), permission.to_owned()),
            _ => panic!("{row:?} has not two columns"),
        });
        Self(rows.collect())
    }

    /// `compute.instances.create` of `instances.insert`.
    pub fn of(&self, method: &Method) -> String {
        if let Some(whole) = self.0.get(&method.id) {
            return format!("compute.{whole}");
        }
        let (collection, action) = (method.collection(), method.action());
        let renamed = |key: String, part: fn(&str) -> &str, own| self.0.get(&key).map_or(own, |line| part(line));
        let collection = renamed(format!("{collection}.*"), |line| line.trim_end_matches(".*"), collection);
        let action = renamed(format!("*.{action}"), |line| line.trim_start_matches("*."), action);
        format!("compute.{collection}.{action}")
    }

    /// That no line is about a method which there is not.
    pub fn check(&self, methods: &[Method]) {
        for line in self.0.keys() {
            let about = |method: &Method| {
                *line == method.id
                    || *line == format!("{}.*", method.collection())
                    || *line == format!("*.{}", method.action())
            };
            assert!(methods.iter().any(about), "permissions.tsv: {line} is no method");
        }
    }
}

/// The full name of what a method is about: the resource, or its project where the method is about a collection.
pub fn resource(method: &Method) -> String {
    let known = collections::method(&method.id).unwrap_or_else(|| panic!("{} is no method", method.id));
    let Some(param) = known.param.filter(|_| known.place().is_some()) else { return around(method) };
    let hole = format!("{{{param}}}");
    match known.in_query {
        true => format!("//compute.googleapis.com/{}/{{query.{param}}}", method.path),
        false => {
            let end = method.path.find(&hole).unwrap_or_else(|| panic!("{} has no {hole}", method.path)) + hole.len();
            format!("//compute.googleapis.com/{}", &method.path[..end])
        }
    }
}

/// What the collection of a method is in: the project; for policies of organizations what the query says.
fn around(method: &Method) -> String {
    if collections::method(&method.id).is_none_or(|method| method.scope != Scope::Organization) {
        return "//cloudresourcemanager.googleapis.com/projects/{project}".to_owned();
    }
    let parent = ["parentId", "targetResource"].into_iter().find(|name| method.query.iter().any(|query| query == name));
    format!("//cloudresourcemanager.googleapis.com/{{query.{}}}", parent.unwrap_or("parentId"))
}
