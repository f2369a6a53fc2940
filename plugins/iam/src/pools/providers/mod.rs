//! Providers of workload identity pools: whose word is taken for who somebody is.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>

mod check;

use super::shared::{self, Kind, Record};
use super::{PoolPath, fields, place};
use crate::projects;
use crate::wire::document_of;
use fogbank_sdk::db::{self, Json, params};
use fogbank_sdk::{Request, Response, Result};
use serde_json::{Map, Value};

const PROVIDERS: Kind = Kind {
    table: "providers",
    list: "workloadIdentityPoolProviders",
    type_name: "WorkloadIdentityPoolProvider",
    keys: &["project", "pool", "id"],
};

/// Makes a provider.
pub fn create(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let id = request.query("workloadIdentityPoolProviderId").unwrap_or_default().to_owned();
    fields::check_id("workloadIdentityPoolProviderId", &id)?;
    let config = check::apply(Map::new(), &sent, None)?;
    shared::create(&PROVIDERS, &place::of(&request)?.with(&id), config)
}

/// Shows a provider.
pub fn get(request: Request) -> Result<Response> {
    shared::get(&PROVIDERS, &place::of(&request)?)
}

/// A page of a pool's providers.
pub fn list(request: Request) -> Result<Response> {
    shared::list(&PROVIDERS, &request, &place::of(&request)?)
}

/// Changes the fields that `updateMask` names.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let mask = request.query("updateMask").unwrap_or_default().to_owned();
    shared::change(&PROVIDERS, &place::of(&request)?, |config| check::apply(config, &sent, Some(&mask)))
}

/// Deletes a provider; its word counts no more.
pub fn delete(request: Request) -> Result<Response> {
    shared::delete(&PROVIDERS, &place::of(&request)?)
}

/// Brings a deleted provider back.
pub fn undelete(request: Request) -> Result<Response> {
    shared::undelete(&PROVIDERS, &place::of(&request)?)
}

/// A provider whose word counts: it and its pool are there and enabled.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// The project's id.
    pub project: String,
    /// The project's number, by which principals of the pool are named.
    pub number: String,
    pub pool: String,
    pub id: String,
    /// As the API shows it: `oidc`, `aws`, `saml`, `attributeMapping`, `attributeCondition`.
    pub config: Map<String, Value>,
}

/// The provider that a token exchange names: `//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/p/providers/x`.
/// None where there is none, or where it or its pool is deleted or disabled.
///
/// Errors: the database's.
pub fn provider(name: &str) -> Result<Option<Provider>> {
    let Some(PoolPath { project, pool, provider }) = PoolPath::read(name) else { return Ok(None) };
    let project = projects::id(project)?;
    let row = db::query_one(
        "SELECT pools.number AS number, pools.config AS pool_config, providers.config AS config, providers.deleted_ms AS deleted_ms \
         FROM providers JOIN pools ON pools.project = providers.project AND pools.id = providers.pool \
         WHERE providers.project = $1 AND providers.pool = $2 AND providers.id = $3 \
         AND providers.deleted_ms IS NULL AND pools.deleted_ms IS NULL",
        params![&project, pool, provider],
    )?;
    let Some(mut row) = row else { return Ok(None) };
    let of_pool = row.take::<Json<Map<String, Value>>>("pool_config")?.0;
    let config = Record::from_row(&mut row)?.config;
    let disabled = |config: &Map<String, Value>| config.get("disabled") == Some(&Value::Bool(true));
    let enabled = !disabled(&of_pool) && !disabled(&config);
    let number = row.take("number")?;
    let found = Provider { project, number, pool: pool.to_owned(), id: provider.to_owned(), config };
    Ok(enabled.then_some(found))
}
