//! An HMAC key: an id and a secret by which a service account signs requests to the XML API.
//! <https://cloud.google.com/storage/docs/authentication/hmackeys>

use crate::model::etag;
use fogbank_sdk::db::{self, Row, Transaction, params};
use fogbank_sdk::{Error, Result, Timestamp, encoding, id};
use serde_json::{Value, json};

/// What the rest of the code sees of a key; the secret is read only by [`secret`].
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub access_id: String,
    pub project: String,
    pub service_account: String,
    pub state: String,
    pub metageneration: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// The columns that [`Key::from_row`] reads: never the secret.
pub const COLUMNS: &str = "access_id, project, service_account, state, metageneration, created_ms, updated_ms";

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new access id: `GOOG1E` and 55 characters of base 32.
pub fn new_access_id() -> Result<String> {
    let bytes: [u8; 55] = id::random()?;
    let letters = bytes.iter().map(|byte| char::from(BASE32[usize::from(byte & 31)]));
    Ok("GOOG1E".chars().chain(letters).collect())
}

/// A new secret: 40 characters of base64.
pub fn new_secret() -> Result<String> {
    Ok(encoding::b64(id::random::<30>()?))
}

/// The secret and the service account of an active key, to verify a signature with; `None` for any other key.
pub fn secret(access_id: &str) -> Result<Option<(String, String)>> {
    let sql = "SELECT secret, service_account FROM hmac_keys WHERE access_id = $1 AND state = 'ACTIVE'";
    let row = db::query_one(sql, params![access_id])?;
    row.map(|mut row| Ok((row.take("secret")?, row.take("service_account")?))).transpose()
}

// === impl Key ===

impl Key {
    /// Reads a row of [`COLUMNS`].
    pub fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            access_id: row.take("access_id")?,
            project: row.take("project")?,
            service_account: row.take("service_account")?,
            state: row.take("state")?,
            metageneration: row.get("metageneration")?,
            created: Timestamp::from_millis(row.get("created_ms")?),
            updated: Timestamp::from_millis(row.get("updated_ms")?),
        })
    }

    /// The key of a project (by number); 404 without.
    pub fn load(tx: &Transaction, project_number: i64, access_id: &str) -> Result<Self> {
        let sql = format!("SELECT {COLUMNS} FROM hmac_keys WHERE access_id = $1 AND project_number = $2");
        let row = tx.query_one(&sql, params![access_id, project_number])?;
        Self::from_row(&mut row.ok_or_else(|| Error::not_found("The HMAC key does not exist."))?)
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        etag::of_metageneration(self.metageneration)
    }

    /// The metadata as a client sees it.
    pub fn wire(&self, base: &str) -> Value {
        json!({
            "kind": "storage#hmacKeyMetadata",
            "id": format!("{}/{}", self.project, self.access_id),
            "selfLink": format!("{base}/storage/v1/projects/{}/hmacKeys/{}", self.project, self.access_id),
            "accessId": self.access_id,
            "projectId": self.project,
            "serviceAccountEmail": self.service_account,
            "state": self.state,
            "timeCreated": self.created.to_rfc3339(),
            "updated": self.updated.to_rfc3339(),
            "etag": self.etag(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_secrets_have_the_form_that_clients_know() {
        let (id, secret) = (new_access_id().unwrap(), new_secret().unwrap());
        assert_eq!((id.len(), secret.len()), (61, 40));
        assert!(id.starts_with("GOOG1E") && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
        assert_ne!(secret, new_secret().unwrap());
    }

    #[test]
    fn f28_metadata_has_no_secret() {
        let key = Key {
            access_id: "GOOG1E".into(),
            project: "demo".into(),
            service_account: "sa@demo.iam.gserviceaccount.com".into(),
            state: "ACTIVE".into(),
            metageneration: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
        };
        assert_eq!(key.wire("").get("secret"), None);
        assert!(!COLUMNS.contains("secret"));
    }
}
