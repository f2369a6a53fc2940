//! Changes: each is one transaction that writes a row and the operation which tells of it.

use crate::call::Call;
use crate::operation::{self, Then};
use crate::path::Path;
use crate::store::{self, Resource};
use crate::{failure, links, part, show};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Reply, Request, Result, identity};
use serde_json::{Map, Value};

/// Makes a resource from a body that was read by [`Call::body`]. `complete` sees it before it is written and says what follows.
///
/// Errors: 400 without a name, 404 for a link to what is not there, 409 for a name that is taken.
pub fn insert(
    call: &Call,
    mut body: Map<String, Value>,
    mut complete: impl FnMut(&Transaction, &mut Resource) -> Result<Then>,
) -> Result<Reply> {
    let name = take_name(&mut body)?;
    own_fields(&mut body);
    let path = call.path(&name);
    require_elsewhere(&body)?;
    let operation = db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, call)? {
            return Ok(operation);
        }
        let mut resource = Resource::new(path.clone(), body.clone())?;
        if store::find(tx, &path)?.is_some() {
            return Err(failure::already_exists(&path));
        }
        let then = complete(tx, &mut resource)?;
        require_here(tx, &resource.body)?;
        store::insert(tx, &resource)?;
        operation::start(tx, call, &path, resource.id, then)
    })?;
    operation::answer(call, &operation)
}

/// Changes a resource: `edit` sees it as it is.
///
/// Errors: 404; what `edit` refuses.
pub fn change(
    call: &Call,
    path: &Path,
    mut edit: impl FnMut(&Transaction, &mut Resource) -> Result<Then>,
) -> Result<Reply> {
    let operation = db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, call)? {
            return Ok(operation);
        }
        let mut resource = store::load(tx, path)?;
        let before = resource.clone();
        let then = edit(tx, &mut resource)?;
        if resource != before {
            require_here(tx, &resource.body)?;
            store::save(tx, &resource)?;
        }
        operation::start(tx, call, path, resource.id, then)
    })?;
    operation::answer(call, &operation)
}

/// Removes a resource, unless `prepare` says that the runner does it.
///
/// Errors: 404; 400 `resourceInUseByAnotherResource` where something needs it, here or in the other part of the API; what `prepare`
/// refuses.
pub fn delete(
    call: &Call,
    path: &Path,
    mut prepare: impl FnMut(&Transaction, &mut Resource) -> Result<Then>,
) -> Result<Reply> {
    if let Some(user) = part::users_elsewhere(&[path])?.of(path).first() {
        return Err(failure::in_use(path, user));
    }
    let (operation, gone) = db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, call)? {
            return Ok((operation, false));
        }
        let mut resource = store::load(tx, path)?;
        let then = prepare(tx, &mut resource)?;
        let gone = !matches!(then, Then::Run(..));
        match gone {
            true => store::delete(tx, path)?,
            false => store::save(tx, &resource)?,
        }
        Ok((operation::start(tx, call, path, resource.id, then)?, gone))
    })?;
    if gone {
        // A resource of the same name begins without the policy of this one.
        identity::forget(&path.full_name())?;
    }
    operation::answer(call, &operation)
}

/// Merges a patch into a resource (RFC 7396); the fingerprint that came along has to be that of the present state.
///
/// Errors: 412.
pub fn merge(resource: &mut Resource, mut patch: Map<String, Value>) -> Result<()> {
    check_fingerprint(resource, &mut patch)?;
    own_fields(&mut patch);
    let mut body = Value::Object(std::mem::take(&mut resource.body));
    fogbank_sdk::patch::merge(&mut body, &Value::Object(patch));
    resource.body = into_object(body);
    Ok(())
}

/// Puts a body in the place of what clients may set; what the API sets stays.
///
/// Errors: 412.
pub fn replace(resource: &mut Resource, mut body: Map<String, Value>) -> Result<()> {
    check_fingerprint(resource, &mut body)?;
    own_fields(&mut body);
    let form = resource.path.place().and_then(|place| place.schema());
    let kept = resource
        .body
        .iter()
        .filter(|(name, _)| form.and_then(|form| form.field(name)).is_none_or(|field| field.output_only));
    for (name, value) in kept {
        body.entry(name.clone()).or_insert_with(|| value.clone());
    }
    resource.body = body;
    Ok(())
}

fn check_fingerprint(resource: &Resource, body: &mut Map<String, Value>) -> Result<()> {
    let sent = body.remove("fingerprint");
    match sent.as_ref().and_then(Value::as_str).filter(|sent| !sent.is_empty()) {
        Some(sent) if sent != show::fingerprint(resource)? => Err(failure::stale("resource")),
        _ => Ok(()),
    }
}

/// Takes away what follows from the rest, and `params`, which are of the request and never of the resource.
fn own_fields(body: &mut Map<String, Value>) {
    const OWN: [&str; 9] = [
        "id",
        "kind",
        "name",
        "selfLink",
        "selfLinkWithId",
        "creationTimestamp",
        "fingerprint",
        "labelFingerprint",
        "params",
    ];
    body.retain(|field, _| !OWN.contains(&field.as_str()));
}

fn take_name(body: &mut Map<String, Value>) -> Result<String> {
    match body.remove("name") {
        Some(Value::String(name)) if !name.is_empty() => Ok(name),
        _ => Err(failure::required("name")),
    }
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Refuses links to resources that the other service keeps and does not have.
///
/// Errors: 404; 503 where it does not answer.
pub fn require_elsewhere(body: &Map<String, Value>) -> Result<()> {
    let paths: Vec<Path> = links::of(body).into_iter().map(|(_, path)| path).filter(|path| !is_ours(path)).collect();
    let known = paths.iter().filter(|path| crate::collections::named(&path.collection).is_some());
    match part::absent_elsewhere(&known.collect::<Vec<_>>())? {
        Some(path) => Err(failure::not_found(&path)),
        None => Ok(()),
    }
}

/// Refuses links to resources that this service keeps and does not have.
///
/// Errors: 404.
pub fn require_here(tx: &Transaction, body: &Map<String, Value>) -> Result<()> {
    for (field, path) in links::of(body) {
        let kept = part::owns(&path.collection) && part::given(&path).is_none();
        if kept && !output_link(&field) && store::find(tx, &path)?.is_none() {
            return Err(failure::not_found(&path));
        }
    }
    Ok(())
}

/// Links that tell of a past (`lastAttachTimestamp` and its like are none) and need not lead anywhere any more.
fn output_link(field: &str) -> bool {
    field.starts_with("source") && field.len() > "source".len() || field == "users"
}

fn is_ours(path: &Path) -> bool {
    part::owns(&path.collection) || path.collection.is_empty() || part::given(path).is_some()
}

/// For handlers without a body: a change that is complete at once.
pub fn done(_: &Transaction, _: &mut Resource) -> Result<Then> {
    Ok(Then::Done)
}

/// Reads the body of a patch and applies it with a check of the outcome.
pub fn patch(
    request: &mut Request,
    check: impl Fn(&Transaction, &Resource, &mut Resource) -> Result<Then>,
) -> Result<Reply> {
    let call = Call::of(request)?;
    let path = call.target(request)?;
    let patch = call.patch(request)?;
    require_elsewhere(&patch)?;
    change(&call, &path, |tx, resource| {
        let before = resource.clone();
        merge(resource, patch.clone())?;
        check(tx, &before, resource)
    })
}
