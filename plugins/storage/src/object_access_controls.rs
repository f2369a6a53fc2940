//! `storage.objectAccessControls`: the access list of one generation of an object. A change of it is a new
//! metageneration of the object. <https://cloud.google.com/storage/docs/json_api/v1/objectAccessControls>

use crate::access;
use crate::access_lists::{Body, entity, no_entry, refuse_uniform};
use crate::buckets::settings::public_refused;
use crate::model::acl::{self, Entry, Scope, Verb};
use crate::model::bucket::{Bucket, entry_wire};
use crate::model::etag;
use crate::objects::lookup::Which;
use fogbank_sdk::db::{self, Json, Transaction, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, query};
use serde_json::{Value, json};

/// The part of an object that its access list hangs on.
struct Target {
    bucket: Bucket,
    name: String,
    generation: i64,
    metageneration: i64,
    acl: Vec<Entry>,
}

/// All entries.
///
/// Errors: 400 under uniform access, 404.
pub fn list(request: Request) -> Result<Response> {
    let target = read(&request)?;
    let base = request.base_url();
    let items: Value = target.acl.iter().map(|entry| target.wire(entry, &base)).collect();
    Ok(Response::json(&json!({"kind": "storage#objectAccessControls", "items": items})))
}

/// The entry of an entity.
///
/// Errors: as [`list`].
pub fn get(request: Request) -> Result<Response> {
    let entity = entity(&request)?;
    let target = read(&request)?;
    let entry = target.acl.iter().find(|entry| entry.entity == entity).ok_or_else(|| no_entry(&entity))?;
    Ok(Response::json(&target.wire(entry, &request.base_url())))
}

/// Adds an entry, or gives an entity another role.
///
/// Errors: as [`list`]; 412 for everybody where public access is prevented.
pub fn insert(mut request: Request) -> Result<Response> {
    require(&request, "storage.objects.setIamPolicy")?;
    let body: Body = request.json()?;
    let entity = body.entity.ok_or_else(|| Error::required("entity"))?;
    let role = body.role.ok_or_else(|| Error::required("role"))?;
    let entry = Entry { entity, role }.checked(Scope::Object)?;
    change(&request, Verb::Insert, |entries| {
        acl::add(entries, entry.clone())?;
        Ok(Some(entry.clone()))
    })
}

/// Gives an entity another role.
///
/// Errors: as [`insert`].
pub fn update(mut request: Request) -> Result<Response> {
    require(&request, "storage.objects.setIamPolicy")?;
    let body: Body = request.json()?;
    let entity = entity(&request)?;
    change(&request, Verb::Update, |entries| {
        let present = entries.iter_mut().find(|entry| entry.entity == entity).ok_or_else(|| no_entry(&entity))?;
        let role = body.role.clone().unwrap_or_else(|| present.role.clone());
        *present = Entry { entity: entity.clone(), role }.checked(Scope::Object)?;
        Ok(Some(present.clone()))
    })
}

/// Gives an entity another role.
///
/// Errors: as [`insert`].
pub fn patch(request: Request) -> Result<Response> {
    update(request)
}

/// Takes an entity out.
///
/// Errors: as [`list`].
pub fn delete(request: Request) -> Result<Response> {
    require(&request, "storage.objects.setIamPolicy")?;
    let entity = entity(&request)?;
    change(&request, Verb::Delete, |entries| {
        let before = entries.len();
        entries.retain(|entry| entry.entity != entity);
        if entries.len() == before { Err(no_entry(&entity)) } else { Ok(None) }
    })
}

fn read(request: &RequestHead) -> Result<Target> {
    require(request, "storage.objects.getIamPolicy")?;
    db::read(|tx| Target::load(tx, request, Verb::Get))
}

fn require(request: &RequestHead, permission: &str) -> Result<()> {
    access::check(permission, request.param("bucket"), request.param("object"), Which::of(request)?)
}

fn change(
    request: &RequestHead,
    verb: Verb,
    mut edit: impl FnMut(&mut Vec<Entry>) -> Result<Option<Entry>>,
) -> Result<Response> {
    let (target, entry) = db::transaction(|tx| {
        let mut target = Target::load(tx, request, verb)?;
        let entry = edit(&mut target.acl)?;
        if target.bucket.config.prevents_public_access() && entry.as_ref().is_some_and(Entry::is_public) {
            return Err(public_refused());
        }
        target.save(tx)?;
        Ok((target, entry))
    })?;
    Ok(match entry {
        Some(entry) => Response::json(&target.wire(&entry, &request.base_url())),
        None => Response::no_content(),
    })
}

// === impl Target ===

impl Target {
    /// The live generation, or the one that the query names. An object without a list of its own has its bucket's default.
    fn load(tx: &Transaction, request: &RequestHead, verb: Verb) -> Result<Self> {
        let bucket = Bucket::load_in(tx, request.param("bucket"))?;
        refuse_uniform(&bucket, verb, Scope::Object)?;
        let name = request.param("object").to_owned();
        let which = match request.query_i64("generation")? {
            Some(_) => "generation = $3 AND state <> 'softdeleted'",
            None => "state = 'live' AND $3 = 0",
        };
        let sql =
            format!("SELECT generation, metageneration, acl FROM objects WHERE bucket = $1 AND name = $2 AND {which}");
        let generation = request.query_i64("generation")?.unwrap_or(0);
        let row = tx.query_one(&sql, params![bucket.id, &name, generation])?;
        let row = row.ok_or_else(|| no_object(&bucket.name, &name))?;
        let acl = row.get::<Option<Json<Vec<Entry>>>>("acl")?.map(|list| list.0);
        let acl = acl.unwrap_or_else(|| bucket.config.default_object_acl.clone().unwrap_or_default());
        Ok(Self { name, generation: row.get("generation")?, metageneration: row.get("metageneration")?, acl, bucket })
    }

    fn save(&mut self, tx: &Transaction) -> Result<()> {
        self.metageneration += 1;
        let sql = "UPDATE objects SET acl = $4, metageneration = $5, updated_ms = $6 \
                   WHERE bucket = $1 AND name = $2 AND generation = $3";
        let params =
            params![self.bucket.id, &self.name, self.generation, Json(&self.acl), self.metageneration, context::now()];
        tx.execute(sql, params)?;
        Ok(())
    }

    fn wire(&self, entry: &Entry, base: &str) -> Value {
        let tag = etag::of_generation(self.generation, self.metageneration);
        let mut wire = entry_wire(entry, "storage#objectAccessControl", tag);
        let (bucket, object) = (&self.bucket.name, &self.name);
        wire["id"] = json!(format!("{bucket}/{object}/{}/{}", self.generation, entry.entity));
        wire["bucket"] = json!(bucket);
        wire["object"] = json!(object);
        wire["generation"] = json!(self.generation.to_string());
        wire["selfLink"] =
            json!(format!("{base}/storage/v1/b/{bucket}/o/{}/acl/{}", query::encode(object), entry.entity));
        wire
    }
}

fn no_object(bucket: &str, object: &str) -> Error {
    Error::not_found(format!("No such object: {bucket}/{object}"))
}
