//! What clients send of a bucket, on its way to settings.

use crate::model::acl::{self, Entry};
use crate::model::config::Config;
use fogbank_sdk::{Error, Request, RequestHead, Result, context};
use serde_json::{Map, Value};

/// The body as an object, with old names of fields replaced.
pub fn body(request: &mut Request) -> Result<Value> {
    let mut body: Value = request.json()?;
    let object = body.as_object_mut().ok_or_else(|| Error::invalid("A bucket is a JSON object."))?;
    rename(object);
    Ok(body)
}

/// `bucketPolicyOnly` is the old name of `uniformBucketLevelAccess`; where both are sent the new one counts.
fn rename(body: &mut Map<String, Value>) {
    if let Some(iam) = body.get_mut("iamConfiguration").and_then(Value::as_object_mut)
        && let Some(old) = iam.remove("bucketPolicyOnly")
    {
        iam.entry("uniformBucketLevelAccess").or_insert(old);
    }
}

/// Reads settings; what is no setting (ids, links, times) is left out.
pub fn config(wire: Value) -> Result<Config> {
    serde_json::from_value(wire).map_err(|error| Error::invalid(format!("Invalid value in the bucket: {error}")))
}

/// The project of the request, or the one of a client that names none.
pub fn project(request: &RequestHead) -> String {
    match request.query("project") {
        Some(project) if !project.is_empty() => project.to_owned(),
        _ => context::default_project(),
    }
}

/// Access lists that the request names: `predefinedAcl` and `predefinedDefaultObjectAcl`.
#[derive(Debug, Default, PartialEq)]
pub struct Predefined {
    pub acl: Option<Vec<Entry>>,
    pub default_object_acl: Option<Vec<Entry>>,
}

impl Predefined {
    /// What the query says, for a bucket of the project `number`.
    pub fn of(request: &RequestHead, number: i64) -> Result<Self> {
        let acl = request.query("predefinedAcl").map(|name| acl::predefined_bucket(name, number));
        let default =
            request.query("predefinedDefaultObjectAcl").map(|name| acl::predefined_object(name, number, None));
        Ok(Self { acl: acl.transpose()?, default_object_acl: default.transpose()? })
    }

    /// Puts the lists into the settings, in the place of those in the body.
    pub fn apply(self, wanted: &mut Config) {
        wanted.acl = self.acl.or(wanted.acl.take());
        wanted.default_object_acl = self.default_object_acl.or(wanted.default_object_acl.take());
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// 400 where the request brings access lists to a bucket that will have uniform access.
pub fn require_lists_allowed(body: &Value, predefined: &Predefined, wanted: &Config) -> Result<()> {
    let brings = |field: &str| body.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if wanted.is_uniform() && (!predefined.is_none() || brings("acl") || brings("defaultObjectAcl")) {
        let message = "Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled. \
                       Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access";
        return Err(Error::invalid(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(query: &str, body: Value) -> Request {
        let head = RequestHead::new("storage.buckets.insert", "POST", &format!("/storage/v1/b?{query}")).unwrap();
        Request::new(head, serde_json::to_vec(&body).unwrap())
    }

    #[test]
    fn the_old_name_of_uniform_access_is_understood() {
        let mut request = request("", json!({"iamConfiguration": {"bucketPolicyOnly": {"enabled": true}}}));
        assert!(config(body(&mut request).unwrap()).unwrap().is_uniform());
    }

    #[test]
    fn f35_a_body_of_the_wrong_shape_is_400() {
        assert_eq!(body(&mut request("", json!([]))).unwrap_err().http_status(), 400);
        assert_eq!(config(json!({"versioning": "on"})).unwrap_err().http_status(), 400);
        assert_eq!(config(json!({"retentionPolicy": {"retentionPeriod": "long"}})).unwrap_err().http_status(), 400);
    }

    #[test]
    fn output_only_fields_are_ignored() {
        let wire = json!({"id": "x", "metageneration": "9", "etag": "x", "labels": {"a": "b"}});
        assert_eq!(config(wire).unwrap().labels.unwrap()["a"], "b");
    }

    #[test]
    fn lists_are_refused_under_uniform_access() {
        let uniform = config(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}})).unwrap();
        let request = request("predefinedAcl=private", json!({}));
        let predefined = Predefined::of(&request, 7).unwrap();
        assert!(require_lists_allowed(&json!({}), &predefined, &uniform).is_err());
        assert!(require_lists_allowed(&json!({}), &predefined, &Config::default()).is_ok());
        assert!(require_lists_allowed(&json!({"acl": []}), &Predefined::default(), &uniform).is_ok());
        assert!(require_lists_allowed(&json!({"acl": [{}]}), &Predefined::default(), &uniform).is_err());
    }
}
