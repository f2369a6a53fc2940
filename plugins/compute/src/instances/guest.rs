//! What an instance says of itself: guest attributes, the identity of its virtual trusted platform module.

use compute_api::call::Call;
use compute_api::path::Path;
use compute_api::{failure, store};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde_json::{Value, json};

/// `GET .../getGuestAttributes?queryPath=NAMESPACE/KEY`
///
/// Errors: 404 where there are none of that path.
pub fn get_guest_attributes(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let instance = store::get(&path)?;
    let wanted = request.query("queryPath").or(request.query("variableKey")).unwrap_or_default();
    let found = select(all(instance.id)?, wanted);
    if found.is_empty() {
        return Err(Error::not_found(format!("The resource '{path}/guestAttributes/{wanted}' was not found")));
    }
    let items: Vec<Value> = found
        .into_iter()
        .map(|(namespace, key, value)| json!({"namespace": namespace, "key": key, "value": value}))
        .collect();
    let mut answer = json!({
        "kind": "compute#guestAttributes",
        "selfLink": format!("{}{path}/getGuestAttributes", call.base),
        "queryPath": wanted,
    });
    if let ([only], true) = (items.as_slice(), is_key(wanted)) {
        answer["variableKey"] = json!(wanted);
        answer["variableValue"] = only["value"].clone();
    }
    answer["queryValue"] = json!({"items": items});
    Ok(Response::json(&answer).into())
}

/// `GET .../getShieldedInstanceIdentity`: there is no such module behind an instance, so it has no keys to show.
///
/// Errors: 404.
pub fn get_shielded_instance_identity(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    store::get(&call.target(&request)?)?;
    Ok(Response::json(&json!({"kind": "compute#shieldedInstanceIdentity"})).into())
}

/// An attribute: its namespace, key and value.
pub type Attribute = (String, String, String);

/// All attributes of an instance, in order.
pub fn all(instance: i64) -> Result<Vec<Attribute>> {
    let sql = "SELECT namespace, key, value FROM guest_attribute WHERE instance = $1 ORDER BY namespace, key";
    let rows = db::query(sql, params![instance])?;
    rows.into_iter().map(|row| Ok((row.get("namespace")?, row.get("key")?, row.get("value")?))).collect()
}

/// Writes one, as the instance itself does.
///
/// Errors: 400 for a path or a value that cannot be.
pub fn write(instance: i64, path: &str, value: &str) -> Result<()> {
    let (namespace, key) = split(path)?;
    if value.len() > 64 << 10 {
        return Err(failure::invalid("value", value.len(), "It may have at most 65536 bytes."));
    }
    let sql = "INSERT INTO guest_attribute (instance, namespace, key, value) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (instance, namespace, key) DO UPDATE SET value = excluded.value";
    db::execute(vec![db::stmt(sql, params![instance, namespace, key, value])])?;
    Ok(())
}

/// Removes one.
///
/// Errors: 400 for a path that is none.
pub fn remove(instance: i64, path: &str) -> Result<()> {
    let (namespace, key) = split(path)?;
    let sql = "DELETE FROM guest_attribute WHERE instance = $1 AND namespace = $2 AND key = $3";
    db::execute(vec![db::stmt(sql, params![instance, namespace, key])])?;
    Ok(())
}

/// Removes all, with their instance.
pub fn forget(tx: &db::Transaction, instance: i64) -> Result<()> {
    tx.execute("DELETE FROM guest_attribute WHERE instance = $1", params![instance])?;
    Ok(())
}

fn split(path: &str) -> Result<(&str, &str)> {
    let form = |text: &str| {
        !text.is_empty()
            && text.len() <= 128
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let parts = path.trim_matches('/').split_once('/').filter(|(namespace, key)| form(namespace) && form(key));
    parts.ok_or_else(|| failure::invalid("queryPath", path, "It has to be NAMESPACE/KEY."))
}

fn is_key(path: &str) -> bool {
    split(path).is_ok() && !path.ends_with('/')
}

fn select(all: Vec<Attribute>, path: &str) -> Vec<Attribute> {
    let (namespace, key) = path.trim_matches('/').split_once('/').unwrap_or((path.trim_matches('/'), ""));
    let wanted = |attribute: &Attribute| {
        (namespace.is_empty() || attribute.0 == namespace) && (key.is_empty() || attribute.1 == key)
    };
    all.into_iter().filter(wanted).collect()
}

/// The path of the instance of a numeric id.
pub fn path_of(instance: i64) -> Result<Option<Path>> {
    Ok(store::by_id(instance)?.map(|found| found.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_namespace_and_key() {
        let all = || vec![("a".into(), "k".into(), "1".into()), ("b".into(), "k".into(), "2".into())];
        assert_eq!(select(all(), "").len(), 2);
        assert_eq!(select(all(), "a/").len(), 1);
        assert_eq!(select(all(), "b/k")[0].2, "2");
        assert!(select(all(), "a/x").is_empty());
        assert!(split("a/b").is_ok() && split("a").is_err() && split("a/b/c").is_err());
    }
}
