//! The bytes of an object between their arrival and the transaction that makes them one: staged, verified, committed as
//! a file, and taken back where the transaction fails.

use super::checksum::Expected;
use super::record::Object;
use fogbank_sdk::db::{self, Engine, params};
use fogbank_sdk::files::{self, Source, Staged};
use fogbank_sdk::{Error, Result, context, log};

/// Bytes in a file of their own that no row names yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Absent for no bytes at all.
    pub file: Option<String>,
    pub size: u64,
    pub crc32c: u32,
    pub md5: Option<Vec<u8>>,
    /// Of a composed object.
    pub component_count: Option<i64>,
}

impl Content {
    /// Verifies staged bytes against what the client said of them, and makes them a file. What does not match is gone
    /// when this returns.
    pub fn keep(staged: &Staged, expected: &Expected) -> Result<Content> {
        let digest = staged.digest();
        context::reach("storage.object.staged")?;
        expected.verify_digest(&digest)?;
        let file = if digest.size == 0 { None } else { Some(staged.commit()?) };
        let content = Content {
            file,
            size: digest.size,
            crc32c: digest.crc32c,
            md5: digest.md5.map(|md5| md5.to_vec()),
            component_count: None,
        };
        match context::reach("storage.object.filed") {
            Ok(()) => Ok(content),
            Err(error) => {
                content.discard(&error);
                Err(error)
            }
        }
    }

    /// A second file with the bytes of an object: linked, not copied.
    pub fn link(source: &Object) -> Result<Content> {
        let mut content = Content {
            file: None,
            size: source.size,
            crc32c: source.crc32c,
            md5: source.md5.clone(),
            component_count: source.component_count,
        };
        if let Some(file) = &source.file {
            let staged = files::stage(&[Source::file(file)], files::Options::default())?;
            context::reach("storage.object.staged")?;
            content.file = Some(staged.commit()?);
        }
        Ok(content)
    }

    /// Writes what is known of the bytes into a row.
    pub fn fill(&self, object: &mut Object) {
        object.file.clone_from(&self.file);
        object.size = self.size;
        object.crc32c = self.crc32c;
        object.md5.clone_from(&self.md5);
        object.component_count = self.component_count;
    }

    /// Removes the file after a transaction that failed with `why`, unless the transaction was committed all the same and
    /// only its answer was lost. What cannot be found out is left to the sweep at the next start.
    pub fn discard(&self, why: &Error) {
        self.discard_unless("SELECT 1 AS used FROM objects WHERE file_id = $1 LIMIT 1", why);
    }

    /// As [`Content::discard`], where `used` finds the row that would name the file.
    pub fn discard_unless(&self, used: &str, why: &Error) {
        let Some(file) = &self.file else { return };
        if is_lost(why) && db::backend() == Engine::Postgres {
            // Nobody's turn to write comes behind a commit whose connection was lost: it may still land.
            log::warn!("the file of a write in doubt is left to the sweep");
            return;
        }
        match is_used(used, file, why) {
            Ok(false) => {
                let failed = files::remove(std::slice::from_ref(file));
                if !failed.is_empty() {
                    log::warn!("the file of a failed write could not be removed; the sweep will");
                }
            }
            Ok(true) => log::warn!("a write was committed though its transaction reported a failure"),
            Err(error) => log::warn!("the file of a failed write is left to the sweep: {error:?}"),
        }
    }
}

/// Whether the database gave no answer, or none in time.
fn is_lost(why: &Error) -> bool {
    matches!(why.http_status(), 503 | 504) && !why.is_busy()
}

/// Whether the error leaves open if the transaction was committed.
fn is_in_doubt(why: &Error) -> bool {
    why.http_status() >= 500 && !why.is_busy()
}

/// Whether a row names the file. After an error that leaves open whether the commit is still on its way the question
/// waits for its turn to write, behind that commit; to a reader the row might not show yet.
fn is_used(sql: &str, file: &str, why: &Error) -> Result<bool> {
    let rows = if is_in_doubt(why) {
        db::transaction(|tx| Ok(tx.query(sql, params![file])?))?
    } else {
        db::query(sql, params![file])?
    };
    Ok(!rows.is_empty())
}
