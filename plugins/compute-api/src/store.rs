//! Resources as rows: where they are, and the document that the API shows, with links marked.

use crate::failure;
use crate::path::{Path, Scope};
use crate::{links, show};
use fogbank_sdk::db::{self, Row, Transaction, params};
use fogbank_sdk::{Error, Result, Timestamp, context, id};
use serde_json::{Map, Value};

const COLUMNS: &str = "path, id, created_ms, body";

/// A resource as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name.
    pub path: Path,
    /// The numeric id.
    pub id: i64,
    /// When it was made.
    pub created: Timestamp,
    /// Its fields, less those that follow from the rest (`id`, `name`, `selfLink`, fingerprints).
    pub body: Map<String, Value>,
    /// The fingerprint of what stands in the row, whatever is added for those who see it. Of kinds that have one.
    pub fingerprint: Option<String>,
}

/// Where a page of a list begins, and which way it goes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Scope of the last one on the page before.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// Its age, where that is the order.
    pub created_ms: i64,
}

// === impl Resource ===

impl Resource {
    /// A new one, with an id of its own; not yet a row.
    pub fn new(path: Path, body: Map<String, Value>) -> Result<Self> {
        let number =
            i64::try_from(id::numeric()? & (i64::MAX as u64)).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self::at(path, number, context::now(), body))
    }

    /// One of which all is known, with no row.
    pub fn at(path: Path, id: i64, created: Timestamp, body: Map<String, Value>) -> Self {
        Self { path, id, created, body, fingerprint: None }
    }

    fn from_row(mut row: Row) -> Result<Self> {
        let path: String = row.take("path")?;
        let body: String = row.take("body")?;
        let mut resource = Self::at(
            Path::parse(&path).ok_or_else(|| Error::internal(format!("a row's path is {path}")))?,
            row.get("id")?,
            Timestamp::from_millis(row.get("created_ms")?),
            serde_json::from_str(&body).map_err(|error| Error::internal(format!("{path}: {error}")))?,
        );
        let form = resource.path.place().and_then(|place| place.schema());
        if form.is_some_and(|form| form.field("fingerprint").is_some()) {
            resource.fingerprint = Some(show::fingerprint(&resource)?);
        }
        Ok(resource)
    }

    /// A field that is text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }

    /// What a field links to.
    pub fn link(&self, field: &str) -> Option<Path> {
        links::field(&self.body, field)
    }

    /// Sets a field.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) {
        self.body.insert(field.to_owned(), value.into());
    }
}

/// The resource, outside a transaction.
///
/// Errors: 404.
pub fn get(path: &Path) -> Result<Resource> {
    let row = db::query_one(&format!("SELECT {COLUMNS} FROM resource WHERE path = $1"), params![path.to_string()])?;
    row.map_or_else(|| Err(failure::not_found(path)), Resource::from_row)
}

/// The resource, if it is there.
pub fn find(tx: &Transaction, path: &Path) -> Result<Option<Resource>> {
    let row = tx.query_one(&format!("SELECT {COLUMNS} FROM resource WHERE path = $1"), params![path.to_string()])?;
    row.map(Resource::from_row).transpose()
}

/// The resource.
///
/// Errors: 404.
pub fn load(tx: &Transaction, path: &Path) -> Result<Resource> {
    find(tx, path)?.ok_or_else(|| failure::not_found(path))
}

/// The resource of a numeric id.
pub fn by_id(id: i64) -> Result<Option<Resource>> {
    let row = db::query_one(&format!("SELECT {COLUMNS} FROM resource WHERE id = $1"), params![id])?;
    row.map(Resource::from_row).transpose()
}

/// Writes a new row and its links.
///
/// Errors: 409 where the name is taken.
pub fn insert(tx: &Transaction, resource: &Resource) -> Result<()> {
    let path = &resource.path;
    let taken = tx.query_one("SELECT id FROM resource WHERE path = $1", params![path.to_string()])?;
    if taken.is_some() {
        return Err(failure::already_exists(path));
    }
    tx.execute(
        "INSERT INTO resource (path, project, collection, scope, name, id, created_ms, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            path.to_string(),
            path.project.as_str(),
            path.collection.as_str(),
            path.scope.to_string(),
            path.name.as_str(),
            resource.id,
            resource.created.millis(),
            text(&resource.body)?,
        ],
    )?;
    write_links(tx, resource)
}

/// Writes what has changed of a row.
pub fn save(tx: &Transaction, resource: &Resource) -> Result<()> {
    let path = resource.path.to_string();
    let changed =
        tx.execute("UPDATE resource SET body = $2 WHERE path = $1", params![path.as_str(), text(&resource.body)?])?;
    if changed == 0 {
        return Err(failure::not_found(&resource.path));
    }
    let kept = tx.query("SELECT target FROM link WHERE source = $1 ORDER BY target", params![path.as_str()])?;
    let kept = kept.into_iter().map(|row| row.get("target")).collect::<std::result::Result<Vec<String>, _>>()?;
    if kept == bound(resource) {
        return Ok(());
    }
    tx.execute("DELETE FROM link WHERE source = $1", params![path])?;
    write_links(tx, resource)
}

/// Removes a row that nothing refers to.
///
/// Errors: 400 `resourceInUseByAnotherResource`.
pub fn delete(tx: &Transaction, path: &Path) -> Result<()> {
    if let Some(user) = user_of(tx, path)? {
        return Err(failure::in_use(path, &user));
    }
    remove(tx, path)
}

