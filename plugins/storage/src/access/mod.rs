//! May the caller do that? Routes about buckets and what is in them leave the decision to this service: access lists give what
//! policies do not, and whether there is such a bucket comes before the question who may use it.
//! <https://cloud.google.com/storage/docs/access-control/iam-json>
//!
//! Where authentication is off nobody is asked and nothing is looked up for it.
//!
//! | module | what it is |
//! |---|---|
//! | [`grants`] | what access lists give |
//! | [`private`] | public access prevention |
//! | [`permit`] | a decision that is taken before a transaction and needed only within |
//! | [`view`] | whether access lists are shown |

pub mod grants;
mod permit;
mod private;
pub mod view;

pub use permit::Permit;

use crate::model::acl::Entry;
use crate::model::bucket::{Bucket, resource_name};
use crate::model::folder;
use crate::objects::iam;
use crate::objects::lookup::{self, Found, Which};
use crate::objects::record::Object;
use crate::policies;
use fogbank_sdk::db::{self, Value};
use fogbank_sdk::identity::{self, CallerInfo, Grant};
use fogbank_sdk::{Error, Result};

/// The principal that stands for somebody unknown.
const ANYBODY: &str = "allUsers";

/// Whether anybody is asked: false where authentication is off.
pub fn enforced() -> bool {
    identity::caller().enforced
}

/// What a permission is wanted on.
#[derive(Debug, Clone)]
struct Wanted<'a> {
    /// As messages name it.
    kind: &'static str,
    /// The full resource name.
    resource: String,
    bucket: Option<&'a Bucket>,
    /// The access list of the object, where it is about one that has one.
    list: &'a [Entry],
    /// The name or prefix that managed folders may cover.
    path: Option<&'a str>,
}

/// Refuses unless the caller has `permission` on the project, an id or a number.
///
/// Errors: 403; 401 for somebody unknown.
pub fn project(permission: &str, project: &str) -> Result<()> {
    let resource = policies::project_resource(project);
    require(permission, &Wanted { kind: "Google Cloud project", resource, bucket: None, list: &[], path: None })
}

/// Refuses unless the caller has `permission` on the bucket, by policies or by its access list.
///
/// Errors: as [`project`].
pub fn bucket(permission: &str, bucket: &Bucket) -> Result<()> {
    require(permission, &of_bucket(bucket, None))
}

/// As [`bucket`], for one that is deleted and can be restored. Its policy went with it; its project and its access list are still
/// there to say who may.
pub fn deleted_bucket(permission: &str, bucket: &Bucket) -> Result<()> {
    let caller = identity::caller();
    if !caller.enforced {
        return Ok(());
    }
    let grants = grants::of_lists(permission, bucket, &[]);
    let answer = identity::require(permission, &policies::project_resource(&bucket.project), &grants);
    answer.map_err(|error| refusal(error, &caller, permission, "Google Cloud Storage bucket"))
}

/// Lets whoever knows the address of an upload go on with it, as the real service does: the address is the permission.
pub fn by_address(bucket: &str) -> Result<()> {
    let permission = "storage.objects.create";
    let anybody = Grant { member: ANYBODY.to_owned(), permissions: vec![permission.to_owned()] };
    if enforced() { Ok(identity::require(permission, &resource_name(bucket), &[anybody])?) } else { Ok(()) }
}

/// As [`bucket`], for a bucket that is not looked up otherwise before a transaction changes it; 404 where there is none.
pub fn bucket_named(permission: &str, name: &str) -> Result<()> {
    if enforced() { bucket(permission, &Bucket::load(name)?) } else { Ok(()) }
}

/// As [`bucket`], for what lies below `prefix`: a managed folder that covers all of it may give the permission as well.
pub fn prefix(permission: &str, bucket: &Bucket, prefix: &str) -> Result<()> {
    require(permission, &of_bucket(bucket, Some(prefix)))
}

