//! Rows of uploads in parts.

use crate::objects::draft::Draft;
use crate::removals;
use fogbank_sdk::db::{self, Json, Row, Transaction, params};
use fogbank_sdk::{Code, Error, Result, Timestamp, context, id};

/// An upload as its row in `multipart_uploads`.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Random, so that only who began the upload can go on with it.
    pub id: String,
    pub bucket: i64,
    /// What the object is to be.
    pub draft: Draft,
}

/// A part as its row in `multipart_parts`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: i64,
    /// Absent for a part without bytes.
    pub file: Option<String>,
    pub size: u64,
    pub crc32c: u32,
    pub md5: Vec<u8>,
    pub modified: Timestamp,
}

/// 404: it was completed, ended, or never begun.
pub fn no_such_upload() -> Error {
    Error::new(Code::NotFound, "noSuchUpload", "The requested upload was not found.")
}

// === impl Upload ===

impl Upload {
    /// Begins an upload.
    pub fn begin(bucket: i64, draft: Draft) -> Result<Upload> {
        let upload = Upload { id: id::token()?, bucket, draft };
        let sql = "INSERT INTO multipart_uploads (id, bucket, name, request, created_ms) VALUES ($1, $2, $3, $4, $5)";
        let values = params![&upload.id, bucket, &upload.draft.name, Json(&upload.draft), context::now()];
        db::execute(vec![db::stmt(sql, values)])?;
        Ok(upload)
    }

    /// The upload of that id of that object.
    pub fn load(id: &str, bucket: &str, name: &str) -> Result<Upload> {
        let sql = "SELECT u.id AS id, u.bucket AS bucket, u.request AS request \
                   FROM multipart_uploads u JOIN buckets b ON b.id = u.bucket \
                   WHERE u.id = $1 AND b.name = $2 AND u.name = $3 AND b.soft_deleted_ms IS NULL";
        let mut row = db::query_one(sql, params![id, bucket, name])?.ok_or_else(no_such_upload)?;
        let (id, bucket) = (row.take("id")?, row.get("bucket")?);
        Ok(Upload { id, bucket, draft: row.take::<Json<Draft>>("request")?.0 })
    }

    /// Parts behind number `after`, at most `limit`, in order.
    pub fn parts(&self, after: i64, limit: usize) -> Result<Vec<Part>> {
        let sql = "SELECT number, file_id, size, crc32c, md5, modified_ms FROM multipart_parts \
                   WHERE upload = $1 AND number > $2 ORDER BY number LIMIT $3";
        let rows = db::query(sql, params![&self.id, after, limit])?;
        rows.into_iter().map(Part::read).collect()
    }

    /// Records a part, in the place of an earlier one of that number, whose file is given back.
    pub fn put(&self, tx: &Transaction, part: &Part) -> Result<Option<String>> {
        self.require(tx)?;
        let sql = "SELECT file_id FROM multipart_parts WHERE upload = $1 AND number = $2";
        let old = tx.query_one(sql, params![&self.id, part.number])?;
        let old = old.map(|mut row| row.take::<Option<String>>("file_id")).transpose()?.flatten();
        let sql = "INSERT INTO multipart_parts (upload, number, file_id, size, crc32c, md5, modified_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (upload, number) DO UPDATE SET \
                   file_id = excluded.file_id, size = excluded.size, crc32c = excluded.crc32c, md5 = excluded.md5, \
                   modified_ms = excluded.modified_ms";
        let values = params![
            &self.id,
            part.number,
            part.file.as_ref(),
            part.size,
            i64::from(part.crc32c),
            &part.md5,
            part.modified
        ];
        let mut statements = vec![db::stmt(sql, values)];
        statements.extend(old.as_deref().map(removals::queue));
        tx.execute_all(statements)?;
        Ok(old)
    }

    /// 404 where the upload has ended meanwhile.
    fn require(&self, tx: &Transaction) -> Result<()> {
        let found = tx.query_one("SELECT 1 AS found FROM multipart_uploads WHERE id = $1", params![&self.id])?;
        found.map(|_| ()).ok_or_else(no_such_upload)
    }

    /// Ends the upload in a transaction: its parts are gone with it, and their files, which are given back, are queued.
    pub fn end(&self, tx: &Transaction) -> Result<Vec<String>> {
        self.require(tx)?;
        end(tx, &self.id)
    }
}

fn end(tx: &Transaction, id: &str) -> Result<Vec<String>> {
    let sql = "SELECT file_id FROM multipart_parts WHERE upload = $1 AND file_id IS NOT NULL";
    let rows = tx.query(sql, params![id])?;
    let files = rows.into_iter().map(|mut row| row.take::<String>("file_id")).collect::<Result<Vec<_>, _>>()?;
    // One statement for all of them: an upload has up to 10,000 parts, and a call takes fewer statements than that.
    let queue = "INSERT INTO removals (file_id, queued_ms) \
                 SELECT file_id, CAST($2 AS BIGINT) FROM multipart_parts WHERE upload = $1 AND file_id IS NOT NULL \
                 ON CONFLICT (file_id) DO NOTHING";
    let end = "DELETE FROM multipart_uploads WHERE id = $1";
    tx.execute_all(vec![db::stmt(queue, params![id, context::now()]), db::stmt(end, params![id])])?;
    Ok(files)
}

/// Removes an upload and its parts, wherever it has come.
pub fn abort(id: &str) -> Result<()> {
    let files = db::transaction(|tx| end(tx, id))?;
    removals::unlink(&files);
    Ok(())
}

// === impl Part ===

impl Part {
    fn read(mut row: Row) -> Result<Part> {
        Ok(Part {
            number: row.get("number")?,
            file: row.take("file_id")?,
            size: row.get("size")?,
            crc32c: u32::try_from(row.get::<i64>("crc32c")?).unwrap_or_default(),
            md5: row.take("md5")?,
            modified: Timestamp::from_millis(row.get("modified_ms")?),
        })
    }
}
