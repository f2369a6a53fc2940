//! Folders and managed folders: rows of two tables that look alike.
//! <https://cloud.google.com/storage/docs/json_api/v1/managedFolders#resource>

use crate::model::bucket::{self, Bucket};
use crate::model::prefix;
use fogbank_sdk::db::{self, Row, Statement, Transaction, params, stmt};
use fogbank_sdk::{Error, Result, Timestamp, query};
use serde_json::{Value, json};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A prefix with a policy of its own, in any bucket with uniform access.
    Managed,
    /// A real folder of a hierarchical namespace.
    Hierarchical,
}

/// A folder as it is stored. Its name ends with a slash.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    pub name: String,
    pub metageneration: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

const COLUMNS: &str = "name, metageneration, created_ms, updated_ms";

// === impl Kind ===

impl Kind {
    /// The table that holds them; one of two words of ours, never a client's.
    pub fn table(self) -> &'static str {
        match self {
            Self::Managed => "managed_folders",
            Self::Hierarchical => "folders",
        }
    }

    /// As messages name it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Managed => "Google Cloud Storage managed folder",
            Self::Hierarchical => "Google Cloud Storage folder",
        }
    }

    /// The name of a folder for policies.
    pub fn resource_name(self, bucket: &str, folder: &str) -> String {
        format!("{}/{}/{folder}", bucket::resource_name(bucket), self.path())
    }

    fn path(self) -> &'static str {
        match self {
            Self::Managed => "managedFolders",
            Self::Hierarchical => "folders",
        }
    }

    fn wire(self) -> &'static str {
        match self {
            Self::Managed => "storage#managedFolder",
            Self::Hierarchical => "storage#folder",
        }
    }

    /// 404 for a folder that is not there.
    pub fn not_found(self) -> Error {
        Error::not_found(match self {
            Self::Managed => "The specified managed folder does not exist.",
            Self::Hierarchical => "The specified folder does not exist.",
        })
    }
}

/// A folder's name in normal form: it ends with a slash, is not empty, and has no line breaks or NUL.
pub fn name(text: &str) -> Result<String> {
    let name = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let forbidden = |letter: char| matches!(letter, '\0' | '\r' | '\n');
    if name.len() > 1024 || name == "/" || name.starts_with('/') || name.contains("//") || name.contains(forbidden) {
        return Err(Error::invalid(format!("Invalid folder name: {text:?}")));
    }
    Ok(name)
}

/// The folders above `name` (a folder or an object), outermost first: `a/` and `a/b/` of `a/b/c`.
pub fn parents(name: &str) -> impl Iterator<Item = &str> {
    let inner = name.strip_suffix('/').unwrap_or(name);
    inner.match_indices('/').map(|(at, _)| &name[..=at])
}

// === impl Folder ===

impl Folder {
    /// Reads a row.
    pub fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            name: row.take("name")?,
            metageneration: row.get("metageneration")?,
            created: Timestamp::from_millis(row.get("created_ms")?),
            updated: Timestamp::from_millis(row.get("updated_ms")?),
        })
    }

    /// The folder of that name; 404 without.
    pub fn load(kind: Kind, bucket: i64, name: &str) -> Result<Self> {
        let sql = format!("SELECT {COLUMNS} FROM {} WHERE bucket = $1 AND name = $2", kind.table());
        let row = db::query_one(&sql, params![bucket, name])?;
        Self::from_row(&mut row.ok_or_else(|| kind.not_found())?)
    }

    /// As [`Self::load`], in a transaction.
    pub fn load_in(tx: &Transaction, kind: Kind, bucket: i64, name: &str) -> Result<Self> {
        let sql = format!("SELECT {COLUMNS} FROM {} WHERE bucket = $1 AND name = $2", kind.table());
        let row = tx.query_one(&sql, params![bucket, name])?;
        Self::from_row(&mut row.ok_or_else(|| kind.not_found())?)
    }

    /// A folder that is new at `now`.
    pub fn new(name: String, now: Timestamp) -> Self {
        Self { name, metageneration: 1, created: now, updated: now }
    }

    /// The statement that writes it; with `lenient` it may be there already.
    pub fn insert(&self, kind: Kind, bucket: i64, lenient: bool) -> Statement {
        let lenient = if lenient { " ON CONFLICT (bucket, name) DO NOTHING" } else { "" };
        let sql = format!("INSERT INTO {} (bucket, {COLUMNS}) VALUES ($1, $2, $3, $4, $5){lenient}", kind.table());
        stmt(sql, params![bucket, &self.name, self.metageneration, self.created, self.updated])
    }

    /// Whether an object other than a soft-deleted one lies below; `own` counts the object that is named like the folder.
    pub fn has_objects(&self, tx: &Transaction, bucket: i64, own: bool) -> Result<bool> {
        let from = if own { ">=" } else { ">" };
        let sql = format!(
            "SELECT 1 AS found FROM objects WHERE bucket = $1 AND name {from} $2 AND name < $3 \
             AND state <> 'softdeleted' LIMIT 1"
        );
        let end = prefix::end_of(&self.name).unwrap_or_default();
        Ok(tx.query_one(&sql, params![bucket, &self.name, end])?.is_some())
    }

    /// The resource as a client sees it.
    pub fn wire(&self, kind: Kind, bucket: &Bucket, base: &str) -> Value {
        json!({
            "kind": kind.wire(),
            "id": format!("{}/{}", bucket.name, self.name),
            "selfLink": format!("{base}{}/{}/{}", bucket.path(), kind.path(), query::encode(&self.name)),
            "bucket": bucket.name,
            "name": self.name,
            "metageneration": self.metageneration.to_string(),
            "createTime": self.created.to_rfc3339(),
            "updateTime": self.updated.to_rfc3339(),
        })
    }
}

/// Up to `limit` folders behind `after` whose names begin with `from`, in order of name.
pub fn select(kind: Kind, bucket: i64, from: &str, after: &str, limit: u32) -> Result<Vec<Folder>> {
    let end = prefix::end_of(from);
    let below = if end.is_some() { "AND name < $3" } else { "AND $3 = ''" };
    let (above, bound) = if after < from { (">=", from) } else { (">", after) };
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE bucket = $1 AND name {above} $2 {below} ORDER BY name LIMIT $4",
        kind.table()
    );
    let params = params![bucket, bound, end.unwrap_or_default(), limit];
    db::query(&sql, params)?.iter_mut().map(Folder::from_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_with_a_slash() {
        assert_eq!(name("mf").unwrap(), "mf/");
        assert_eq!(name("a/b/").unwrap(), "a/b/");
        for bad in ["", "/", "/a", "a//b", "a\0b", &"x".repeat(1024)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn parents_are_the_folders_above() {
        assert_eq!(parents("a/b/c").collect::<Vec<_>>(), ["a/", "a/b/"]);
        assert_eq!(parents("a/b/").collect::<Vec<_>>(), ["a/"]);
        assert_eq!(parents("a").count(), 0);
    }
}
