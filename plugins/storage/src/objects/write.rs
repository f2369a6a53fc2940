//! The one way in which a new generation comes into being: its file is there, and one transaction checks, inserts it,
//! retires what it replaces and queues files for removal. A crash at any point leaves the old object or the new one.

use super::content::Content;
use super::lookup::{self, Found, Place};
use super::policy;
use super::record::{Object, State};
use super::retire::{self, Ending, Retired};
use crate::access::Permit;
use crate::model::bucket::Bucket;
use crate::{folders, generation, removals};
use fogbank_sdk::db::{self, Statement, Transaction};
use fogbank_sdk::{Preconditions, Result, Timestamp, context, log};

/// Where a new generation goes.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    pub bucket: &'a str,
    pub name: &'a str,
    pub preconditions: Preconditions,
    /// Whether an object that is there may be replaced.
    pub replace: Permit,
}

/// What else happens in the transaction of a write, given the transaction and the generation that was made.
pub type Also<'a> = &'a dyn Fn(&Transaction, &Found, Timestamp) -> Result<Vec<Retired>>;

/// Makes `content` the live generation of the target. `build` gives the row's attributes as the bucket's settings have
/// them; key, content and times are set here. Where anything fails the file of `content` is gone.
pub fn insert(
    target: &Target,
    content: &Content,
    build: &dyn Fn(&Bucket, Timestamp) -> Result<Object>,
    also: Option<Also>,
) -> Result<Found> {
    let written = db::transaction(|tx| step(tx, target, content, build, also));
    let (found, removed) = match written {
        Ok(written) => written,
        Err(error) => {
            content.discard(&error);
            return Err(error);
        }
    };
    finish(&removed);
    Ok(found)
}

/// What is left to do after the commit; the answer does not depend on it.
pub fn finish(removed: &[String]) {
    if let Err(error) = context::reach("storage.object.committed") {
        log::warn!("files of replaced objects stay queued: {error}");
        return;
    }
    removals::unlink(removed);
}

fn step(
    tx: &Transaction,
    target: &Target,
    content: &Content,
    build: &dyn Fn(&Bucket, Timestamp) -> Result<Object>,
    also: Option<Also>,
) -> Result<(Found, Vec<String>)> {
    let Place { bucket, live, latest, has_policy } = lookup::for_write(tx, target.bucket, target.name)?;
    target.preconditions.check(live.as_ref().map(lookup::version))?;
    if live.is_some() {
        target.replace.require()?;
    }
    let now = context::now();
    let mut object = build(&bucket, now)?;
    content.fill(&mut object);
    object.bucket = bucket.id;
    target.name.clone_into(&mut object.name);
    object.generation = generation::after(generation::now_us(), latest);
    object.metageneration = 1;
    object.state = State::Live;
    (object.created, object.updated, object.class_updated) = (now, now, now);
    (object.noncurrent, object.soft_deleted, object.hard_delete, object.restore_token) = (None, None, None, None);

    let mut retired = Vec::new();
    if let Some(live) = &live {
        retired.push(retire::retire(live, &bucket, Ending::Superseded, now)?);
    }
    let mut statements: Vec<Statement> =
        retired.iter_mut().flat_map(|one| std::mem::take(&mut one.statements)).collect();
    if bucket.config.is_hierarchical() {
        statements.extend(folders::make_parents(bucket.id, target.name, now));
    }
    if has_policy && latest.is_none() {
        statements.push(policy::forget(bucket.id, &bucket.name, target.name)?);
    }
    statements.push(object.insert());
    tx.execute_all(statements)?;
    let found = Found { bucket, object };
    if let Some(also) = also {
        let mut more = also(tx, &found, now)?;
        tx.execute_all(more.iter_mut().flat_map(|one| std::mem::take(&mut one.statements)).collect())?;
        retired.extend(more);
    }
    context::reach("storage.object.recorded")?;
    Ok((found, retired.into_iter().filter_map(|one| one.file).collect()))
}
