//! Finding objects, together with the bucket that they are in.

use super::record::{self, Object, State};
use crate::model::bucket::{self, Bucket};
use fogbank_sdk::db::{self, Row, Transaction, Value, params};
use fogbank_sdk::precondition::Version;
use fogbank_sdk::{Error, RequestHead, Result};
use std::sync::LazyLock;

/// An object and its bucket.
#[derive(Debug, Clone)]
pub struct Found {
    pub bucket: Bucket,
    pub object: Object,
}

/// Which generation is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The live one.
    Live,
    /// This one, live or noncurrent.
    Generation(i64),
    /// This one, soft-deleted.
    SoftDeleted(i64),
}

impl Which {
    /// What `generation` says.
    pub fn of(request: &RequestHead) -> Result<Which> {
        Ok(Self::numbered(request.query_i64("generation")?))
    }

    /// The live one where there is no number.
    pub fn numbered(generation: Option<i64>) -> Which {
        generation.map_or(Which::Live, Which::Generation)
    }

    fn clause(self) -> &'static str {
        match self {
            Which::Live => "o.state = 'live'",
            Which::Generation(_) => "o.state <> 'softdeleted' AND o.generation = $3",
            Which::SoftDeleted(_) => "o.state = 'softdeleted' AND o.generation = $3",
        }
    }

    /// The parameters of the query. The live generation is found by an index of its own: by the key, a name that has
    /// been overwritten often would be read through.
    fn params(self, bucket: &str, name: &str) -> Vec<Value> {
        match self {
            Which::Live => params![bucket, name],
            Which::Generation(generation) | Which::SoftDeleted(generation) => params![bucket, name, generation],
        }
    }
}

/// 404 in the words of the real service.
pub fn no_such_object(bucket: &str, name: &str) -> Error {
    Error::not_found(format!("No such object: {bucket}/{name}"))
}

/// The generation and metageneration, for preconditions.
pub fn version(object: &Object) -> Version {
    Version { generation: object.generation, metageneration: object.metageneration }
}

/// The object and its bucket in one query, outside a transaction. 404 without the bucket, or without the object.
pub fn find(bucket: &str, name: &str, which: Which) -> Result<Found> {
    let (bucket, object) = peek(bucket, name, which)?;
    let object = object.ok_or_else(|| no_such_object(&bucket.name, name))?;
    Ok(Found { bucket, object })
}

/// As [`find`], and no object where there is none; 404 without the bucket.
pub fn peek(bucket: &str, name: &str, which: Which) -> Result<(Bucket, Option<Object>)> {
    let row = db::query_one(&joined(which), which.params(bucket, name))?;
    split(row.ok_or_else(bucket::not_found)?)
}

/// The object and its bucket, as a transaction sees them; no object where there is none, 404 without the bucket.
pub fn look(tx: &Transaction, bucket: &str, name: &str, which: Which) -> Result<(Bucket, Option<Object>)> {
    let row = tx.query_one(&joined(which), which.params(bucket, name))?;
    split(row.ok_or_else(bucket::not_found)?)
}

/// As [`look`], and 404 without the object.
pub fn find_in(tx: &Transaction, bucket: &str, name: &str, which: Which) -> Result<Found> {
    let (found, object) = look(tx, bucket, name, which)?;
    let object = object.ok_or_else(|| no_such_object(bucket, name))?;
    Ok(Found { bucket: found, object })
}

/// What a write has to know of the place that it goes to.
#[derive(Debug, Clone)]
pub struct Place {
    pub bucket: Bucket,
    pub live: Option<Object>,
    /// The highest generation that the name has.
    pub latest: Option<i64>,
    /// Whether somebody has set an IAM policy on an object of that name.
    pub has_policy: bool,
}

/// The place that a write goes to, in one query.
pub fn for_write(tx: &Transaction, bucket: &str, name: &str) -> Result<Place> {
    let row = tx.query_one(&WRITE, params![bucket, name])?.ok_or_else(bucket::not_found)?;
    let (latest, noted): (_, Option<i64>) = (row.get("latest")?, row.get("noted")?);
    let (bucket, live) = split(row)?;
    Ok(Place { bucket, live, latest, has_policy: noted.is_some() })
}

/// One generation by its key, whatever its state.
pub fn by_key(bucket: i64, name: &str, generation: i64) -> Result<Option<Object>> {
    let sql = format!("SELECT {} FROM objects WHERE bucket = $1 AND name = $2 AND generation = $3", record::COLUMNS);
    let row = db::query_one(&sql, params![bucket, name, generation])?;
    Ok(row.map(Object::read).transpose()?)
}

static SELECTED: LazyLock<String> = LazyLock::new(|| {
    let of_bucket = bucket::COLUMNS.split(", ").map(|column| format!("b.{column} AS b_{column}"));
    let of_object = record::COLUMNS.split(", ").map(|column| format!("o.{column}"));
    of_bucket.chain(of_object).collect::<Vec<_>>().join(", ")
});

static WRITE: LazyLock<String> = LazyLock::new(|| {
    let latest = "(SELECT MAX(x.generation) FROM objects x WHERE x.bucket = b.id AND x.name = $2) AS latest";
    let noted = "(SELECT p.bucket FROM object_policies p WHERE p.bucket = b.id AND p.name = $2) AS noted";
    select(&format!("{}, {latest}, {noted}", *SELECTED), Which::Live.clause())
});

fn joined(which: Which) -> String {
    select(&SELECTED, which.clause())
}

fn select(columns: &str, clause: &str) -> String {
    format!(
        "SELECT {columns} FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = $2 AND {clause} \
         WHERE b.name = $1 AND b.soft_deleted_ms IS NULL"
    )
}

fn split(mut row: Row) -> Result<(Bucket, Option<Object>)> {
    let mut cells: Vec<(&str, Value)> = Vec::new();
    for column in bucket::COLUMNS.split(", ") {
        cells.push((column, row.take(&format!("b_{column}"))?));
    }
    let bucket = Bucket::from_row(&mut Row::new(cells))?;
    let object = match row.get::<Option<i64>>("bucket")? {
        Some(_) => Some(Object::read(row)?),
        None => None,
    };
    Ok((bucket, object))
}

impl Found {
    /// Whether it is the live generation.
    pub fn is_live(&self) -> bool {
        self.object.state == State::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f13_a_look_up_names_the_terms_of_its_index() {
        assert!(joined(Which::Live).contains("o.bucket = b.id AND o.name = $2 AND o.state = 'live'"));
        assert!(joined(Which::Generation(1)).contains("o.state <> 'softdeleted' AND o.generation = $3"));
        assert!(joined(Which::Live).contains("b.name AS b_name") && joined(Which::Live).contains("o.restore_token"));
    }
}