/// Refuses unless the caller has `permission` on an object, by the policies of it, of managed folders that cover it and of its
/// bucket, or by the access lists of both. `object` is absent where it is about to be made.
///
/// Errors: as [`project`].
pub fn object(permission: &str, bucket: &Bucket, name: &str, object: Option<&Object>) -> Result<()> {
    require(permission, &of_object(bucket, name, object))
}

/// As [`object`], for an object that is about to be made in a bucket that is not looked up otherwise.
pub fn object_named(permission: &str, bucket: &str, name: &str) -> Result<()> {
    if enforced() { object(permission, &Bucket::load(bucket)?, name, None) } else { Ok(()) }
}

/// Refuses unless the caller has `permission` on a folder, managed or not.
///
/// Errors: as [`project`].
pub fn folder(permission: &str, bucket: &Bucket, kind: folder::Kind, name: &str) -> Result<()> {
    let resource = kind.resource_name(&bucket.name, name);
    require(permission, &Wanted { kind: kind.title(), resource, ..of_bucket(bucket, Some(name)) })
}

/// The object and its bucket, for a caller with `permission` on it, in one query.
///
/// Errors: 404 without the bucket. Without the object 404 as well, for callers who may list the bucket; others cannot tell an
/// object that is not there from one that is not theirs: 403.
pub fn find(permission: &str, bucket: &str, name: &str, which: Which) -> Result<Found> {
    let (bucket, object) = lookup::peek(bucket, name, which)?;
    let Some(object) = object else { return Err(missing(&bucket, name)) };
    self::object(permission, &bucket, name, Some(&object))?;
    Ok(Found { bucket, object })
}

/// As [`find`], before a transaction that looks the object up itself.
pub fn check(permission: &str, bucket: &str, name: &str, which: Which) -> Result<()> {
    if enforced() { find(permission, bucket, name, which).map(drop) } else { Ok(()) }
}

/// What to tell a caller who wants an object that is not there.
pub fn missing(bucket: &Bucket, name: &str) -> Error {
    match self::prefix("storage.objects.list", bucket, name) {
        Ok(()) => lookup::no_such_object(&bucket.name, name),
        Err(refusal) => refusal,
    }
}

/// Those of `permissions` that the caller has on a bucket, or on an object in it.
pub fn held(permissions: Vec<String>, bucket: &Bucket, found: Option<&Object>) -> Result<Vec<String>> {
    let wanted = match found {
        Some(object) => of_object(bucket, &object.name, Some(object)),
        None => of_bucket(bucket, None),
    };
    those(permissions, &wanted)
}

/// Those of `permissions` that the caller has on a folder.
pub fn held_on_folder(
    permissions: Vec<String>,
    bucket: &Bucket,
    kind: folder::Kind,
    name: &str,
) -> Result<Vec<String>> {
    let resource = kind.resource_name(&bucket.name, name);
    those(permissions, &Wanted { kind: kind.title(), resource, ..of_bucket(bucket, Some(name)) })
}

fn those(permissions: Vec<String>, wanted: &Wanted) -> Result<Vec<String>> {
    let mut held = Vec::new();
    for permission in permissions {
        if may(&permission, wanted)? {
            held.push(permission);
        }
    }
    Ok(held)
}

fn of_bucket<'a>(bucket: &'a Bucket, path: Option<&'a str>) -> Wanted<'a> {
    let resource = resource_name(&bucket.name);
    Wanted { kind: "Google Cloud Storage bucket", resource, bucket: Some(bucket), list: &[], path }
}

/// An object that was made under uniform access has its bucket's default list when lists count again.
fn of_object<'a>(bucket: &'a Bucket, name: &'a str, object: Option<&'a Object>) -> Wanted<'a> {
    let default = || bucket.config.default_object_acl.as_deref().unwrap_or_default();
    Wanted {
        kind: "Google Cloud Storage object",
        resource: iam::resource_name(&bucket.name, name),
        bucket: Some(bucket),
        list: object.map_or(&[], |object| object.acl.as_deref().unwrap_or_else(default)),
        path: Some(name),
    }
}

