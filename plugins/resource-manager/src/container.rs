//! Organizations and folders as rows: what projects and folders are below of.

use crate::names;
use crate::refusal;
use crate::store::{KEPT_DAYS, Outside, Read, State, moment, optional_moment};
use fogbank_sdk::db::{Row, Transaction, params};
use fogbank_sdk::{Result, Timestamp, etag};

/// The columns that [`Container::from_row`] reads.
pub const COLUMNS: &str =
    "name, parent, display_name, customer, state, revision, created_ms, updated_ms, deleted_ms, expires_ms";

/// The most folders above each other, without the organization.
const DEEPEST: usize = 10;
/// The most folders side by side.
const WIDEST: i64 = 300;

/// An organization or a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// `organizations/123`, `folders/456`.
    pub name: String,
    /// None for an organization.
    pub parent: Option<String>,
    /// A folder's name for people; an organization's domain.
    pub display_name: String,
    /// The directory customer of an organization.
    pub customer: Option<String>,
    /// Whether it is in use.
    pub state: State,
    /// Counts the changes.
    pub revision: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When its deletion was asked for.
    pub deleted: Option<Timestamp>,
}

impl Container {
    /// Reads [`COLUMNS`].
    pub fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            name: row.take("name")?,
            parent: row.take("parent")?,
            display_name: row.take("display_name")?,
            customer: row.take("customer")?,
            state: State::from_row(row)?,
            revision: row.get("revision")?,
            created: moment(row, "created_ms")?,
            updated: moment(row, "updated_ms")?,
            deleted: optional_moment(row, "deleted_ms")?,
        })
    }

    /// Looks one up by its name.
    pub fn find(from: &impl Read, name: &str) -> Result<Option<Self>> {
        let row = from.row(&format!("SELECT {COLUMNS} FROM containers WHERE name = $1"), params![name])?;
        row.map(|mut row| Self::from_row(&mut row)).transpose()
    }

    /// Looks one up that has to be there.
    ///
    /// Errors: 403 or 404.
    pub fn load(from: &impl Read, name: &str) -> Result<Self> {
        Self::find(from, name)?.ok_or_else(|| refusal::missing(name))
    }

    /// Looks up a folder by its number as it stands in a path.
    ///
    /// Errors: 403 or 404.
    pub fn folder(from: &impl Read, number: &str) -> Result<Self> {
        Self::load(from, &format!("folders/{number}"))
    }

    /// Looks one up that new things can be put into.
    ///
    /// Errors: 403 or 404; 400 where it was deleted.
    pub fn accepting(from: &impl Read, name: &str) -> Result<Self> {
        let container = Self::load(from, name)?;
        match container.state {
            State::Active => Ok(container),
            State::DeleteRequested => Err(refusal::folder(
                "PARENT_DELETED_VIOLATION",
                "The parent is being deleted: nothing can be put into it.",
            )),
        }
    }

    /// Changes with every change.
    pub fn etag(&self) -> String {
        etag::of(format!("{} {}", self.name, self.revision).as_bytes())
    }

    /// The containers above, from the nearest up.
    pub fn above(&self, from: &impl Read) -> Result<Vec<Self>> {
        match &self.parent {
            Some(parent) => chain(from, parent),
            None => Ok(Vec::new()),
        }
    }

    /// Writes a new folder.
    pub fn insert(&self, tx: &Transaction) -> Result<()> {
        let sql = "INSERT INTO containers (name, parent, display_name, state, revision, created_ms, updated_ms) \
                   VALUES ($1, $2, $3, 'ACTIVE', 1, $4, $4)";
        let written = tx.execute(sql, params![&self.name, self.parent.clone(), &self.display_name, self.created]);
        written.map(|_| ()).map_err(taken)
    }

    /// Writes a changed folder, whose revision goes up.
    pub fn save(&mut self, tx: &Transaction, now: Timestamp) -> Result<()> {
        self.revision += 1;
        self.updated = now;
        let expires = self.deleted.map(|deleted| deleted.plus_days(KEPT_DAYS));
        let sql = "UPDATE containers SET parent = $2, display_name = $3, state = $4, revision = $5, updated_ms = $6, \
                   deleted_ms = $7, expires_ms = $8 WHERE name = $1";
        let written = tx.execute(
            sql,
            params![
                &self.name,
                self.parent.clone(),
                &self.display_name,
                self.state.as_str(),
                self.revision,
                now,
                self.deleted,
                expires
            ],
        );
        written.map(|_| ()).map_err(taken)
    }

    /// Checks that this folder (which need not be there yet) can hang below `parent`: not below itself, not too deep, not one too
    /// many, no sibling of its name.
    ///
    /// Errors: 400 FAILED_PRECONDITION.
    pub fn fits_below(&self, tx: &Transaction, parent: &Self) -> Result<()> {
        let mut above = vec![parent.clone()];
        above.extend(parent.above(tx)?);
        if above.iter().any(|container| container.name == self.name) {
            return Err(refusal::folder("CYCLE_INTRODUCED_VIOLATION", "A folder cannot be moved below itself."));
        }
        let folders = above.iter().filter(|container| container.parent.is_some()).count();
        if folders + 1 + height(tx, &self.name)? > DEEPEST {
            let message = format!("Folders cannot be nested deeper than {DEEPEST}.");
            return Err(refusal::folder("ACTIVE_FOLDER_HEIGHT_VIOLATION", &message));
        }
        self.fits_beside(tx, &parent.name)
    }

    fn fits_beside(&self, tx: &Transaction, parent: &str) -> Result<()> {
        let sql = "SELECT COUNT(*) AS folders, COUNT(CASE WHEN display_name = $2 AND name <> $3 THEN 1 END) AS namesakes \
                   FROM containers WHERE parent = $1 AND state = 'ACTIVE'";
        let counts = tx.row(sql, params![parent, &self.display_name, &self.name])?;
        let count = |column| counts.as_ref().map_or(Ok(0), |row| row.get::<i64>(column));
        if count("namesakes")? > 0 {
            return Err(namesake());
        }
        if count("folders")? >= WIDEST {
            let message = format!("There cannot be more than {WIDEST} folders in one place.");
            return Err(refusal::folder("MAX_CHILD_FOLDERS_VIOLATION", &message));
        }
        Ok(())
    }
}

