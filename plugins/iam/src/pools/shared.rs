//! What pools, providers and their keys have in common: a document, a state, a name; each change an operation that has ended.

use super::Place;
use crate::failures::RETENTION_MS;
use crate::operations::Ended;
use fogbank_sdk::db::{self, Json, Row, Value as Cell, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, id, identity, page};
use serde_json::{Map, Value, json};

/// One of the three.
pub struct Kind {
    pub table: &'static str,
    /// In the answer of `list`.
    pub list: &'static str,
    /// Of `google.iam.v1`.
    pub type_name: &'static str,
    /// The columns of the primary key, from the top.
    pub keys: &'static [&'static str],
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub config: Map<String, Value>,
    pub deleted: Option<Timestamp>,
}

impl Record {
    pub(super) fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self { config: row.take::<Json<_>>("config")?.0, deleted: row.get("deleted_ms")? })
    }
}

impl Kind {
    /// `project = $1 AND id = $2`.
    fn matching(&self, columns: usize) -> String {
        let terms = self.keys.iter().take(columns).enumerate().map(|(at, key)| format!("{key} = ${}", at + 1));
        terms.collect::<Vec<_>>().join(" AND ")
    }

    fn response(&self, place: &Place, record: &Record) -> Value {
        let mut response = super::wire(place, record);
        response["@type"] = json!(format!("type.googleapis.com/google.iam.v1.{}", self.type_name));
        response
    }

    /// The operation of a change that was made.
    fn ended(&self, place: &Place, record: &Record) -> Result<Ended> {
        Ok(Ended {
            name: format!("{}/operations/{}", place.name(), id::token()?),
            owner: place.project.clone(),
            metadata: json!({"@type": format!("type.googleapis.com/google.iam.v1.{}OperationMetadata", self.type_name)}),
            response: self.response(place, record),
        })
    }
}

fn keys(place: &Place) -> Vec<Cell> {
    place.keys().into_iter().map(Cell::from).collect()
}

/// What is there, deleted or not; what was deleted too long ago is not.
pub fn read(kind: &Kind, place: &Place) -> Result<Option<Record>> {
    let sql = format!("SELECT config, deleted_ms FROM {} WHERE {}", kind.table, kind.matching(kind.keys.len()));
    let row = db::query_one(&sql, keys(place))?;
    let record = row.map(|mut row| Record::from_row(&mut row)).transpose()?;
    Ok(record.filter(|record| record.deleted.is_none_or(|deleted| deleted > cutoff())))
}

/// Before when something has to be deleted to be gone for good.
pub fn cutoff() -> Timestamp {
    context::now().plus_millis(-RETENTION_MS)
}

fn found(kind: &Kind, place: &Place) -> Result<Record> {
    read(kind, place)?.ok_or_else(|| absent(place))
}

fn absent(place: &Place) -> Error {
    Error::not_found(format!("{} does not exist.", place.name()))
}

/// Answers `create`.
///
/// Errors: 409 where the id is taken, also by something deleted; 404 where what it is below of is not there.
pub fn create(kind: &Kind, place: &Place, config: Map<String, Value>) -> Result<Response> {
    let record = Record { config, deleted: None };
    let ended = kind.ended(place, &record)?;
    let numbered = kind.keys.len() == 2;
    let columns = format!("{}, config{}", kind.keys.join(", "), if numbered { ", number" } else { "" });
    let count = kind.keys.len() + 1 + usize::from(numbered);
    let values: Vec<String> = (1..=count).map(|at| format!("${at}")).collect();
    let mut cells = keys(place);
    cells.push(Json(&record.config).into());
    if numbered {
        cells.push(place.number.as_str().into());
    }
    let mut expired = keys(place);
    expired.push(cutoff().into());
    let expiry = format!(
        "DELETE FROM {} WHERE {} AND deleted_ms <= ${}",
        kind.table,
        kind.matching(kind.keys.len()),
        expired.len()
    );
    let insert = format!("INSERT INTO {} ({columns}) VALUES ({})", kind.table, values.join(", "));
    if numbered {
        settle(place)?;
    }
    match db::execute(vec![stmt(expiry, expired), stmt(insert, cells), ended.keep()]) {
        Err(error) if error.is_unique() => Err(Error::already_exists(format!("{} already exists.", place.name()))),
        Err(error) if error.is_foreign_key() => {
            Err(Error::not_found(format!("What {} is below of does not exist.", place.name())))
        }
        result => {
            result?;
            identity::changed();
            Ok(Response::json(&ended.wire()))
        }
    }
}

