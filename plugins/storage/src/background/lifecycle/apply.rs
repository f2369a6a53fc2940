//! One decision about one generation, carried out.

use super::decide::Decision;
use crate::model::bucket::Bucket;
use crate::objects::record::{self, Object, State};
use crate::objects::retire::{Ending, retire};
use crate::removals;
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Code, Result, context, log};

/// Deletes the object or changes its class, unless it or its bucket changed since they were looked at: then the next run
/// decides anew. What a hold or a retention keeps stays.
pub(super) fn apply(bucket: &Bucket, object: &Object, decision: &Decision) -> Result<()> {
    let file = db::transaction(|tx| {
        if !unchanged(tx, bucket, object)? {
            return Ok(None);
        }
        match decision {
            Decision::Keep => Ok(None),
            Decision::Delete => delete(tx, bucket, object),
            Decision::Move(class) => change_class(tx, object, class),
        }
    })?;
    removals::unlink(file.as_slice());
    Ok(())
}

fn unchanged(tx: &Transaction, bucket: &Bucket, object: &Object) -> Result<bool> {
    let columns = record::COLUMNS;
    let sql = format!("SELECT {columns} FROM objects WHERE bucket = $1 AND name = $2 AND generation = $3");
    let Some(row) = tx.query_one(&sql, params![object.bucket, &object.name, object.generation])? else {
        return Ok(false);
    };
    let same = "SELECT 1 AS same FROM buckets WHERE id = $1 AND metageneration = $2 AND soft_deleted_ms IS NULL";
    Ok(Object::read(row)? == *object && tx.query_one(same, params![bucket.id, bucket.metageneration])?.is_some())
}

fn delete(tx: &Transaction, bucket: &Bucket, object: &Object) -> Result<Option<String>> {
    let ending = if object.state == State::Live { Ending::Superseded } else { Ending::Deleted };
    match retire(object, bucket, ending, context::now()) {
        Ok(retired) => {
            tx.execute_all(retired.statements)?;
            Ok(retired.file)
        }
        Err(error) if error.code() == Code::PermissionDenied => {
            log::debug!("a lifecycle rule waits: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The generation stays; the change shows in its metageneration.
fn change_class(tx: &Transaction, object: &Object, class: &str) -> Result<Option<String>> {
    let sql = "UPDATE objects SET storage_class = $4, class_updated_ms = $5, updated_ms = $5, \
               metageneration = metageneration + 1 WHERE bucket = $1 AND name = $2 AND generation = $3";
    tx.execute(sql, params![object.bucket, &object.name, object.generation, class, context::now()])?;
    Ok(None)
}
