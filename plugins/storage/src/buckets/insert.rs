//! `storage.buckets.insert`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/insert>

use super::input::{self, Predefined};
use super::settings::{self, Subject};
use crate::model::bucket::{self, Bucket, COLUMNS, Projection};
use crate::model::config::{Config, ObjectRetention};
use crate::model::{names, project};
use crate::{access, generation, policies};
use fogbank_sdk::db::{self, Json, params, stmt};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, patch};
use serde_json::{Value, json};

/// Makes a bucket.
///
/// Errors: 400 for a bad name or settings, 409 where the name is taken.
pub fn insert(mut request: Request) -> Result<Response> {
    let project = input::project(&request);
    access::project("storage.buckets.create", &project)?;
    let body = input::body(&mut request)?;
    let name = body.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::required("name"))?;
    if request.query_bool("enableObjectRetention")? {
        access::project("storage.buckets.enableObjectRetention", &project)?;
    }
    let wanted = wanted(&request, &body, project::number(&project))?;
    let shows_lists = body.get("acl").is_some() || body.get("defaultObjectAcl").is_some();
    let projection = Projection::of(&request, if shows_lists { Projection::Full } else { Projection::NoAcl })?;
    let bucket = make(name, &project, wanted)?;
    Ok(Response::json(&bucket.wire(&request.base_url(), projection)))
}

/// Makes a bucket with these settings, whatever the request looked like.
///
/// Errors: as [`insert`].
pub fn make(name: &str, project: &str, wanted: Config) -> Result<Bucket> {
    if !names::is_bucket(name) {
        return Err(Error::invalid(format!("Invalid bucket name: '{name}'")));
    }
    let project_number = project::number(project);
    let config = settings::settle(wanted, &Subject { name, project_number, old: None, now: context::now() })?;
    let bucket = create(name, project, &config)?;
    policies::adopt(&bucket::resource_name(name), &policies::project_resource(project));
    if bucket.config.is_uniform() && access::enforced() {
        policies::begin(&bucket);
    }
    Ok(bucket)
}

fn wanted(request: &RequestHead, body: &Value, number: i64) -> Result<Config> {
    let mut wire = json!({});
    patch::merge(&mut wire, body);
    let mut wanted = input::config(wire)?;
    wanted.object_retention = None;
    if request.query_bool("enableObjectRetention")? {
        wanted.object_retention = Some(ObjectRetention { mode: "Enabled".into() });
    }
    let predefined = Predefined::of(request, number)?;
    input::require_lists_allowed(body, &predefined, &wanted)?;
    predefined.apply(&mut wanted);
    Ok(wanted)
}

/// Writes the row. The generation is above those of deleted buckets of the name.
fn create(name: &str, project: &str, config: &Config) -> Result<Bucket> {
    let sql = format!(
        "INSERT INTO buckets (name, generation, project, project_number, metageneration, created_ms, updated_ms, config) \
         VALUES ($1, COALESCE((SELECT MAX(generation) + 1 FROM buckets WHERE name = $1 AND generation >= $2), $2), \
                 $3, $4, 1, $5, $5, $6) RETURNING {COLUMNS}"
    );
    let params = params![name, generation::now_us(), project, project::number(project), context::now(), Json(config)];
    match db::execute(vec![stmt(sql, params)]) {
        Ok(mut outcomes) => {
            let row = outcomes.first_mut().and_then(|outcome| outcome.rows.first_mut());
            Bucket::from_row(row.ok_or_else(|| Error::internal("a new bucket gave no row"))?)
        }
        Err(error) if error.is_unique() => Err(taken(name, project)),
        Err(error) => Err(error.into()),
    }
}

/// 409 in the words of the real service, which tells one's own bucket from another's.
fn taken(name: &str, project: &str) -> Error {
    let owned = Bucket::load(name).is_ok_and(|bucket| bucket.project_number == project::number(project));
    Error::already_exists(if owned {
        "Your previous request to create the named bucket succeeded and you already own it."
    } else {
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
         Please select a different name and try again."
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_a_bucket_has_a_name_that_is_one() {
        let error = make("../up", "demo", Config::default()).unwrap_err();
        assert_eq!((error.http_status(), error.message()), (400, "Invalid bucket name: '../up'"));
    }

    #[test]
    fn nulls_and_the_query_count() {
        let head = RequestHead::new("storage.buckets.insert", "POST", "/b?enableObjectRetention=True").unwrap();
        let body = json!({"labels": {"a": null}, "location": null, "objectRetention": {"mode": "x"}});
        let config = wanted(&head, &body, 7).unwrap();
        assert_eq!((config.labels.map(|labels| labels.len()), config.location.as_str()), (Some(0), ""));
        assert_eq!(config.object_retention.unwrap().mode, "Enabled");
    }
}
