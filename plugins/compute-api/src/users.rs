//! Which resources need which: what one part of the API tells the other, so that nothing is removed from under what the other keeps.
//!
//! The parts have a database each, and what is asked before a removal may be out of date when that happens: a resource that is made in
//! this moment keeps a link that leads nowhere, as one does whose target an administrator of the real service removes by force.

use crate::path::Path;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many targets are asked about at most: as many as a page of a list has.
const MAX: usize = 500;

/// The question.
#[derive(Debug, Deserialize)]
struct Asked {
    targets: Vec<String>,
}

/// The answer: paths of users by the paths of what they use.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Users {
    users: BTreeMap<String, Vec<String>>,
}

impl Users {
    /// The users of a resource.
    pub fn of(&self, target: &Path) -> &[String] {
        self.users.get(&target.to_string()).map_or(&[], Vec::as_slice)
    }
}

/// `POST .../users`, from the other part: by what its resources are needed here.
///
/// Errors: 400 for more targets than a list has.
pub fn answer(mut request: Request) -> Result<Reply> {
    let asked: Asked = request.json()?;
    if asked.targets.len() > MAX {
        return Err(Error::invalid(format!("At most {MAX} targets can be asked about.")));
    }
    let mut users = Users::default();
    db::read(|tx| {
        for target in &asked.targets {
            let sql = "SELECT source FROM link WHERE target = $1 ORDER BY source";
            let sources = tx.query(sql, params![target.as_str()])?.into_iter().map(|row| row.get("source"));
            let sources = sources.collect::<std::result::Result<Vec<String>, _>>()?;
            if !sources.is_empty() {
                users.users.insert(target.clone(), sources);
            }
        }
        Ok(())
    })?;
    Ok(Response::json(&users).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f11_users_are_told_by_what_they_use() {
        let users: Users =
            serde_json::from_value(json!({"users": {"projects/p/global/networks/n": ["projects/p/global/x/y"]}}))
                .unwrap();
        let path = |text: &str| Path::parse(text).unwrap();
        assert_eq!(users.of(&path("projects/p/global/networks/n")), ["projects/p/global/x/y"]);
        assert!(users.of(&path("projects/p/global/networks/m")).is_empty());
    }
}
