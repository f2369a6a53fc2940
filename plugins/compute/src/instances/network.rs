//! The instance's side of networks: what `vpc` gives it. Each call may be repeated.

use compute_api::links;
use compute_api::path::Path;
use compute_api::store::Resource;
use fogbank_sdk::{Code, Error, Result, peers};
use serde_json::{Map, Value, json};

/// Carries the id of a machine that is in the way, in an error of `vpc`.
const HOLDER: &str = "x-fogbank-machine";

const MACHINES: &str = "http://vpc.fogbank.internal/fogbank/vpc/v1/machines";

const CLAIMS: &str = "http://vpc.fogbank.internal/fogbank/vpc/v1/claims";

/// What `vpc` has to know of an instance.
pub struct Machine<'a> {
    /// The numeric id.
    pub id: i64,
    /// Id of the project.
    pub project: &'a str,
    /// Name of the zone.
    pub zone: &'a str,
    /// The instance's name.
    pub name: &'a str,
    /// Its fields.
    pub body: &'a Map<String, Value>,
}

// === impl Machine ===

impl<'a> Machine<'a> {
    /// That of a stored instance.
    pub fn of(instance: &'a Resource) -> Self {
        Self {
            id: instance.id,
            project: &instance.path.project,
            zone: super::zone(&instance.path),
            name: &instance.path.name,
            body: &instance.body,
        }
    }

    /// Finds addresses for its interfaces, which are then its own. Gives the interfaces as the API shows them, links marked.
    ///
    /// Errors: 400, 404 and 409 as `vpc` says them: no such subnetwork, an address in use, none left.
    pub fn reserve(&self) -> Result<Value> {
        self.interfaces("reserve")
    }

    /// Tells of changed tags, accounts and interfaces; gives the interfaces.
    ///
    /// Errors: as [`Self::reserve`].
    pub fn update(&self) -> Result<Value> {
        self.interfaces("update")
    }

    fn interfaces(&self, verb: &str) -> Result<Value> {
        let answer = call("POST", &format!("{MACHINES}/{}:{verb}", self.id), Some(self.document()))?;
        Ok(marked(answer, self.project))
    }

    fn document(&self) -> Value {
        let accounts = self.body.get("serviceAccounts").and_then(Value::as_array).into_iter().flatten();
        let emails: Vec<&Value> = accounts.filter_map(|account| account.get("email")).collect();
        let tags = self.body.get("tags").and_then(|tags| tags.get("items")).cloned();
        let path = format!("projects/{}/zones/{}/instances/{}", self.project, self.zone, self.name);
        let mut document = json!({
            "project": self.project,
            "zone": self.zone,
            "name": self.name,
            "selfLink": format!("http://compute.googleapis.com/compute/v1/{path}"),
            "tags": tags.unwrap_or_else(|| json!([])),
            "serviceAccounts": emails,
            "canIpForward": self.body.get("canIpForward").cloned().unwrap_or(json!(false)),
            "networkInterfaces": self.body.get("networkInterfaces").cloned().unwrap_or_else(|| json!([])),
        });
        links::expand(&mut document["networkInterfaces"], "http://compute.googleapis.com/compute/v1/");
        document
    }
}