/// Removes a row, whoever refers to it.
pub fn remove(tx: &Transaction, path: &Path) -> Result<()> {
    let path = path.to_string();
    tx.execute("DELETE FROM link WHERE source = $1", params![path.as_str()])?;
    tx.execute("DELETE FROM resource WHERE path = $1", params![path])?;
    Ok(())
}

/// A resource that needs another one, if there is one.
pub fn user_of(tx: &Transaction, path: &Path) -> Result<Option<String>> {
    let sql = "SELECT source FROM link WHERE target = $1 AND source <> $1 ORDER BY source LIMIT 1";
    let row = tx.query_one(sql, params![path.to_string()])?;
    Ok(row.map(|row| row.get("source")).transpose()?)
}

/// All resources that need another one.
pub fn users_of(tx: &Transaction, path: &Path) -> Result<Vec<String>> {
    let rows = tx.query("SELECT source FROM link WHERE target = $1 ORDER BY source", params![path.to_string()])?;
    rows.into_iter().map(|row| Ok(row.get("source")?)).collect()
}

fn write_links(tx: &Transaction, resource: &Resource) -> Result<()> {
    let mut values = params![resource.path.to_string()];
    let mut rows = Vec::new();
    for target in bound(resource) {
        values.push(target.into());
        rows.push(format!("($1, ${})", values.len()));
    }
    if !rows.is_empty() {
        tx.execute(&format!("INSERT INTO link (source, target) VALUES {}", rows.join(", ")), values)?;
    }
    Ok(())
}

/// What has to stay while the resource is there, sorted.
fn bound(resource: &Resource) -> Vec<String> {
    // A template names what will be used by machines that are not there yet.
    if resource.path.collection == "instanceTemplates" {
        return Vec::new();
    }
    let links = links::of(&resource.body).into_iter();
    let binding = links.filter(|(field, target)| binds(field) && *target != resource.path);
    let mut targets: Vec<String> = binding.map(|(_, target)| target.to_string()).collect();
    targets.sort();
    targets.dedup();
    targets
}

/// Whether what a field names has to stay. `sourceImage` and its like only say where something came from.
fn binds(field: &str) -> bool {
    // A machine may go without asking the target pools that it is in.
    let loose = ["users", "instances", "lastStartTimestamp"];
    let is_origin = field.starts_with("source") && field.len() > "source".len();
    !is_origin && !loose.contains(&field)
}

fn text(body: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(body).map_err(|error| Error::internal(error.to_string()))
}

/// Which resources a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Id of the project.
    pub project: &'a str,
    /// `instances`
    pub collection: &'a str,
    /// None for all.
    pub scope: Option<&'a Scope>,
    /// Exactly this name.
    pub name: Option<&'a str>,
    /// Youngest first; by scope and name otherwise.
    pub by_age: bool,
}

/// At most `limit` resources behind `after`.
pub fn list(query: Query<'_>, after: Option<&Cursor>, limit: u32) -> Result<Vec<Resource>> {
    let mut sql = format!("SELECT {COLUMNS} FROM resource WHERE project = $1 AND collection = $2");
    let mut values = params![query.project, query.collection];
    let bind = |values: &mut Vec<db::Value>, value: db::Value| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(scope) = query.scope {
        sql += &format!(" AND scope = {}", bind(&mut values, scope.to_string().into()));
    }
    if let Some(name) = query.name {
        sql += &format!(" AND name = {}", bind(&mut values, name.into()));
    }
    if let Some(after) = after {
        let name = bind(&mut values, after.name.as_str().into());
        // In forms that an index seeks by: rows before the page are not read.
        let behind = match query.scope {
            Some(_) => format!("name > {name}"),
            None => format!("(scope, name) > ({}, {name})", bind(&mut values, after.scope.as_str().into())),
        };
        match query.by_age {
            false => sql += &format!(" AND {behind}"),
            true => {
                let age = bind(&mut values, after.created_ms.into());
                sql += &format!(" AND created_ms <= {age} AND (created_ms < {age} OR ({behind}))");
            }
        }
    }
    let limit = bind(&mut values, i64::from(limit).into());
    let order = if query.by_age { "created_ms DESC, scope, name" } else { "scope, name" };
    sql += &format!(" ORDER BY {order} LIMIT {limit}");
    db::query(&sql, values)?.into_iter().map(Resource::from_row).collect()
}

/// All resources of a collection in a project, inside a transaction.
pub fn all(tx: &Transaction, project: &str, collection: &str) -> Result<Vec<Resource>> {
    let sql = format!("SELECT {COLUMNS} FROM resource WHERE project = $1 AND collection = $2 ORDER BY scope, name");
    tx.query(&sql, params![project, collection])?.into_iter().map(Resource::from_row).collect()
}

/// Resources whose links have `target`, of one collection.
pub fn linked(tx: &Transaction, target: &Path, collection: &str) -> Result<Vec<Resource>> {
    let columns =
        COLUMNS.split(", ").map(|column| format!("resource.{column} AS {column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns} FROM link JOIN resource ON resource.path = link.source \
         WHERE link.target = $1 AND resource.collection = $2 ORDER BY resource.scope, resource.name"
    );
    tx.query(&sql, params![target.to_string(), collection])?.into_iter().map(Resource::from_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_does_not_bind() {
        assert!(binds("source") && binds("network") && binds("resourcePolicies"));
        assert!(!binds("sourceImage") && !binds("sourceSnapshot") && !binds("users"));
    }
}
