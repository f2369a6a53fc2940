//! How many resources a project has: what one part of the API tells the other for quotas.

use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

/// `GET .../counts?project=P`: numbers of resources by the names of their collections, and by their scopes within.
pub fn answer(request: Request) -> Result<Reply> {
    let project = request.query("project").unwrap_or_default();
    let sql = "SELECT collection, scope, COUNT(*) AS n FROM resource WHERE project = $1 GROUP BY collection, scope";
    let mut counts = Map::new();
    for row in db::query(sql, params![project])? {
        let (collection, scope, count): (String, String, i64) =
            (row.get("collection")?, row.get("scope")?, row.get("n")?);
        counts.entry(collection).or_insert_with(|| json!({}))[scope] = json!(count);
    }
    Ok(Response::json(&Value::Object(counts)).into())
}
