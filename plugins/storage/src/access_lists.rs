//! What a bucket's two access lists have in common: the one of the bucket itself, and the default for its objects. Each
//! is a part of the bucket's settings, so a change of one is a new metageneration of the bucket.

use crate::access;
use crate::buckets::settings::public_refused;
use crate::conditions::Conditions;
use crate::model::acl::{self, Entry, Scope, Verb};
use crate::model::bucket::Bucket;
use crate::model::config::Config;
use crate::policies;
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, db};
use serde::Deserialize;
use serde_json::{Value, json};

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Bucket,
    DefaultObject,
}

/// The writable fields of an entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Body {
    pub entity: Option<String>,
    pub role: Option<String>,
}

// === impl List ===

impl List {
    fn scope(self) -> Scope {
        match self {
            Self::Bucket => Scope::Bucket,
            Self::DefaultObject => Scope::Object,
        }
    }

    fn of(self, config: &mut Config) -> &mut Vec<Entry> {
        match self {
            Self::Bucket => config.acl.get_or_insert_default(),
            Self::DefaultObject => config.default_object_acl.get_or_insert_default(),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Bucket => "storage#bucketAccessControls",
            Self::DefaultObject => "storage#objectAccessControls",
        }
    }

    fn wire(self, bucket: &Bucket, entry: &Entry, base: &str) -> Value {
        match self {
            Self::Bucket => bucket.acl_entry(entry, base),
            Self::DefaultObject => bucket.default_object_acl_entry(entry),
        }
    }
}

/// The entity that the path names, in normal form.
pub fn entity(request: &RequestHead) -> Result<String> {
    acl::entity(request.param("entity"))
}

/// 404 for an entity that is not in the list.
pub fn no_entry(entity: &str) -> Error {
    Error::not_found(format!("The specified entity is not in the access control list: {entity}"))
}

/// All entries.
pub fn list(request: Request, list: List) -> Result<Response> {
    let conditions = Conditions::of(&request)?;
    let mut bucket = read(&request, list)?;
    conditions.require_for_read(bucket.metageneration)?;
    let entries = list.of(&mut bucket.config).clone();
    let base = request.base_url();
    let items: Value = entries.iter().map(|entry| list.wire(&bucket, entry, &base)).collect();
    Ok(Response::json(&json!({"kind": list.kind(), "items": items})))
}

/// The entry of an entity.
pub fn get(request: Request, list: List) -> Result<Response> {
    let entity = entity(&request)?;
    let mut bucket = read(&request, list)?;
    let found = list.of(&mut bucket.config).iter().find(|entry| entry.entity == entity).cloned();
    let entry = found.ok_or_else(|| no_entry(&entity))?;
    Ok(Response::json(&list.wire(&bucket, &entry, &request.base_url())))
}

/// Adds an entry; an entity that is there gets the new role.
pub fn insert(mut request: Request, list: List) -> Result<Response> {
    require(&request)?;
    let body: Body = request.json()?;
    let entity = body.entity.ok_or_else(|| Error::required("entity"))?;
    let role = body.role.ok_or_else(|| Error::required("role"))?;
    let entry = Entry { entity, role }.checked(list.scope())?;
    change(&request, list, Verb::Insert, |entries| {
        acl::add(entries, entry.clone())?;
        Ok(Some(entry.clone()))
    })
}

/// Gives an entity of the list another role.
pub fn update(mut request: Request, list: List) -> Result<Response> {
    require(&request)?;
    let body: Body = request.json()?;
    let entity = entity(&request)?;
    change(&request, list, Verb::Update, |entries| {
        let present = entries.iter_mut().find(|entry| entry.entity == entity).ok_or_else(|| no_entry(&entity))?;
        let role = body.role.clone().unwrap_or_else(|| present.role.clone());
        *present = Entry { entity: entity.clone(), role }.checked(list.scope())?;
        Ok(Some(present.clone()))
    })
}

/// Takes an entity out of the list.
pub fn delete(request: Request, list: List) -> Result<Response> {
    require(&request)?;
    let entity = entity(&request)?;
    change(&request, list, Verb::Delete, |entries| {
        let before = entries.len();
        entries.retain(|entry| entry.entity != entity);
        if entries.len() == before { Err(no_entry(&entity)) } else { Ok(None) }
    })
}

/// Before anything that is wrong with a request is told, whoever sends it has to be somebody who may.
fn require(request: &RequestHead) -> Result<()> {
    access::bucket_named("storage.buckets.setIamPolicy", request.param("bucket"))
}

fn read(request: &RequestHead, list: List) -> Result<Bucket> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.getIamPolicy", &bucket)?;
    refuse_uniform(&bucket, Verb::Get, list.scope())?;
    Ok(bucket)
}

/// 400 where access lists are out of force.
pub fn refuse_uniform(bucket: &Bucket, verb: Verb, scope: Scope) -> Result<()> {
    if bucket.config.is_uniform() { Err(acl::refused(verb, scope)) } else { Ok(()) }
}

/// Changes the list in one transaction and answers with the entry, or with nothing where it is gone.
fn change(
    request: &RequestHead,
    list: List,
    verb: Verb,
    mut edit: impl FnMut(&mut Vec<Entry>) -> Result<Option<Entry>>,
) -> Result<Response> {
    let (bucket, entry) = db::transaction(|tx| {
        let mut bucket = Bucket::load_in(tx, request.param("bucket"))?;
        refuse_uniform(&bucket, verb, list.scope())?;
        let entry = edit(list.of(&mut bucket.config))?;
        if bucket.config.prevents_public_access() && entry.as_ref().is_some_and(Entry::is_public) {
            return Err(public_refused());
        }
        bucket.save(tx, context::now())?;
        Ok((bucket, entry))
    })?;
    if list == List::Bucket {
        policies::follow_list(&bucket);
    }
    Ok(match entry {
        Some(entry) => Response::json(&list.wire(&bucket, &entry, &request.base_url())),
        None => Response::no_content(),
    })
}
