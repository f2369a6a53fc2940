//! `storage.notifications`: which events of a bucket are published to which topic. The configurations are kept; events
//! are not published. <https://cloud.google.com/storage/docs/json_api/v1/notifications>

use crate::access;
use crate::model::bucket::Bucket;
use fogbank_sdk::db::{self, Json, Row, params};
use fogbank_sdk::{Error, Request, Response, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const EVENTS: [&str; 4] = ["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"];
const MOST: i64 = 100;

/// What a client sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Config {
    topic: String,
    payload_format: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_attributes: Option<BTreeMap<String, String>>,
}

/// Adds a configuration, under the next number of the bucket.
///
/// Errors: 400, 404.
pub fn insert(mut request: Request) -> Result<Response> {
    access::bucket_named("storage.buckets.update", request.param("bucket"))?;
    let config = request.json::<Config>()?.checked()?;
    let (bucket, number) = db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, request.param("bucket"))?;
        let count =
            tx.query_one("SELECT COUNT(*) AS count FROM notifications WHERE bucket = $1", params![bucket.id])?;
        if count.is_some_and(|row| row.get::<i64>("count").is_ok_and(|count| count >= MOST)) {
            return Err(Error::invalid(format!("A bucket can have at most {MOST} notification configurations.")));
        }
        let next =
            "UPDATE buckets SET notification_seq = notification_seq + 1 WHERE id = $1 RETURNING notification_seq";
        let row = tx.query_one(next, params![bucket.id])?.ok_or_else(|| Error::internal("a bucket gave no number"))?;
        let number: i64 = row.get("notification_seq")?;
        let sql = "INSERT INTO notifications (bucket, number, config) VALUES ($1, $2, $3)";
        tx.execute(sql, params![bucket.id, number, Json(&config)])?;
        Ok((bucket, number))
    })?;
    Ok(Response::json(&wire(&bucket, number, &config, &request.base_url())))
}

/// Shows a configuration.
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.get", &bucket)?;
    let number = number(&request, &bucket)?;
    let sql = "SELECT number, config FROM notifications WHERE bucket = $1 AND number = $2";
    let row = db::query_one(sql, params![bucket.id, number])?.ok_or_else(|| not_found(&request, &bucket))?;
    let (number, config) = read(row)?;
    Ok(Response::json(&wire(&bucket, number, &config, &request.base_url())))
}

/// Shows all configurations of a bucket.
///
/// Errors: 404.
pub fn list(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.get", &bucket)?;
    let rows =
        db::query("SELECT number, config FROM notifications WHERE bucket = $1 ORDER BY number", params![bucket.id])?;
    let base = request.base_url();
    let mut answer = json!({"kind": "storage#notifications"});
    let items = rows.into_iter().map(|row| read(row).map(|(number, config)| wire(&bucket, number, &config, &base)));
    let items = items.collect::<Result<Vec<_>>>()?;
    if !items.is_empty() {
        answer["items"] = json!(items);
    }
    Ok(Response::json(&answer))
}

/// Removes a configuration.
///
/// Errors: 404.
pub fn delete(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.update", &bucket)?;
    let number = number(&request, &bucket)?;
    let sql = "DELETE FROM notifications WHERE bucket = $1 AND number = $2";
    let outcomes = db::execute(vec![db::stmt(sql, params![bucket.id, number])])?;
    match outcomes.first().map_or(0, |outcome| outcome.affected) {
        0 => Err(not_found(&request, &bucket)),
        _ => Ok(Response::no_content()),
    }
}

fn number(request: &Request, bucket: &Bucket) -> Result<i64> {
    request.param("notification").parse().map_err(|_| not_found(request, bucket))
}

fn not_found(request: &Request, bucket: &Bucket) -> Error {
    let number = request.param("notification");
    Error::not_found(format!("The notification {number} does not exist in the bucket {}.", bucket.name))
}

fn read(mut row: Row) -> Result<(i64, Config)> {
    Ok((row.get("number")?, row.take::<Json<Config>>("config")?.0))
}

fn wire(bucket: &Bucket, number: i64, config: &Config, base: &str) -> Value {
    let mut wire = json!(config);
    wire["kind"] = json!("storage#notification");
    wire["id"] = json!(number.to_string());
    wire["etag"] = json!(number.to_string());
    wire["selfLink"] = json!(format!("{base}{}/notificationConfigs/{number}", bucket.path()));
    wire
}

// === impl Config ===

impl Config {
    /// The configuration in normal form, or 400.
    fn checked(mut self) -> Result<Self> {
        let full = "//pubsub.googleapis.com/";
        let topic = self.topic.strip_prefix(full).unwrap_or(&self.topic);
        if !is_topic(topic) {
            return Err(Error::invalid(format!("Invalid topic: {:?}", self.topic)));
        }
        self.topic = format!("{full}{topic}");
        if !["JSON_API_V1", "NONE"].contains(&self.payload_format.as_str()) {
            return Err(Error::invalid(format!("Invalid payload format: {:?}", self.payload_format)));
        }
        self.event_types.take_if(|events| events.is_empty());
        if let Some(other) = self.event_types.iter().flatten().find(|event| !EVENTS.contains(&event.as_str())) {
            return Err(Error::invalid(format!("Invalid event type: {other:?}")));
        }
        self.object_name_prefix.take_if(|prefix| prefix.is_empty());
        self.custom_attributes.take_if(|attributes| attributes.is_empty());
        Ok(self)
    }
}

/// `projects/P/topics/T`; a topic's name has 3 to 255 characters, begins with a letter, and not with `goog`.
/// <https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names>
fn is_topic(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    let ["projects", project, "topics", topic] = parts.as_slice() else { return false };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+%".contains(&byte);
    !project.is_empty()
        && (2..=255).contains(&topic.len())
        && topic.as_bytes()[0].is_ascii_alphabetic()
        && topic.bytes().all(letter)
        && !topic.starts_with("goog")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(config: Value) -> Result<Config> {
        serde_json::from_value::<Config>(config).unwrap().checked()
    }

    #[test]
    fn topics_are_named_in_full() {
        let short = json!({"topic": "projects/p/topics/t1", "payload_format": "NONE", "event_types": []});
        let config = checked(short).unwrap();
        assert_eq!(config.topic, "//pubsub.googleapis.com/projects/p/topics/t1");
        assert_eq!(config.event_types, None);
    }

    #[test]
    fn what_cannot_be_published_is_refused() {
        let good = json!({"topic": "//pubsub.googleapis.com/projects/p/topics/t1", "payload_format": "JSON_API_V1"});
        assert!(checked(good.clone()).is_ok());
        for (field, value) in [
            ("topic", json!("t1")),
            ("topic", json!("//pubsub.googleapis.com/projects/p/topics/1t")),
            ("topic", json!("//pubsub.googleapis.com/projects/p/topics/googt")),
            ("payload_format", json!("XML")),
            ("event_types", json!(["OBJECT_READ"])),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(checked(bad).unwrap_err().http_status(), 400, "{field}");
        }
    }
}
