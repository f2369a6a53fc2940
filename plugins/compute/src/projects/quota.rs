//! Limits of what a project, and a tenant, may have. <https://cloud.google.com/compute/quotas>
//!
//! Settings: `instances-per-project` and `instances-per-tenant`.

use crate::instances::network;
use compute_api::failure;
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Result, context};
use serde_json::{Value, json};

/// Limits of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In one project.
    pub project: u64,
    /// In all projects of the tenant.
    pub tenant: u64,
}

// === impl Limits ===

impl Limits {
    /// As the operator has set them.
    ///
    /// Errors: 500 for a setting that is no number.
    pub fn now() -> Result<Self> {
        Ok(Self {
            project: context::setting("instances-per-project")?.unwrap_or(12_000),
            tenant: context::setting("instances-per-tenant")?.unwrap_or(24_000),
        })
    }

    /// Refuses `more` instances where there is no room for them.
    ///
    /// Errors: 429 `quotaExceeded` with the limit.
    pub fn require(self, tx: &Transaction, project: &str, more: u64) -> Result<()> {
        let sql = "SELECT COUNT(*) AS n FROM resource WHERE project = $1 AND collection = 'instances'";
        let there = tx.query_one(sql, params![project])?;
        self.check_project(number(there)?, project, more)?;
        let there = tx.query_one("SELECT COUNT(*) AS n FROM resource WHERE collection = 'instances'", params![])?;
        self.check_tenant(number(there)?, more)
    }

    fn check_project(self, there: u64, project: &str, more: u64) -> Result<()> {
        match there + more > self.project {
            true => Err(failure::quota("INSTANCES", self.project, &format!("in project {project}"))),
            false => Ok(()),
        }
    }

    fn check_tenant(self, there: u64, more: u64) -> Result<()> {
        match there + more > self.tenant {
            true => Err(failure::quota("INSTANCES", self.tenant, "in all projects")),
            false => Ok(()),
        }
    }
}

/// The quotas of a project, as the API shows them: what is limited, and what is counted without a limit that anyone reaches.
///
/// Errors: the database's.
pub fn of_project(project: &str) -> Result<Vec<Value>> {
    let sql = "SELECT collection, COUNT(*) AS n FROM resource WHERE project = $1 GROUP BY collection";
    let rows = db::query(sql, params![project])?;
    let mut counts: Vec<(String, u64)> = Vec::new();
    for row in rows {
        let count: i64 = row.get("n")?;
        counts.push((row.get("collection")?, count.unsigned_abs()));
    }
    let used = |collection: &str| counts.iter().find(|(name, _)| name == collection).map_or(0, |(_, count)| *count);
    let limited = json!({
        "metric": "INSTANCES", "limit": Limits::now()?.project as f64, "usage": used("instances") as f64,
    });
    let counted = COUNTED
        .iter()
        .map(|(metric, collection, limit)| json!({"metric": metric, "limit": limit, "usage": used(collection) as f64}));
    let networks = network::get(&format!("http://vpc.fogbank.internal/fogbank/vpc/v1/counts?project={project}"))?;
    let of_networks = NETWORKS.iter().map(|(metric, collection, limit)| {
        let scopes = networks[*collection].as_object().into_iter().flatten();
        let used: u64 = scopes.filter_map(|(_, count)| count.as_u64()).sum();
        json!({"metric": metric, "limit": limit, "usage": used as f64})
    });
    Ok(std::iter::once(limited).chain(counted).chain(of_networks).collect())
}

/// The same of what `vpc` keeps.
const NETWORKS: [(&str, &str, f64); 6] = [
    ("NETWORKS", "networks", 50.0),
    ("SUBNETWORKS", "subnetworks", 1000.0),
    ("FIREWALLS", "firewalls", 1000.0),
    ("ROUTES", "routes", 600.0),
    ("ROUTERS", "routers", 200.0),
    ("STATIC_ADDRESSES", "addresses", 700.0),
];

/// Metrics with the collections that they count and the limits that a new project has at Google.
const COUNTED: [(&str, &str, f64); 9] = [
    ("SNAPSHOTS", "snapshots", 5000.0),
    ("IMAGES", "images", 2000.0),
    ("MACHINE_IMAGES", "machineImages", 2000.0),
    ("INSTANCE_TEMPLATES", "instanceTemplates", 300.0),
    ("HEALTH_CHECKS", "healthChecks", 150.0),
    ("BACKEND_SERVICES", "backendServices", 150.0),
    ("URL_MAPS", "urlMaps", 150.0),
    ("FORWARDING_RULES", "forwardingRules", 150.0),
    ("SSL_CERTIFICATES", "sslCertificates", 150.0),
];

fn number(row: Option<db::Row>) -> Result<u64> {
    let count: i64 = row.map(|row| row.get("n")).transpose()?.unwrap_or_default();
    Ok(count.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f18_a_limit_is_named_when_it_is_reached() {
        let limits = Limits { project: 3, tenant: 4 };
        assert!(limits.check_project(2, "p", 1).is_ok());
        let error = limits.check_project(2, "p", 2).unwrap_err();
        assert_eq!((error.http_status(), error.reason()), (429, "quotaExceeded"));
        assert!(error.message().contains("Limit: 3") && error.message().contains("project p"), "{}", error.message());
        assert!(limits.check_tenant(4, 1).unwrap_err().message().contains("Limit: 4"));
    }
}
