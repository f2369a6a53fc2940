//! `apikeys.projects.locations.keys.patch`.

use super::{ApiKey, absent, of, restrictions};
use crate::failures::check_etag;
use crate::wire::document_of;
use fogbank_sdk::db::{self, Json, params};
use fogbank_sdk::{Error, Request, Response, Result, context, identity};

/// Changes the fields that `updateMask` names.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let mut key = of(&request)?;
    if key.deleted.is_some() {
        return Err(absent(&key.name()));
    }
    check_etag(sent["etag"].as_str(), &key.etag())?;
    key.config = restrictions::apply(key.config, &sent, request.query("updateMask"))?;
    save(&mut key)
}

/// Writes a key that nobody else changed meanwhile, and answers with the operation.
pub(super) fn save(key: &mut ApiKey) -> Result<Response> {
    key.updated = context::now();
    key.revision += 1;
    let ended = key.ended()?;
    db::transaction(|tx| {
        let changed = tx.execute(
            "UPDATE api_keys SET config = $1, updated_ms = $2, deleted_ms = $3, revision = $4 \
             WHERE project = $5 AND id = $6 AND revision = $7",
            params![Json(&key.config), key.updated, key.deleted, key.revision, &key.project, &key.id, key.revision - 1],
        )?;
        if changed == 0 {
            return Err(Error::conflict("aborted", "The API key was changed meanwhile. Please retry."));
        }
        tx.execute_all(vec![ended.keep()])?;
        Ok(())
    })?;
    identity::changed();
    Ok(Response::json(&ended.wire()))
}
