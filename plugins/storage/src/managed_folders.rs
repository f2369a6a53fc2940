//! `storage.managedFolders`: prefixes with policies of their own.
//! <https://cloud.google.com/storage/docs/json_api/v1/managedFolders>

use crate::access;
use crate::conditions::Conditions;
use crate::model::bucket::{self, Bucket};
use crate::model::folder::{self, Folder, Kind};
use crate::policies::{self, Target};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, page};
use serde_json::{Value, json};

const KIND: Kind = Kind::Managed;

/// Makes a managed folder.
///
/// Errors: 400 for a bad name or without uniform access, 404, 409.
pub fn insert(mut request: Request) -> Result<Response> {
    let body: Value = request.json()?;
    let Some(name) = body.get("name").and_then(Value::as_str) else {
        access::bucket_named("storage.managedFolders.create", request.param("bucket"))?;
        return Err(Error::required("name"));
    };
    let folder = Folder::new(folder::name(name)?, context::now());
    require("storage.managedFolders.create", &request, &folder.name)?;
    let bucket = db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, request.param("bucket"))?;
        if !bucket.config.is_uniform() {
            return Err(Error::invalid("Managed folders need a bucket with uniform bucket-level access."));
        }
        tx.execute_all(vec![folder.insert(KIND, bucket.id, false)]).map_err(|error| match error {
            error if error.is_unique() => Error::already_exists("The managed folder already exists."),
            error => error.into(),
        })?;
        Ok(bucket)
    })?;
    policies::adopt(&resource_name(&bucket.name, &folder.name), &bucket::resource_name(&bucket.name));
    Ok(Response::json(&folder.wire(KIND, &bucket, &request.base_url())))
}

/// Shows a managed folder.
///
/// Errors: 404, 412, 304.
pub fn get(request: Request) -> Result<Response> {
    let (bucket, folder) = load(&request, Some("storage.managedFolders.get"))?;
    Conditions::of(&request)?.require_for_read(folder.metageneration)?;
    Ok(Response::json(&folder.wire(KIND, &bucket, &request.base_url())))
}

/// A page of a bucket's managed folders, in order of name.
pub fn list(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let size = page::size(&request, "pageSize", 1000, 1000)?;
    let after: String = page::cursor(&request)?.unwrap_or_default();
    let from = request.query("prefix").unwrap_or_default();
    access::prefix("storage.managedFolders.list", &bucket, from)?;
    let mut folders = folder::select(KIND, bucket.id, from, &after, size + 1)?;
    let more = folders.len() > size as usize;
    folders.truncate(size as usize);
    let mut answer = json!({"kind": "storage#managedFolders"});
    if let Some(last) = folders.last() {
        let base = request.base_url();
        answer["items"] = folders.iter().map(|folder| folder.wire(KIND, &bucket, &base)).collect::<Value>();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.name));
        }
    }
    Ok(Response::json(&answer))
}

/// Deletes a managed folder with its policy; objects stay, and are in the way unless `allowNonEmpty` says otherwise.
///
/// Errors: 404, 409 `notEmpty`, 412.
pub fn delete(request: Request) -> Result<Response> {
    let conditions = Conditions::of(&request)?;
    let allow = request.query_bool("allowNonEmpty")?;
    let name = folder::name(request.param("managedFolder"))?;
    require("storage.managedFolders.delete", &request, &name)?;
    if allow {
        // Objects that stay lose what its policy says of them.
        require("storage.managedFolders.setIamPolicy", &request, &name)?;
    }
    let bucket = db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, request.param("bucket"))?;
        let folder = Folder::load_in(tx, KIND, bucket.id, &name)?;
        conditions.require(folder.metageneration)?;
        if !allow && folder.has_objects(tx, bucket.id, true)? {
            return Err(Error::conflict("notEmpty", "The managed folder you tried to delete is not empty."));
        }
        tx.execute("DELETE FROM managed_folders WHERE bucket = $1 AND name = $2", params![bucket.id, &name])?;
        Ok(bucket)
    })?;
    policies::forget(&resource_name(&bucket.name, &name));
    Ok(Response::no_content())
}

/// The policy of a managed folder; empty before anybody sets one.
///
/// Errors: 404.
pub fn get_iam_policy(request: Request) -> Result<Response> {
    let (bucket, folder) = load(&request, Some("storage.managedFolders.getIamPolicy"))?;
    policies::get(&request, &target(&bucket, &folder))
}

/// Replaces the policy.
///
/// Errors: 400, 404, 412.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let (bucket, folder) = load(&request, Some("storage.managedFolders.setIamPolicy"))?;
    policies::set(&mut request, &target(&bucket, &folder)).map(|(response, _)| response)
}

/// What the caller may do with a managed folder.
///
/// Errors: 400, 404.
pub fn test_iam_permissions(request: Request) -> Result<Response> {
    let (bucket, folder) = load(&request, None)?;
    policies::test(&request, |permissions| access::held_on_folder(permissions, &bucket, KIND, &folder.name))
}

/// The folder, for a caller with `permission` on it.
fn load(request: &RequestHead, permission: Option<&str>) -> Result<(Bucket, Folder)> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let name = folder::name(request.param("managedFolder"))?;
    if let Some(permission) = permission {
        access::folder(permission, &bucket, KIND, &name)?;
    }
    let folder = Folder::load(KIND, bucket.id, &name)?;
    Ok((bucket, folder))
}

/// Refuses unless the caller has `permission` on a folder that a transaction looks up.
fn require(permission: &str, request: &RequestHead, name: &str) -> Result<()> {
    if !access::enforced() {
        return Ok(());
    }
    access::folder(permission, &Bucket::load(request.param("bucket"))?, KIND, name)
}

/// A folder's policy may name everybody also where the bucket prevents public access: prevention outweighs it when
/// access is decided.
fn target(bucket: &Bucket, folder: &Folder) -> Target {
    Target { resource: resource_name(&bucket.name, &folder.name), initial: Vec::new(), private: false }
}

/// The name of a managed folder for policies.
fn resource_name(bucket: &str, folder: &str) -> String {
    KIND.resource_name(bucket, folder)
}
