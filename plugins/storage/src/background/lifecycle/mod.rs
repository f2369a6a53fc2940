//! Lifecycle rules, carried out. A run looks at a bounded number of pages and writes down where it stopped; the next one
//! goes on there. Each object is changed in a transaction of its own, which looks at it again first.

mod apply;
pub mod decide;
mod multipart;

use crate::model::bucket::{Bucket, COLUMNS};
use crate::model::config::Rule;
use crate::objects::record::{self, Object};
use decide::Decision;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Result, context, log};

/// Rows of a page: few enough that the largest ones fit into an answer of the database.
const PAGE: usize = 100;
const PAGES: usize = 100;

/// Behind which object a pass over a bucket goes on.
#[derive(Debug, Clone, Default, PartialEq)]
struct Cursor {
    name: String,
    generation: i64,
}

/// One run. Gives whether there is more to do.
pub fn run() -> Result<bool> {
    let (mut from, mut cursor) = resume()?;
    let mut pages = PAGES;
    while let Some(bucket) = next_bucket(from)? {
        if bucket.id != from {
            cursor = Cursor::default();
        }
        if let Some(stopped) = pass(&bucket, cursor, &mut pages)? {
            stop(bucket.id, &stopped)?;
            return Ok(true);
        }
        finish(bucket.id)?;
        (from, cursor) = (bucket.id + 1, Cursor::default());
    }
    Ok(false)
}

/// Looks at the bucket's objects behind `cursor`; gives where it stopped for want of pages.
fn pass(bucket: &Bucket, mut cursor: Cursor, pages: &mut usize) -> Result<Option<Cursor>> {
    let rules = bucket.config.lifecycle.as_ref().map(|lifecycle| lifecycle.rule.as_slice()).unwrap_or_default();
    if cursor == Cursor::default() {
        multipart::abort(bucket, rules)?;
    }
    loop {
        if *pages == 0 {
            return Ok(Some(cursor));
        }
        *pages -= 1;
        let page = page(bucket, rules, &cursor)?;
        for (object, newer) in &page {
            let decision = decide::decide(rules, object, *newer, context::now());
            if decision == Decision::Keep {
                continue;
            }
            // One object that cannot be changed must not keep the rules from all others; the next pass tries it again.
            if let Err(error) = apply::apply(bucket, object, &decision) {
                log::error!("a lifecycle rule could not be carried out on one object: {error:?}");
            }
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some((last, _)) => cursor = Cursor { name: last.name.clone(), generation: last.generation },
            None => return Ok(None),
        }
    }
}

/// Objects behind `cursor`, each with the number of newer generations, which is counted only where a rule asks.
fn page(bucket: &Bucket, rules: &[Rule], cursor: &Cursor) -> Result<Vec<(Object, i64)>> {
    let newer = if rules.iter().any(|rule| rule.condition.num_newer_versions.is_some()) {
        "(SELECT COUNT(*) FROM objects n WHERE n.bucket = objects.bucket AND n.name = objects.name \
          AND n.generation > objects.generation AND n.state <> 'softdeleted')"
    } else {
        "CAST(0 AS BIGINT)"
    };
    let columns = record::COLUMNS;
    let sql = format!(
        "SELECT {columns}, {newer} AS newer FROM objects WHERE bucket = $1 AND (name, generation) > ($2, $3) \
         AND state <> 'softdeleted' ORDER BY name, generation LIMIT $4"
    );
    let rows = db::query(&sql, params![bucket.id, &cursor.name, cursor.generation, PAGE])?;
    rows.into_iter()
        .map(|row| Ok((row.get("newer")?, row)))
        .map(|pair: Result<(i64, db::Row)>| {
            let (newer, row) = pair?;
            Ok((Object::read(row)?, newer))
        })
        .collect()
}

fn next_bucket(from: i64) -> Result<Option<Bucket>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM buckets WHERE id >= $1 AND soft_deleted_ms IS NULL AND config LIKE '%\"lifecycle\":%' \
         ORDER BY id LIMIT 1"
    );
    let row = db::query_one(&sql, params![from])?;
    row.map(|mut row| Bucket::from_row(&mut row)).transpose()
}

/// The bucket at which the last run stopped, and where in it.
fn resume() -> Result<(i64, Cursor)> {
    let row =
        db::query_one("SELECT bucket, after_name, after_generation FROM scans ORDER BY bucket LIMIT 1", params![])?;
    let Some(row) = row else { return Ok((0, Cursor::default())) };
    Ok((row.get("bucket")?, Cursor { name: row.get("after_name")?, generation: row.get("after_generation")? }))
}

fn stop(bucket: i64, cursor: &Cursor) -> Result<()> {
    let sql = "INSERT INTO scans (bucket, after_name, after_generation) VALUES ($1, $2, $3) \
               ON CONFLICT (bucket) DO UPDATE SET after_name = $2, after_generation = $3";
    db::execute(vec![stmt(sql, params![bucket, &cursor.name, cursor.generation])])?;
    Ok(())
}

fn finish(bucket: i64) -> Result<()> {
    db::execute(vec![stmt("DELETE FROM scans WHERE bucket = $1", params![bucket])])?;
    Ok(())
}
