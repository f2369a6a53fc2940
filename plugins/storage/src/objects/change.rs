//! `objects.patch` and `objects.update`: metadata of an object, under the next metageneration.

use super::attributes::Attributes;
use super::customer_key::{self, CustomerKey};
use super::lookup::{self, Found, Which};
use super::record::Object;
use super::resource::{self, View};
use super::{access, draft, protection};
use crate::access::{Permit, view};
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
    let which = Which::of(&request)?;
    let may = May::of(&request, which)?;
    let body: Value = request.json()?;
    if !body.is_object() {
        return Err(Error::invalid("The body has to be an object resource."));
    }
    let edit = Edit::of(&request, &body, which, replaces)?;
    let found = db::transaction(|tx| edit.run(tx, &may))?;
    let key = CustomerKey::of(&request)?;
    let full = draft::full(&request, body.get("acl").is_some())?;
    let projection = if full { Projection::Full } else { Projection::NoAcl };
    let view = View {
        projection: view::of_object(&found.bucket, &found.object, projection)?,
        unlocked: customer_key::unlocks(&found.object, key.as_ref()),
    };
    Ok(resource::answer(&found, view))
}

/// What the caller may do beyond changing an object's metadata.
struct May {
    set_policy: Permit,
    retain: Permit,
    override_retention: Permit,
}

impl May {
    /// Errors: 403 for who may not change the object at all; 404.
    fn of(request: &RequestHead, which: Which) -> Result<Self> {
        if !crate::access::enforced() {
            let given = Permit::given;
            return Ok(Self { set_policy: given(), retain: given(), override_retention: given() });
        }
        let (bucket, name) = (request.param("bucket"), request.param("object"));
        let Found { bucket, object } = crate::access::find("storage.objects.update", bucket, name, which)?;
        let permit = |permission: &str| Permit::on_object(permission, &bucket, name, Some(&object));
        Ok(Self {
            set_policy: permit("storage.objects.setIamPolicy")?,
            retain: permit("storage.objects.setRetention")?,
            override_retention: permit("storage.objects.overrideUnlockedRetention")?,
        })
    }

    fn require(&self, before: &Object, after: &Object) -> Result<()> {
        if before.acl != after.acl {
            self.set_policy.require()?;
        }
        if before.retention == after.retention {
            return Ok(());
        }
        self.retain.require()?;
        match &before.retention {
            Some(former) if protection::shortens(former, after.retention.as_ref()) => self.override_retention.require(),
            _ => Ok(()),
        }
    }
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
    fn of(request: &'a RequestHead, body: &'a Value, which: Which, replaces: bool) -> Result<Self> {
        Ok(Edit {
            request,
            body,
            replaces,
            which,
            preconditions: Preconditions::from_query(request)?,
            overrides: request.query_bool("overrideUnlockedRetention")?,
        })
    }

    fn run(&self, tx: &Transaction, may: &May) -> Result<Found> {
        let (bucket, name) = (self.request.param("bucket"), self.request.param("object"));
        let Found { bucket, mut object } = lookup::find_in(tx, bucket, name, self.which)?;
        self.preconditions.check(Some(lookup::version(&object)))?;
        let present = Attributes::of(&object);
        let wanted = if self.replaces { self.replacement(&present)? } else { present.patched(self.body)? };
        let now = context::now();
        let before = object.clone();
        let (owner, predefined) = (object.owner.clone(), self.request.query("predefinedAcl"));
        object.acl = access::changed(&bucket, object.acl, wanted.access_list()?, predefined, owner.as_deref())?;
        protection::write(&wanted, &mut object, &bucket.config, self.overrides, now)?;
        wanted.write_plain(&mut object, now)?;
        may.require(&before, &object)?;
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
