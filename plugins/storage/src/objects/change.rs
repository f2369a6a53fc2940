//! `objects.patch` and `objects.update`: metadata of an object, under the next metageneration.

use super::attributes::Attributes;
use super::customer_key::{self, CustomerKey};
use super::lookup::{self, Found, Which};
use super::resource::{self, View};
use super::{access, draft, protection};
use crate::model::bucket::Projection;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Preconditions, Request, RequestHead, Response, Result, context};
use serde_json::Value;

/// Changes the fields that the body names; null clears one.
pub fn patch(request: Request) -> Result<Response> {
    change(request, false)
}

/// Replaces all settable fields. Lists, retention and custom time that the body does not name stay as they are.
pub fn update(request: Request) -> Result<Response> {
    change(request, true)
}

fn change(mut request: Request, replaces: bool) -> Result<Response> {
    let body: Value = request.json()?;
    if !body.is_object() {
        return Err(Error::invalid("The body has to be an object resource."));
    }
    let edit = Edit::of(&request, &body, replaces)?;
    let found = db::transaction(|tx| edit.run(tx))?;
    let key = CustomerKey::of(&request)?;
    let full = draft::full(&request, body.get("acl").is_some())?;
    let view = View {
        projection: if full { Projection::Full } else { Projection::NoAcl },
        unlocked: customer_key::unlocks(&found.object, key.as_ref()),
    };
    Ok(resource::answer(&found, view))
}

/// One change, which a transaction may have to make more than once.
struct Edit<'a> {
    request: &'a RequestHead,
    body: &'a Value,
    replaces: bool,
    which: Which,
    preconditions: Preconditions,
    overrides: bool,
}

impl<'a> Edit<'a> {
    fn of(request: &'a RequestHead, body: &'a Value, replaces: bool) -> Result<Self> {
        Ok(Edit {
            request,
            body,
            replaces,
            which: Which::of(request)?,
            preconditions: Preconditions::from_query(request)?,
            overrides: request.query_bool("overrideUnlockedRetention")?,
        })
    }

    fn run(&self, tx: &Transaction) -> Result<Found> {
        let (bucket, name) = (self.request.param("bucket"), self.request.param("object"));
        let Found { bucket, mut object } = lookup::find_in(tx, bucket, name, self.which)?;
        self.preconditions.check(Some(lookup::version(&object)))?;
        let present = Attributes::of(&object);
        let wanted = if self.replaces { self.replacement(&present)? } else { present.patched(self.body)? };
        let now = context::now();
        let (owner, predefined) = (object.owner.clone(), self.request.query("predefinedAcl"));
        object.acl = access::changed(&bucket, object.acl, wanted.access_list()?, predefined, owner.as_deref())?;
        protection::write(&wanted, &mut object, &bucket.config, self.overrides, now)?;
        wanted.write_plain(&mut object, now)?;
        object.metageneration += 1;
        object.updated = now;
        tx.execute_all(vec![object.save_attributes()])?;
        Ok(Found { bucket, object })
    }

    fn replacement(&self, present: &Attributes) -> Result<Attributes> {
        let mut wanted = Attributes::default().patched(self.body)?;
        let absent = |field: &str| self.body.get(field).is_none();
        if absent("acl") {
            wanted.acl.clone_from(&present.acl);
        }
        if absent("retention") {
            wanted.retention.clone_from(&present.retention);
        }
        if absent("customTime") {
            wanted.custom_time = present.custom_time;
        }
        Ok(wanted)
    }
}
