//! A resumable upload between its requests: a row with what the first request said, and a durable upload with the bytes
//! that have arrived. It outlives a restart of the host and ends after a week.
//!
//! <https://cloud.google.com/storage/docs/resumable-uploads>

use crate::model::bucket::{Bucket, Projection};
use crate::objects::checksum::Expected;
use crate::objects::content::Content;
use crate::objects::draft::Draft;
use crate::objects::lookup::{self, Found};
use crate::objects::resource::{self, View};
use fogbank_sdk::db::{self, Json, params};
use fogbank_sdk::files::{self, Upload};
use fogbank_sdk::{Code, Error, Response, Result, context, id, log};

/// The header that names the session.
pub const UPLOADER: &str = "x-guploader-uploadid";

/// A session ends a week after it began.
const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

/// A session as its row in the `uploads` table.
#[derive(Debug, Clone)]
pub struct Session {
    /// Random, so that only who began the upload can go on with it.
    pub id: String,
    pub bucket: i64,
    /// The durable upload; absent once it has become an object.
    pub upload: Option<String>,
    pub draft: Draft,
    /// The generation that it became.
    pub generation: Option<i64>,
}

impl Session {
    /// Begins a session.
    pub fn begin(bucket: i64, draft: Draft) -> Result<Session> {
        let upload = Upload::create(WEEK_MS as u64)?;
        let session = Session { id: id::token()?, bucket, upload: Some(upload.id()), draft, generation: None };
        if let Err(error) = session.save() {
            let place = upload.id();
            drop(upload);
            if let Err(left) = Upload::remove(&place) {
                log::warn!("an upload without a session stays until it expires: {left:?}");
            }
            return Err(error);
        }
        Ok(session)
    }

    fn save(&self) -> Result<()> {
        let now = context::now();
        let sql = "INSERT INTO uploads (id, bucket, name, upload, request, created_ms, expires_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = params![
            &self.id,
            self.bucket,
            &self.draft.name,
            self.upload.as_ref(),
            Json(&self.draft),
            now,
            now.plus_millis(WEEK_MS),
        ];
        db::execute(vec![db::stmt(sql, values)])?;
        Ok(())
    }

    /// The session of that id in that bucket: 404 where there is none, 410 where its time is over.
    pub fn load(id: &str, bucket: &str) -> Result<Session> {
        let sql = "SELECT u.id AS id, u.bucket AS bucket, u.upload AS upload, u.request AS request, \
                   u.generation AS generation, u.expires_ms AS expires_ms \
                   FROM uploads u JOIN buckets b ON b.id = u.bucket \
                   WHERE u.id = $1 AND b.name = $2 AND b.soft_deleted_ms IS NULL";
        let mut row = db::query_one(sql, params![id, bucket])?.ok_or_else(unknown)?;
        if row.get::<i64>("expires_ms")? <= context::now().millis() {
            return Err(ended());
        }
        Ok(Session {
            id: row.take("id")?,
            bucket: row.get("bucket")?,
            upload: row.take("upload")?,
            draft: row.take::<Json<Draft>>("request")?.0,
            generation: row.get("generation")?,
        })
    }

    /// The durable upload; 410 where it is gone, so that the client begins anew.
    pub fn open(&self) -> Result<Upload> {
        let place = self.upload.as_deref().ok_or_else(ended)?;
        Upload::open(place).map_err(|error| match error {
            files::Error::NotFound => ended(),
            files::Error::Timeout => Error::unavailable("Another request is writing to this upload."),
            error => error.into(),
        })
    }

    /// Makes the bytes of `upload` the object. The session knows the generation from the same transaction on.
    pub fn finish(&self, upload: Upload, expected: &Expected) -> Result<Response> {
        let staged = upload.finish(true)?;
        let content = Content::keep(&staged, expected)?;
        let found = self.draft.store(
            &content,
            Some(&|tx, made, _| {
                let sql = "UPDATE uploads SET generation = $2, upload = NULL WHERE id = $1";
                tx.execute(sql, params![&self.id, made.object.generation])?;
                Ok(Vec::new())
            }),
        )?;
        if content.file.is_none() {
            // No bytes, no file: the upload is not taken over, and goes.
            drop((staged, upload));
            self.discard();
        }
        Ok(self.draft.answer(&found).header(UPLOADER, self.id.as_str()))
    }

    /// The answer to a client that asks again after the end: the object, as long as that generation exists.
    pub fn repeat(&self, generation: i64) -> Result<Response> {
        let bucket = Bucket::load(&self.draft.bucket)?;
        let object = lookup::by_key(self.bucket, &self.draft.name, generation)?;
        let object = object.ok_or_else(|| lookup::no_such_object(&bucket.name, &self.draft.name))?;
        let projection = if self.draft.full { Projection::Full } else { Projection::NoAcl };
        let view = View { projection, unlocked: true };
        Ok(resource::answer(&Found { bucket, object }, view).header(UPLOADER, self.id.as_str()))
    }

    /// Removes the bytes.
    fn discard(&self) {
        if let Some(Err(error)) = self.upload.as_deref().map(Upload::remove)
            && !matches!(error, files::Error::NotFound)
        {
            log::warn!("the bytes of an upload stay until they expire: {error:?}");
        }
    }

    /// Ends the session without an object.
    pub fn cancel(&self) -> Result<()> {
        db::execute(vec![db::stmt("DELETE FROM uploads WHERE id = $1", params![&self.id])])?;
        self.discard();
        Ok(())
    }
}

fn unknown() -> Error {
    Error::not_found("The upload session does not exist.").with_location("parameter", "upload_id")
}

fn ended() -> Error {
    Error::new(Code::Gone, "uploadSessionEnded", "The upload session has ended; begin a new one.")
}