/// What is known of a machine's interfaces now, links marked; nothing where the machine is not known.
pub fn interfaces(id: i64, project: &str) -> Result<Option<Value>> {
    match call("GET", &format!("{MACHINES}/{id}"), None) {
        Ok(answer) => Ok(Some(marked(answer, project)).filter(|interfaces| !interfaces.is_null())),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs the machine's interfaces; gives the name of the container that has them.
///
/// Errors: 503 without a container engine.
pub fn start(id: i64) -> Result<String> {
    let answer = call("POST", &format!("{MACHINES}/{id}:start"), Some(json!({})))?;
    Ok(answer["container"].as_str().map_or_else(|| nic(id), str::to_owned))
}

/// Ends them; addresses of the machine's own stay with it, ephemeral external ones do not.
pub fn stop(id: i64) -> Result<()> {
    gone_is_fine(call("POST", &format!("{MACHINES}/{id}:stop"), Some(json!({})))).map(drop)
}

/// Gives back everything that the machine has.
pub fn release(id: i64) -> Result<()> {
    gone_is_fine(call("DELETE", &format!("{MACHINES}/{id}"), None)).map(drop)
}

/// Addresses of a resource that is no machine.
///
/// Errors: 400 and 404 as `vpc` says them: an address in use, no such subnetwork, none left.
pub fn claim(claim: &Value) -> Result<Value> {
    call("POST", CLAIMS, Some(claim.clone()))
}

/// Takes back what [`claim`] has given to a resource.
pub fn give_back(owner: &Path) -> Result<()> {
    call("DELETE", &format!("{CLAIMS}?owner={owner}"), None).map(drop)
}

/// A GET at `vpc`.
///
/// Errors: what it answers.
pub fn get(url: &str) -> Result<Value> {
    call("GET", url, None)
}

/// The name of the container that has a machine's interfaces.
pub fn nic(id: i64) -> String {
    format!("nic-{id}")
}

fn gone_is_fine(answer: Result<Value>) -> Result<Value> {
    match answer {
        Err(error) if error.code() == Code::NotFound => Ok(Value::Null),
        other => other,
    }
}

fn marked(mut answer: Value, project: &str) -> Value {
    if let Some(document) = answer.as_object_mut() {
        links::mark(document, project);
    }
    answer["networkInterfaces"].take()
}

fn call(verb: &str, url: &str, body: Option<Value>) -> Result<Value> {
    let mut request = peers::Request::new(verb, url).as_service();
    if let Some(body) = body {
        request = request.json(&body)?;
    }
    read(peers::send_one(request)?)
}

/// The JSON of a peer's answer, or the error that it told.
pub fn read(mut answer: peers::Response) -> Result<Value> {
    if answer.status == 204 {
        return Ok(Value::Null);
    }
    let body = answer.json::<Value>();
    if (200..300).contains(&answer.status) { body } else { Err(refusal(answer.status, &body.unwrap_or_default())) }
}

/// A peer's error as this service's own.
fn refusal(status: u16, body: &Value) -> Error {
    let error = &body["error"];
    let code = match (status, error["status"].as_str().unwrap_or_default()) {
        (400, "FAILED_PRECONDITION") => Code::FailedPrecondition,
        (400, "UNIMPLEMENTED") => Code::Unimplemented,
        (400, _) => Code::InvalidArgument,
        (401, _) => Code::Unauthenticated,
        (403, _) => Code::PermissionDenied,
        (404, _) => Code::NotFound,
        (409, "ABORTED") => Code::Aborted,
        (409, _) => Code::AlreadyExists,
        (412, _) => Code::ConditionNotMet,
        (429, _) => Code::ResourceExhausted,
        (503, _) => Code::Unavailable,
        (504, _) => Code::DeadlineExceeded,
        _ => return Error::internal(format!("a peer answered {status}: {body}")),
    };
    let reason = error["errors"][0]["reason"].as_str().unwrap_or("invalid");
    let message = error["message"].as_str().unwrap_or("Another service refused the request.");
    let told = Error::new(code, reason, message);
    match error["details"][0]["machine"].as_str() {
        Some(machine) => told.with_header(HOLDER, machine),
        None => told,
    }
}

/// The id of the machine that has the name which was asked for, where `vpc` said so in an error.
pub fn holder(error: &Error) -> Option<i64> {
    let (_, value) = error.headers().iter().find(|(name, _)| name == HOLDER)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f12_a_refusal_of_vpc_is_told_as_its_own() {
        let body = json!({"error": {"status": "INVALID_ARGUMENT", "message": "IP '10.0.0.9' is in use.",
            "errors": [{"reason": "invalid"}]}});
        let error = refusal(400, &body);
        assert_eq!(
            (error.http_status(), error.reason(), error.message()),
            (400, "invalid", "IP '10.0.0.9' is in use.")
        );
        assert_eq!(refusal(502, &json!({})).http_status(), 500);
    }

    #[test]
    fn a_machine_tells_its_tags_accounts_and_interfaces() {
        let body = json!({"tags": {"items": ["web"]}, "serviceAccounts": [{"email": "a@b"}],
            "networkInterfaces": [{"network": "//compute/projects/p/global/networks/default"}]});
        let body = body.as_object().unwrap();
        let machine = Machine { id: 7, project: "p", zone: "z", name: "w1", body };
        let document = machine.document();
        assert_eq!((&document["tags"], &document["serviceAccounts"]), (&json!(["web"]), &json!(["a@b"])));
        assert_eq!(
            document["networkInterfaces"][0]["network"],
            "http://compute.googleapis.com/compute/v1/projects/p/global/networks/default"
        );
    }
}
