//! Access lists in XML. <https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogacl>

use super::reader::{self, Node};
use super::writer::{self, Writer};
use crate::model::acl::Entry;
use fogbank_sdk::{Error, Result};
use serde_json::{Value, json};

/// The document of a list.
pub fn document(entries: &[Entry], owner: &str) -> String {
    writer::document("AccessControlList", "", |xml| {
        xml.nest("Owner", |xml| xml.text("ID", owner));
        xml.nest("Entries", |xml| entries.iter().for_each(|entry| write(xml, entry)));
    })
}

fn write(xml: &mut Writer, entry: &Entry) {
    let (kind, field, value) = scope(&entry.entity);
    xml.nest("Entry", |xml| {
        xml.nest_with("Scope", ("type", kind), |xml| {
            if !field.is_empty() {
                xml.text(field, value);
            }
        });
        xml.text("Permission", permission(&entry.role));
    });
}

/// The type of an entity, and the element that names it.
fn scope(entity: &str) -> (&'static str, &'static str, &str) {
    match entity.split_once('-') {
        None if entity == "allUsers" => ("AllUsers", "", ""),
        None => ("AllAuthenticatedUsers", "", ""),
        Some(("user", email)) if email.contains('@') => ("UserByEmail", "EmailAddress", email),
        Some(("user", id)) => ("UserById", "ID", id),
        Some(("group", email)) if email.contains('@') => ("GroupByEmail", "EmailAddress", email),
        Some(("domain", domain)) => ("GroupByDomain", "Domain", domain),
        // A project's team is a group with an id of its own; here its name is that id.
        _ => ("GroupById", "ID", entity),
    }
}

fn permission(role: &str) -> &'static str {
    match role {
        "OWNER" => "FULL_CONTROL",
        "WRITER" => "WRITE",
        _ => "READ",
    }
}

/// The entries of a document, as the JSON API takes them.
///
/// Errors: 400 `MalformedACLError`.
pub fn entries(list: Node) -> Result<Value> {
    let entries = list.child("Entries").ok_or_else(|| bad("Entries are missing."))?;
    entries.children("Entry").map(entry).collect()
}

fn entry(node: Node) -> Result<Value> {
    let scope = node.child("Scope").ok_or_else(|| bad("An entry has no Scope."))?;
    let role = match node.text("Permission").as_deref() {
        Some("FULL_CONTROL") => "OWNER",
        Some("WRITE") => "WRITER",
        Some("READ") => "READER",
        _ => return Err(bad("A Permission is FULL_CONTROL, WRITE or READ.")),
    };
    Ok(json!({"entity": entity(scope)?, "role": role}))
}

fn entity(scope: Node) -> Result<String> {
    let named = |field: &str| scope.text(field).ok_or_else(|| bad(&format!("A Scope has no {field}.")));
    Ok(match scope.attribute("type").unwrap_or_default() {
        "AllUsers" => "allUsers".to_owned(),
        "AllAuthenticatedUsers" => "allAuthenticatedUsers".to_owned(),
        "UserByEmail" => format!("user-{}", named("EmailAddress")?),
        "UserById" => format!("user-{}", named("ID")?),
        "GroupByEmail" => format!("group-{}", named("EmailAddress")?),
        "GroupByDomain" => format!("domain-{}", named("Domain")?),
        "GroupById" => match named("ID")? {
            team if team.starts_with("project-") => team,
            id => format!("group-{id}"),
        },
        other => return Err(bad(&format!("There is no Scope of type '{other}'."))),
    })
}

fn bad(details: &str) -> Error {
    reader::malformed(details).with_reason("MalformedACLError")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    fn read(text: &str) -> Result<Value> {
        reader::read(&mut Body::from(text.as_bytes().to_vec()), "AccessControlList", entries)
    }

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        let list = [
            Entry::new("project-owners-7", "OWNER"),
            Entry::new("user-ann@example.com", "WRITER"),
            Entry::new("group-g@example.com", "READER"),
            Entry::new("domain-example.com", "READER"),
            Entry::new("allUsers", "READER"),
            Entry::new("allAuthenticatedUsers", "READER"),
        ];
        let again: Vec<Entry> = serde_json::from_value(read(&document(&list, "o")).unwrap()).unwrap();
        assert_eq!(again, list);
    }

    #[test]
    fn f35_a_broken_list_is_400() {
        let entry =
            |inner: &str| format!("<AccessControlList><Entries><Entry>{inner}</Entry></Entries></AccessControlList>");
        for text in [
            "<AccessControlList/>".to_owned(),
            entry(""),
            entry("<Scope type='AllUsers'/>"),
            entry("<Scope type='AllUsers'/><Permission>OWNER</Permission>"),
            entry("<Scope type='UserByEmail'/><Permission>READ</Permission>"),
            entry("<Scope/><Permission>READ</Permission>"),
        ] {
            assert_eq!(read(&text).unwrap_err().reason(), "MalformedACLError", "{text}");
        }
    }
}
