//! Services that share their operations: what one of them sees of the others' in its tenant.
//!
//! The rows stay where they are, in the database of the service that runs them. A service whose database is not there yet has
//! none, and one that does not answer is left out of lists, with a line in the log.

use super::table::{self, Row};
use crate::capability::database::{Database, Error, Migrations};
use crate::plugin::state::Scope;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A loaded service of a domain.
#[derive(Debug, Clone)]
pub struct Member {
    pub plugin: Arc<str>,
    pub migrations: Arc<Migrations>,
}

/// Where an operation is: the service that runs it, and that service's database in the scope's tenant.
pub struct Home {
    pub plugin: Arc<str>,
    pub database: Arc<Database>,
}

/// The operation called `id` of the scope's service, or of another of its domain that is not hidden.
///
/// # Errors
/// Of the scope's own database; of another's where the operation is found nowhere else, since it may be there.
pub async fn find(scope: &Scope, id: &str) -> Result<Option<(Home, Row)>, Error> {
    let database = scope.database().await?;
    if let Some(row) = table::get(&database, id).await? {
        return Ok(Some((Home { plugin: Arc::clone(&scope.plugin), database }, row)));
    }
    let mut silent = None;
    for member in others(scope) {
        match find_in(scope, &member, id).await {
            Ok(Some((database, row))) => return Ok(Some((Home { plugin: member.plugin, database }, row))),
            Ok(None) => {}
            Err(error) => {
                complain(scope, &member, &error);
                silent = Some(error);
            }
        }
    }
    silent.map_or(Ok(None), Err)
}

async fn find_in(scope: &Scope, member: &Member, id: &str) -> Result<Option<(Arc<Database>, Row)>, Error> {
    let Some(database) = open(scope, member).await? else { return Ok(None) };
    let row = table::get(&database, id).await?.filter(|row| !row.hidden);
    Ok(row.map(|row| (database, row)))
}

/// Visible operations of the whole domain whose target begins with `prefix`, newest first, behind the operation `after`.
///
/// # Errors
/// Of the scope's own database.
pub async fn list(scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Row>, Error> {
    let after = match after {
        None => None,
        Some(id) => match find(scope, id).await? {
            Some((_, row)) => Some(row),
            None => return Ok(Vec::new()),
        },
    };
    let mut rows = table::list(&*scope.database().await?, prefix, after.as_ref(), limit).await?;
    for member in others(scope) {
        match list_of(scope, &member, prefix, after.as_ref(), limit).await {
            Ok(more) => rows.extend(more),
            Err(error) => complain(scope, &member, &error),
        }
    }
    rows.sort_by(|a, b| (b.created_ms, &b.id).cmp(&(a.created_ms, &a.id)));
    rows.truncate(limit as usize);
    Ok(rows)
}

async fn list_of(
    scope: &Scope,
    member: &Member,
    prefix: &str,
    after: Option<&Row>,
    limit: u32,
) -> Result<Vec<Row>, Error> {
    match open(scope, member).await? {
        Some(database) => table::list(&database, prefix, after, limit).await,
        None => Ok(Vec::new()),
    }
}

/// Whether an operation of the domain that is not of the scope's own service has this id.
///
/// # Errors
/// Where a database does not answer: an id that may be taken is not given.
pub async fn is_taken(scope: &Scope, id: &str) -> Result<bool, Error> {
    for member in others(scope) {
        if let Some(database) = open(scope, &member).await?
            && table::get(&database, id).await?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn others(scope: &Scope) -> Vec<Member> {
    let (Some(domain), Some(catalog)) = (&scope.operations_domain, scope.process.catalog.get()) else {
        return Vec::new();
    };
    let mut members = catalog.operations_domain(domain);
    members.retain(|member| member.plugin != scope.plugin);
    members
}

async fn open(scope: &Scope, member: &Member) -> Result<Option<Arc<Database>>, Error> {
    scope.process.databases.open_existing(&scope.tenant.name, &member.plugin, &member.migrations).await
}

fn complain(scope: &Scope, member: &Member, error: &Error) {
    let (tenant, plugin) = (&*scope.tenant.name, &*member.plugin);
    tracing::warn!(tenant, plugin, asked_by = &*scope.plugin, %error, "operations of a service of the domain are left out");
}

/// Ids that services are about to write in transactions of their own: a row that is not committed is seen by nobody else.
#[derive(Debug, Default)]
pub struct Claims(Mutex<Claimed>);

#[derive(Debug, Default)]
struct Claimed {
    claims: HashMap<Key, Claim>,
    /// When those that stand no longer were taken out.
    swept: Option<Instant>,
}

/// A tenant, a domain and an id.
type Key = (Arc<str>, Arc<str>, String);

#[derive(Debug)]
struct Claim {
    plugin: Arc<str>,
    until: Instant,
}

impl Claims {
    /// How long a claim stands: longer than any transaction. The row is there after that, or will never be.
    const LASTS: Duration = Duration::from_secs(60);

    /// Claims `id` for the scope's service; false where another one of the domain did just before.
    pub fn claim(&self, scope: &Scope, id: &str) -> bool {
        let Some(domain) = &scope.operations_domain else { return true };
        self.claim_in(
            (Arc::clone(&scope.tenant.name), Arc::clone(domain), id.to_owned()),
            &scope.plugin,
            Instant::now(),
        )
    }

    fn claim_in(&self, key: Key, plugin: &Arc<str>, now: Instant) -> bool {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if claimed.swept.is_none_or(|swept| now >= swept + Self::LASTS) {
            claimed.claims.retain(|_, claim| claim.until > now);
            claimed.swept = Some(now);
        }
        let fresh = Claim { plugin: Arc::clone(plugin), until: now + Self::LASTS };
        match claimed.claims.get(&key) {
            Some(claim) if claim.plugin != *plugin && claim.until > now => false,
            _ => {
                claimed.claims.insert(key, fresh);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_claimed_by_one_service_of_a_domain_until_its_row_must_be_there() {
        let (claims, now) = (Claims::default(), Instant::now());
        let claim = |tenant: &str, plugin: &str, now| {
            claims.claim_in((tenant.into(), "compute".into(), "operation-1".into()), &plugin.into(), now)
        };
        assert!(claim("blue", "vpc", now));
        assert!(claim("blue", "vpc", now), "a transaction that is run again claims again");
        assert!(!claim("blue", "compute", now));
        assert!(claim("green", "compute", now));
        assert!(claim("blue", "compute", now + Claims::LASTS + Duration::from_secs(1)));
    }
}