/// Gives a pool its place among resources, and its second name.
fn settle(place: &Place) -> Result<()> {
    let resource = place.resource();
    identity::set_parent(&resource, &crate::projects::resource(&place.project))?;
    if place.numbered_resource() != resource {
        identity::set_parent(&place.numbered_resource(), &resource)?;
    }
    Ok(())
}

/// Answers `get`.
pub fn get(kind: &Kind, place: &Place) -> Result<Response> {
    Ok(Response::json(&super::wire(place, &found(kind, place)?)))
}

/// Answers `list` for what is below `parent`, in order of ids.
pub fn list(kind: &Kind, request: &Request, parent: &Place) -> Result<Response> {
    let size = page::size(request, "pageSize", 50, 1000)? as usize;
    let name = parent.name();
    let after = match page::cursor::<(String, String)>(request)? {
        Some((other, _)) if other != name => return Err(Error::invalid("The page token is of another parent.")),
        cursor => cursor.map(|(_, after)| after).unwrap_or_default(),
    };
    let mut cells = keys(parent);
    let above = cells.len();
    cells.extend(params![after, cutoff(), size + 1]);
    let live = if request.query_bool("showDeleted")? { "OR deleted_ms >" } else { "AND 0 <=" };
    let sql = format!(
        "SELECT id, config, deleted_ms FROM {} WHERE {} AND id > ${} AND (deleted_ms IS NULL {live} ${}) ORDER BY id LIMIT ${}",
        kind.table,
        kind.matching(above),
        above + 1,
        above + 2,
        above + 3
    );
    let mut rows = db::query(&sql, cells)?;
    let more = rows.len() > size;
    rows.truncate(size);
    let mut items = Vec::with_capacity(rows.len());
    let mut last = String::new();
    for row in &mut rows {
        last = row.take("id")?;
        items.push(super::wire(&parent.clone().with(&last), &Record::from_row(row)?));
    }
    let mut answer = json!({});
    if !items.is_empty() {
        answer[kind.list] = json!(items);
    }
    if more {
        answer["nextPageToken"] = json!(page::encode(&(name, last)));
    }
    Ok(Response::json(&answer))
}

/// Answers `patch`: `change` makes the new document of the old one.
pub fn change(
    kind: &Kind,
    place: &Place,
    change: impl Fn(Map<String, Value>) -> Result<Map<String, Value>>,
) -> Result<Response> {
    let table = kind.table;
    let matching = kind.matching(kind.keys.len());
    let ended = db::transaction(|tx| {
        let sql = format!("SELECT config, deleted_ms FROM {table} WHERE {matching} AND deleted_ms IS NULL");
        let mut row = tx.query_one(&sql, keys(place))?.ok_or_else(|| absent(place))?;
        let mut record = Record::from_row(&mut row)?;
        record.config = change(record.config)?;
        let mut cells = keys(place);
        cells.push(Json(&record.config).into());
        let update = format!("UPDATE {table} SET config = ${} WHERE {matching}", cells.len());
        let ended = kind.ended(place, &record)?;
        tx.execute_all(vec![stmt(update, cells), ended.keep()])?;
        Ok(ended)
    })?;
    identity::changed();
    Ok(Response::json(&ended.wire()))
}

/// Answers `delete`.
///
/// Errors: 404, also for what is deleted already.
pub fn delete(kind: &Kind, place: &Place) -> Result<Response> {
    switch(kind, place, Some(context::now()))
}

/// Answers `undelete`.
///
/// Errors: 404, also for what is not deleted.
pub fn undelete(kind: &Kind, place: &Place) -> Result<Response> {
    switch(kind, place, None)
}

fn switch(kind: &Kind, place: &Place, deleted: Option<Timestamp>) -> Result<Response> {
    let mut record = found(kind, place)?;
    if record.deleted.is_some() == deleted.is_some() {
        return Err(match deleted {
            Some(_) => absent(place),
            None => Error::not_found(format!("{} is not deleted.", place.name())),
        });
    }
    record.deleted = deleted;
    let ended = kind.ended(place, &record)?;
    let mut cells = keys(place);
    cells.push(deleted.into());
    let sql =
        format!("UPDATE {} SET deleted_ms = ${} WHERE {}", kind.table, cells.len(), kind.matching(kind.keys.len()));
    let outcomes = db::execute(vec![stmt(sql, cells), ended.keep()])?;
    if outcomes.first().is_none_or(|outcome| outcome.affected == 0) {
        return Err(absent(place));
    }
    identity::changed();
    Ok(Response::json(&ended.wire()))
}

#[cfg(test)]
mod tests {
    use super::super::POOLS;

    #[test]
    fn f25_columns_are_constants_and_values_are_parameters() {
        assert_eq!(POOLS.matching(2), "project = $1 AND id = $2");
        assert_eq!(POOLS.matching(1), "project = $1");
    }
}
