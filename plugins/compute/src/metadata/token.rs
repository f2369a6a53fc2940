//! Tokens of the account that an instance acts as, made by IAM.
//! <https://cloud.google.com/compute/docs/access/authenticate-workloads>

use super::text;
use crate::instances;
use crate::instances::network::read;
use compute_api::store::Resource;
use fogbank_sdk::{Error, Reply, RequestHead, Response, Result, Timestamp, context, peers};
use serde_json::{Value, json};

const CREDENTIALS: &str = "http://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";

/// `.../service-accounts/ACCOUNT/token?scopes=...`: an access token with the instance's scopes, or those asked for.
///
/// Errors: 404 for an account that the instance does not have.
pub fn access(machine: &Resource, name: &str, request: &RequestHead) -> Result<Reply> {
    let account = account(machine, name)?;
    let scopes = match request.query("scopes").filter(|scopes| !scopes.is_empty()) {
        Some(scopes) => json!(scopes.split([',', ' ']).collect::<Vec<_>>()),
        None => account["scopes"].clone(),
    };
    let email = account["email"].as_str().unwrap_or_default();
    let made = call(email, "generateAccessToken", &json!({"scope": scopes}))?;
    let expires = made["expireTime"].as_str().and_then(|time| Timestamp::parse(time).ok());
    let left = expires.map_or(3599, |expires| (expires.millis() - context::now().millis()) / 1000);
    let body = json!({"access_token": made["accessToken"], "expires_in": left, "token_type": "Bearer"});
    Ok(super::flavored(Response::new(200).header("content-type", "application/json").bytes(body.to_string())).into())
}

/// `.../service-accounts/ACCOUNT/identity?audience=URL&format=full`: an identity token.
///
/// Errors: 400 without an audience, 404.
pub fn identity(machine: &Resource, name: &str, request: &RequestHead) -> Result<Reply> {
    let account = account(machine, name)?;
    let audience = request.query("audience").filter(|audience| !audience.is_empty());
    let audience = audience.ok_or_else(|| Error::invalid("non-empty audience parameter required"))?;
    let full = request.query("format").is_some_and(|format| format.eq_ignore_ascii_case("full"));
    let asked = json!({"audience": audience, "includeEmail": full});
    let email = account["email"].as_str().unwrap_or_default();
    let made = call(email, "generateIdToken", &asked)?;
    Ok(text(made["token"].as_str().unwrap_or_default()).into())
}

fn account<'a>(machine: &'a Resource, name: &str) -> Result<&'a Value> {
    let accounts = machine.body.get("serviceAccounts").and_then(Value::as_array);
    let mut accounts = accounts.into_iter().flatten();
    let found = accounts.find(|account| name == "default" || account["email"] == name);
    let zone = instances::zone(&machine.path);
    found.ok_or_else(|| Error::not_found(format!("The instance {zone}/{} has no account {name}.", machine.path.name)))
}

fn call(email: &str, verb: &str, body: &Value) -> Result<Value> {
    let request = peers::Request::new("POST", format!("{CREDENTIALS}/{email}:{verb}")).json(body)?.as_service();
    read(peers::send_one(request)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;

    #[test]
    fn an_account_is_found_as_default_and_by_its_address() {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let body = json!({"serviceAccounts": [{"email": "a@b"}]}).as_object().unwrap().clone();
        let machine = Resource::new(path, body).unwrap();
        assert!(account(&machine, "default").is_ok() && account(&machine, "a@b").is_ok());
        assert_eq!(account(&machine, "c@d").unwrap_err().http_status(), 404);
    }
}
