//! The access list that an object has: where it comes from, and its refusal under uniform bucket-level access.

use crate::model::acl::{self, Entry, Scope, Verb};
use crate::model::bucket::Bucket;
use fogbank_sdk::{Error, Result, identity};

/// The caller as an entity of an access list; none for somebody unknown.
pub fn caller() -> Option<String> {
    let principal = identity::caller().name;
    principal
        .split_once(':')
        .filter(|(kind, _)| matches!(*kind, "user" | "serviceAccount"))
        .map(|(_, email)| format!("user-{email}"))
}

/// The list of a new object: what the request gives, else the bucket's default. The owner owns it in any case.
pub fn initial(
    bucket: &Bucket,
    given: Option<Vec<Entry>>,
    predefined: Option<&str>,
    owner: Option<&str>,
) -> Result<Option<Vec<Entry>>> {
    if bucket.config.is_uniform() {
        return refuse(given.is_some_and(|list| !list.is_empty()) || predefined.is_some(), Verb::Insert);
    }
    let mut list = match (given, predefined) {
        (_, Some(predefined)) => acl::predefined_object(predefined, bucket.project_number, owner)?,
        (Some(list), None) => list,
        (None, None) => bucket.config.default_object_acl.clone().unwrap_or_default(),
    };
    if let Some(owner) = owner {
        acl::put(&mut list, Entry::new(owner, "OWNER"));
    }
    checked(bucket, list).map(Some)
}

/// The list that a patch or update leaves: what the request gives, else the present one.
pub fn changed(
    bucket: &Bucket,
    present: Option<Vec<Entry>>,
    given: Option<Vec<Entry>>,
    predefined: Option<&str>,
    owner: Option<&str>,
) -> Result<Option<Vec<Entry>>> {
    let same = given == present;
    if bucket.config.is_uniform() {
        let wants = predefined.is_some() || (!same && given.is_some_and(|list| !list.is_empty()));
        return refuse(wants, Verb::Update).map(|_| present);
    }
    match (given, predefined) {
        (_, Some(predefined)) => {
            checked(bucket, acl::predefined_object(predefined, bucket.project_number, owner)?).map(Some)
        }
        (Some(list), None) if !same => checked(bucket, list).map(Some),
        _ => Ok(present),
    }
}

fn refuse(wants: bool, verb: Verb) -> Result<Option<Vec<Entry>>> {
    if wants { Err(acl::refused(verb, Scope::Object)) } else { Ok(None) }
}

fn checked(bucket: &Bucket, list: Vec<Entry>) -> Result<Vec<Entry>> {
    if bucket.config.prevents_public_access() && list.iter().any(Entry::is_public) {
        return Err(Error::precondition(
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.",
        ));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;
    use serde_json::json;

    fn uniform() -> Bucket {
        bucket(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}))
    }

    #[test]
    fn a_new_object_takes_the_buckets_default() {
        let entry = json!([{"entity": "allUsers", "role": "READER"}]);
        let list =
            initial(&bucket(json!({"defaultObjectAcl": entry})), None, None, Some("user-a@b.c")).unwrap().unwrap();
        assert_eq!(list, [Entry::new("allUsers", "READER"), Entry::new("user-a@b.c", "OWNER")]);
        assert_eq!(initial(&uniform(), None, None, None).unwrap(), None);
        assert_eq!(initial(&uniform(), None, Some("private"), None).unwrap_err().http_status(), 400);
    }

    #[test]
    fn nothing_becomes_public_where_that_is_prevented() {
        let bucket = bucket(json!({"iamConfiguration": {"publicAccessPrevention": "enforced"}}));
        assert_eq!(initial(&bucket, None, Some("publicRead"), None).unwrap_err().http_status(), 412);
        assert!(initial(&bucket, None, Some("private"), None).is_ok());
    }

    #[test]
    fn a_list_that_is_not_given_stays() {
        let present = Some(vec![Entry::new("allUsers", "READER")]);
        assert_eq!(changed(&bucket(json!({})), present.clone(), None, None, None).unwrap(), present);
        let given = Some(vec![Entry::new("user-a@b.c", "OWNER")]);
        assert_eq!(changed(&bucket(json!({})), present.clone(), given.clone(), None, None).unwrap(), given);
        assert_eq!(changed(&uniform(), present.clone(), present.clone(), None, None).unwrap(), present);
        assert!(changed(&uniform(), present, given, None, None).is_err());
    }
}