/// `name` and the containers above it, from the bottom up.
pub fn chain(from: &impl Read, name: &str) -> Result<Vec<Container>> {
    let sql = format!(
        "WITH RECURSIVE up (name, parent, depth) AS ( \
           SELECT name, parent, 0 FROM containers WHERE name = $1 \
           UNION ALL SELECT c.name, c.parent, up.depth + 1 FROM containers c JOIN up ON c.name = up.parent) \
         SELECT {} FROM up JOIN containers c ON c.name = up.name ORDER BY up.depth",
        COLUMNS.split(", ").map(|column| format!("c.{column}")).collect::<Vec<_>>().join(", ")
    );
    from.rows(&sql, params![name])?.iter_mut().map(Container::from_row).collect()
}

/// How many active folders are above each other below `name`.
fn height(tx: &Transaction, name: &str) -> Result<usize> {
    let sql = "WITH RECURSIVE down (name, depth) AS ( \
                 SELECT name, 0 FROM containers WHERE name = $1 \
                 UNION ALL SELECT c.name, down.depth + 1 FROM containers c JOIN down ON c.parent = down.name \
                   WHERE c.state = 'ACTIVE' AND down.depth < 20) \
               SELECT COALESCE(MAX(depth), 0) AS height FROM down";
    let row = tx.row(sql, params![name])?;
    Ok(row.map_or(Ok(0), |row| row.get::<i64>("height"))? as usize)
}

/// The organization that a project without a parent is put into, where that has to be somewhere.
pub fn default_organization() -> Result<Option<String>> {
    let row = Outside.row("SELECT name FROM containers WHERE parent IS NULL ORDER BY name LIMIT 1", params![])?;
    Ok(row.map(|row| row.get("name")).transpose()?)
}

/// The full name for policies.
pub fn full_name(container: &Container) -> String {
    names::full(&container.name)
}

fn namesake() -> fogbank_sdk::Error {
    refusal::folder("FOLDER_NAME_UNIQUENESS_VIOLATION", "A folder of this name is in the same place already.")
}

fn taken(error: fogbank_sdk::db::Error) -> fogbank_sdk::Error {
    if error.is_unique() { namesake() } else { error.into() }
}
