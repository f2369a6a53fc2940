//! The tables of `spec/` as they are read. Their first lines say what the columns are.

#![allow(dead_code, reason = "the build reads other columns than the generator of routes does")]

use std::collections::BTreeMap;

/// A method of the API.
#[derive(Debug, Clone)]
pub struct Method {
    /// `instances.setTags`
    pub id: String,
    pub verb: String,
    /// `projects/{project}/zones/{zone}/instances/{instance}/setTags`
    pub path: String,
    pub request: Option<String>,
    pub response: Option<String>,
    /// `compute#operation`
    pub kind: Option<String>,
    pub query: Vec<String>,
    /// Of a list: the field that holds the items, and their schema.
    pub items: Option<(String, String)>,
}

impl Method {
    /// `instances` of `instances.setTags`.
    pub fn collection(&self) -> &str {
        self.id.split_once('.').map_or("", |(collection, _)| collection)
    }

    /// `setTags` of `instances.setTags`.
    pub fn action(&self) -> &str {
        self.id.split_once('.').map_or("", |(_, action)| action)
    }
}

/// A field of a schema.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    /// `string`, `[Reference]`, `{string}`
    pub kind: String,
    pub flags: Vec<String>,
    pub values: Vec<String>,
    pub pattern: Option<String>,
}

/// Schemas by name, their fields by name.
pub type Schemas = BTreeMap<String, Vec<Field>>;

/// The lines of `spec/methods.tsv`.
pub fn methods(text: &str) -> Vec<Method> {
    rows(text).map(method).collect()
}

/// The lines of `spec/schemas.tsv`.
pub fn schemas(text: &str) -> Schemas {
    let mut schemas = Schemas::new();
    for row in rows(text) {
        let [schema, name, kind, flags, values, pattern] = row[..] else { panic!("{row:?} has not six columns") };
        let fields = schemas.entry(schema.to_owned()).or_default();
        if name != "-" {
            fields.push(Field {
                name: name.to_owned(),
                kind: kind.to_owned(),
                flags: several(flags),
                values: several(values),
                pattern: some(pattern),
            });
        }
    }
    schemas.values_mut().for_each(|fields| fields.sort_by(|one, other| one.name.cmp(&other.name)));
    schemas
}

/// The fields of each line that is no comment.
pub fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

fn method(row: Vec<&str>) -> Method {
    let [id, verb, path, request, response, kind, query, items] = row[..] else {
        panic!("{row:?} has not eight columns")
    };
    Method {
        id: id.to_owned(),
        verb: verb.to_owned(),
        path: path.to_owned(),
        request: some(request),
        response: some(response),
        kind: some(kind),
        query: several(query),
        items: some(items).map(|items| {
            let (field, schema) = items.split_once('=').unwrap_or_else(|| panic!("{items} is not FIELD=SCHEMA"));
            (field.to_owned(), schema.to_owned())
        }),
    }
}

fn some(column: &str) -> Option<String> {
    (column != "-").then(|| column.to_owned())
}

fn several(column: &str) -> Vec<String> {
    if column == "-" { Vec::new() } else { column.split(',').map(str::to_owned).collect() }
}
