//! `storage.buckets.patch` and `storage.buckets.update`.
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets/patch>

use super::input::{self, Predefined};
use super::settings::{self, Subject};
use crate::access::{self, Permit};
use crate::conditions::Conditions;
use crate::model::bucket::{Bucket, Projection};
use crate::model::config::Config;
use crate::policies;
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, db, patch as json_patch};
use serde_json::{Value, json};

/// Settings that `update` clears where it does not name them. The others have defaults that nobody means by silence.
const CLEARED: [&str; 10] = [
    "billing",
    "cors",
    "defaultEventBasedHold",
    "encryption",
    "ipFilter",
    "labels",
    "lifecycle",
    "logging",
    "versioning",
    "website",
];

/// Changes the settings that the body names: `null` clears one.
///
/// Errors: 400, 404, 412; 403 for what a lock forbids.
pub fn patch(request: Request) -> Result<Response> {
    change(request, |_| {})
}

/// Replaces the settings.
///
/// Errors: as [`patch`].
pub fn update(request: Request) -> Result<Response> {
    change(request, |wire| {
        if let Some(wire) = wire.as_object_mut() {
            wire.retain(|name, _| !CLEARED.contains(&name.as_str()));
        }
    })
}

fn change(mut request: Request, prepare: fn(&mut Value)) -> Result<Response> {
    let may = May::of(request.param("bucket"))?;
    let body = input::body(&mut request)?;
    let projection = Projection::of(&request, Projection::NoAcl)?;
    let conditions = Conditions::of(&request)?;
    let (before, bucket) = db::transaction(|tx| {
        let mut bucket = Bucket::load_in(tx, request.param("bucket"))?;
        conditions.require(bucket.metageneration)?;
        let config = changed(&request, &body, &bucket, prepare)?;
        may.require(&bucket.config, &config)?;
        let before = std::mem::replace(&mut bucket.config, config);
        bucket.save(tx, context::now())?;
        Ok((before, bucket))
    })?;
    follow(&before, &bucket);
    let projection = access::view::of_bucket(&bucket, projection)?;
    Ok(Response::json(&bucket.wire(&request.base_url(), projection)))
}

/// What the caller may do beyond changing a bucket's metadata.
struct May {
    set_policy: Permit,
    set_filter: Permit,
}

impl May {
    /// Errors: 403 for who may not change a bucket at all; 404.
    fn of(name: &str) -> Result<Self> {
        if !access::enforced() {
            return Ok(Self { set_policy: Permit::given(), set_filter: Permit::given() });
        }
        let bucket = Bucket::load(name)?;
        access::bucket("storage.buckets.update", &bucket)?;
        let permit = |permission: &str| Permit::on_bucket(permission, &bucket);
        Ok(Self {
            set_policy: permit("storage.buckets.setIamPolicy")?,
            set_filter: permit("storage.buckets.setIpFilter")?,
        })
    }

    /// Clients send whole resources back: only what differs is a change.
    fn require(&self, before: &Config, after: &Config) -> Result<()> {
        let same_lists = before.acl == after.acl && before.default_object_acl == after.default_object_acl;
        if !same_lists || before.iam_configuration != after.iam_configuration {
            self.set_policy.require()?;
        }
        if before.ip_filter != after.ip_filter { self.set_filter.require() } else { Ok(()) }
    }
}

/// The policy and the access list say the same where lists count, and only the policy counts where access is uniform.
fn follow(before: &Config, bucket: &Bucket) {
    match (before.is_uniform(), bucket.config.is_uniform()) {
        (false, true) => policies::keep_list(bucket),
        (true, false) => policies::follow_list(bucket),
        (false, false) if before.acl != bucket.config.acl => policies::follow_list(bucket),
        _ => {}
    }
}

/// The settings that `bucket` gets.
fn changed(request: &RequestHead, body: &Value, bucket: &Bucket, prepare: fn(&mut Value)) -> Result<Config> {
    require_same_name(body, &bucket.name)?;
    let mut wire = serde_json::to_value(&bucket.config).unwrap_or_else(|_| json!({}));
    prepare(&mut wire);
    json_patch::merge(&mut wire, body);
    let mut wanted = input::config(wire)?;
    let predefined = Predefined::of(request, bucket.project_number)?;
    input::require_lists_allowed(body, &predefined, &wanted)?;
    predefined.apply(&mut wanted);
    let subject = Subject {
        name: &bucket.name,
        project_number: bucket.project_number,
        old: Some(&bucket.config),
        now: context::now(),
    };
    settings::settle(wanted, &subject)
}

/// A bucket keeps its name.
fn require_same_name(body: &Value, name: &str) -> Result<()> {
    match body.get("name").and_then(Value::as_str) {
        Some(other) if other != name => Err(Error::invalid("The name of a bucket cannot be changed.")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;

    fn head() -> RequestHead {
        RequestHead::new("storage.buckets.patch", "PATCH", "/b/b-1").unwrap()
    }

    fn patched(body: Value) -> Result<Config> {
        let old = json!({"location": "US", "locationType": "multi-region", "storageClass": "NEARLINE",
                         "labels": {"a": "1", "b": "2"}, "website": {"notFoundPage": "404.html"}});
        changed(&head(), &body, &bucket(old), |_| {})
    }

    #[test]
    fn null_clears_and_the_rest_stays() {
        let config = patched(json!({"labels": {"a": null}, "website": null})).unwrap();
        assert_eq!(serde_json::to_value(&config.labels).unwrap(), json!({"b": "2"}));
        assert_eq!((config.website, config.storage_class.as_str()), (None, "NEARLINE"));
    }

    #[test]
    fn a_whole_resource_sent_back_changes_nothing() {
        let old = bucket(json!({"location": "US", "locationType": "multi-region", "storageClass": "STANDARD"}));
        let settled = changed(&head(), &json!({}), &old, |_| {}).unwrap();
        let old = Bucket { config: settled, ..old };
        let again = changed(&head(), &old.wire("http://x", Projection::NoAcl), &old, |_| {}).unwrap();
        assert_eq!(again, old.config);
    }

    #[test]
    fn a_name_is_for_life() {
        assert_eq!(patched(json!({"name": "other"})).unwrap_err().http_status(), 400);
        assert!(patched(json!({"name": "b-1", "id": "b-1"})).is_ok());
    }
}
