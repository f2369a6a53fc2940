//! What becomes of a generation that is replaced or deleted: noncurrent, soft-deleted, or gone together with its file.

use super::protection;
use super::record::{Object, State};
use crate::model::bucket::Bucket;
use crate::removals;
use fogbank_sdk::db::{Statement, params, stmt};
use fogbank_sdk::{Result, Timestamp};

/// Why a generation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is no longer the live one, because of another one or because the name was deleted: versioning keeps it.
    Superseded,
    /// This very generation is deleted, versioning or not.
    Deleted,
}

/// The statements that retire a generation, and the file to unlink after the commit.
#[derive(Debug, Default)]
pub struct Retired {
    pub statements: Vec<Statement>,
    pub file: Option<String>,
}

/// Retires `object`; refused with 403 where a hold or a retention keeps it.
pub fn retire(object: &Object, bucket: &Bucket, ending: Ending, now: Timestamp) -> Result<Retired> {
    let archives = ending == Ending::Superseded && bucket.config.is_versioned();
    protection::require_removable(object, &bucket.name, &bucket.config, archives, now)?;
    Ok(if archives {
        archive(object, now)
    } else if let Some(keep_ms) = bucket.config.soft_delete_ms() {
        soft_delete(object, now, keep_ms)
    } else {
        erase(object)
    })
}

/// Removes a generation and queues its file, whatever keeps it.
pub fn erase(object: &Object) -> Retired {
    let mut statements = vec![object.delete()];
    statements.extend(object.file.as_deref().map(removals::queue));
    Retired { statements, file: object.file.clone() }
}

fn archive(object: &Object, now: Timestamp) -> Retired {
    let sql = "UPDATE objects SET state = $4, noncurrent_ms = $5 WHERE bucket = $1 AND name = $2 AND generation = $3";
    let values = params![object.bucket, &object.name, object.generation, State::Noncurrent.as_str(), now];
    Retired { statements: vec![stmt(sql, values)], file: None }
}

fn soft_delete(object: &Object, now: Timestamp, keep_ms: i64) -> Retired {
    let sql = "UPDATE objects SET state = $4, soft_deleted_ms = $5, hard_delete_ms = $6 \
               WHERE bucket = $1 AND name = $2 AND generation = $3";
    let values = params![
        object.bucket,
        &object.name,
        object.generation,
        State::SoftDeleted.as_str(),
        now,
        now.plus_millis(keep_ms)
    ];
    Retired { statements: vec![stmt(sql, values)], file: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;
    use serde_json::{Value, json};

    fn retired(config: Value, ending: Ending) -> (String, usize, Option<String>) {
        let object = Object { file: Some("f".into()), ..Object::default() };
        let retired = retire(&object, &bucket(config), ending, Timestamp::from_millis(1)).unwrap();
        let kind = retired.statements[0].sql.split(' ').next().unwrap().to_owned();
        (kind, retired.statements.len(), retired.file)
    }

    #[test]
    fn f05_only_versioning_and_soft_delete_keep_the_bytes() {
        let gone = ("DELETE".to_owned(), 2, Some("f".to_owned()));
        let kept = ("UPDATE".to_owned(), 1, None);
        let versioned = json!({"versioning": {"enabled": true}});
        let soft = json!({"softDeletePolicy": {"retentionDurationSeconds": "604800"}});
        assert_eq!(retired(json!({}), Ending::Superseded), gone);
        assert_eq!(retired(versioned.clone(), Ending::Superseded), kept);
        assert_eq!(retired(versioned, Ending::Deleted), gone);
        assert_eq!(retired(soft.clone(), Ending::Superseded), kept);
        assert_eq!(retired(soft, Ending::Deleted), kept);
    }
}