fn require(permission: &str, wanted: &Wanted) -> Result<()> {
    let caller = identity::caller();
    if !caller.enforced {
        return Ok(());
    }
    ask(permission, wanted, &caller).map_err(|error| refusal(error, &caller, permission, wanted.kind))
}

fn may(permission: &str, wanted: &Wanted) -> Result<bool> {
    match require(permission, wanted) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.http_status(), 401 | 403) => Ok(false),
        Err(error) => Err(error),
    }
}

fn ask(permission: &str, wanted: &Wanted, caller: &CallerInfo) -> identity::Result<()> {
    let Some(bucket) = wanted.bucket else { return identity::require(permission, &wanted.resource, &[]) };
    if bucket.config.prevents_public_access() && caller.name == ANYBODY {
        return Err(identity::Error::Unauthenticated(String::new()));
    }
    let first = lists_and_policies(permission, wanted, bucket);
    if !is_refusal(&first) || !bucket.config.is_uniform() {
        return first;
    }
    // Rare from here on: a bucket whose policy was never written, or a caller who lives by a managed folder's.
    if policies::settle(bucket)? && lists_and_policies(permission, wanted, bucket).is_ok() {
        return Ok(());
    }
    match wanted.path {
        Some(path) => by_managed_folder(permission, bucket, path, first),
        None => first,
    }
}

fn lists_and_policies(permission: &str, wanted: &Wanted, bucket: &Bucket) -> identity::Result<()> {
    let grants = grants::of(permission, bucket, wanted.list);
    one(permission, &wanted.resource, bucket, grants)
}

fn one(permission: &str, resource: &str, bucket: &Bucket, grants: Vec<Grant>) -> identity::Result<()> {
    match bucket.config.prevents_public_access() {
        true => private::require(permission, resource, bucket, grants),
        false => identity::require(permission, resource, &grants),
    }
}

fn is_refusal(answer: &identity::Result<()>) -> bool {
    matches!(answer, Err(identity::Error::Denied(_) | identity::Error::Unauthenticated(_)))
}

/// A managed folder's policy is about everything whose name begins with the folder's.
fn by_managed_folder(
    permission: &str,
    bucket: &Bucket,
    path: &str,
    refused: identity::Result<()>,
) -> identity::Result<()> {
    let covering = covering(bucket.id, path).map_err(|error| identity::Error::Other(error.to_string()))?;
    for name in covering.iter().rev() {
        let resource = folder::Kind::Managed.resource_name(&bucket.name, name);
        let answer = one(permission, &resource, bucket, Vec::new());
        if !is_refusal(&answer) {
            return answer;
        }
    }
    refused
}

/// The managed folders that `path` lies in, outermost first.
fn covering(bucket: i64, path: &str) -> Result<Vec<String>> {
    let above: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..=at]).collect();
    if above.is_empty() {
        return Ok(Vec::new());
    }
    let holes: Vec<String> = (2..above.len() + 2).map(|number| format!("${number}")).collect();
    let sql =
        format!("SELECT name FROM managed_folders WHERE bucket = $1 AND name IN ({}) ORDER BY name", holes.join(", "));
    let values = std::iter::once(Value::from(bucket)).chain(above.into_iter().map(Value::from)).collect();
    db::query(&sql, values)?.into_iter().map(|mut row| Ok(row.take("name")?)).collect()
}

/// The refusal in the words of the real service.
fn refusal(error: identity::Error, caller: &CallerInfo, permission: &str, kind: &str) -> Error {
    let denied = |who: &str| {
        format!(
            "{who} does not have {permission} access to the {kind}. Permission '{permission}' denied on resource (or it \
             may not exist)."
        )
    };
    let email = caller.name.split_once(':').map_or(caller.name.as_str(), |(_, email)| email);
    match error {
        identity::Error::Denied(_) | identity::Error::Unauthenticated(_) if caller.name == ANYBODY => {
            Error::unauthenticated(denied("Anonymous caller"))
        }
        identity::Error::Denied(_) => Error::forbidden(denied(email)),
        error => error.into(),
    }
}
