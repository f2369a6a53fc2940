//! `iam.iamPolicies.lintPolicy` and `queryAuditableServices`.

use crate::authority::condition;
use crate::catalog::Catalog;
use crate::resources::FullName;
use fogbank_sdk::{Error, Request, Response, Result};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    full_resource_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Lint {
    full_resource_name: String,
    condition: Condition,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    expression: String,
}

/// Looks at the condition of a binding before somebody sets it.
pub fn lint_policy(mut request: Request) -> Result<Response> {
    let sent: Lint = request.json()?;
    if !sent.full_resource_name.is_empty() {
        FullName::read(&sent.full_resource_name)?;
    }
    if sent.condition.expression.is_empty() {
        return Err(Error::required("condition.expression"));
    }
    Ok(Response::json(&linted(&sent.condition.expression)))
}

fn linted(expression: &str) -> Value {
    match condition::check(expression) {
        Ok(()) => json!({}),
        Err(why) => json!({"lintResults": [{
            "level": "CONDITION",
            "validationUnitName": "LintValidationUnits/ConditionCompileCheck",
            "severity": "ERROR",
            "fieldName": "condition.expression",
            "debugMessage": why,
        }]}),
    }
}

/// The services whose calls about a resource can be audited: those that are loaded.
pub fn query_auditable_services(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    FullName::read(&sent.full_resource_name)?;
    let catalog = Catalog::load();
    let hosts = catalog.services().iter().filter_map(|service| service.hosts.first());
    let services: Vec<Value> = hosts.map(|host| json!({"name": host})).collect();
    Ok(Response::json(&json!({"services": services})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_cannot_be_read_is_found() {
        assert_eq!(linted("resource.name.startsWith('x')"), json!({}));
        assert_eq!(linted("resource.name ==")["lintResults"][0]["severity"], "ERROR");
    }
}
