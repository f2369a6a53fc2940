//! Operations as Google's two families of APIs show them: `google.longrunning.Operation` (AIP-151), and Compute's own.

use serde_json::{Map, Value, json};

use super::{Failure, Operation, ResultOf, State};
use crate::error::{Code, number_of};
use crate::time::Timestamp;

/// `google.longrunning.Operation`; `name` is the operation's resource name (`operations/cp.123`).
///
/// Source: <https://cloud.google.com/resource-manager/reference/rest/Shared.Types/Operation>.
pub fn google_longrunning(operation: &Operation, name: &str) -> Value {
    let mut wire = json!({"name": name});
    if let Some(metadata) = document(&operation.metadata) {
        wire["metadata"] = metadata;
    }
    match &operation.outcome {
        None => (),
        Some(ResultOf::Success(result)) => {
            wire["done"] = json!(true);
            wire["response"] = document(result).unwrap_or_else(|| json!({}));
        }
        Some(ResultOf::Failure(failure)) => {
            wire["done"] = json!(true);
            wire["error"] = json!({"code": number_of(&failure.code), "message": failure.message});
        }
    }
    wire
}

/// Where a Compute operation lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// `global/operations`
    Global,
    /// `regions/REGION/operations`
    Region(String),
    /// `zones/ZONE/operations`
    Zone(String),
}

/// What a Compute operation shows besides what the host keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compute {
    /// URL of the project, `http://.../compute/v1/projects/demo`, without a slash at the end.
    pub project_url: String,
    /// Where it lives.
    pub scope: Scope,
    /// `insert`, `delete`, `setMetadata`, ...
    pub operation_type: String,
    /// URL of the resource.
    pub target_link: String,
    /// Numeric id of the resource.
    pub target_id: u64,
}

/// `compute#operation`; its name is the operation's id.
///
/// Source: <https://cloud.google.com/compute/docs/reference/rest/v1/globalOperations>.
pub fn compute(operation: &Operation, shown: &Compute) -> Value {
    let inserted = with_offset(operation.created_ms);
    let mut wire = json!({
        "kind": "compute#operation",
        "id": numeric_id(&operation.id).to_string(),
        "name": operation.id,
        "operationType": shown.operation_type,
        "targetLink": shown.target_link,
        "targetId": shown.target_id.to_string(),
        "status": status(operation.state),
        "progress": if operation.state == State::Done { 100 } else { operation.percent.min(99) },
        "insertTime": inserted,
        "startTime": inserted,
    });
    if !operation.user.is_empty() {
        wire["user"] = json!(operation.user);
    }
    let path = match &shown.scope {
        Scope::Global => "global".to_owned(),
        Scope::Region(name) => scoped(&mut wire, shown, "region", name),
        Scope::Zone(name) => scoped(&mut wire, shown, "zone", name),
    };
    wire["selfLink"] = json!(format!("{}/{path}/operations/{}", shown.project_url, operation.id));
    if let Some(ended) = operation.ended_ms {
        wire["endTime"] = json!(with_offset(ended));
    }
    if let Some(ResultOf::Failure(failure)) = &operation.outcome {
        fail(&mut wire, failure);
    }
    wire
}

/// Adds the link to a region or zone; gives the path to it.
fn scoped(wire: &mut Value, shown: &Compute, kind: &str, name: &str) -> String {
    let path = format!("{kind}s/{name}");
    wire[kind] = json!(format!("{}/{path}", shown.project_url));
    path
}

fn fail(wire: &mut Value, failure: &Failure) {
    let (status, text) = http_of(&failure.code);
    wire["error"] = json!({"errors": [{"code": upper_snake(&failure.reason), "message": failure.message}]});
    wire["httpErrorStatusCode"] = json!(status);
    wire["httpErrorMessage"] = json!(text);
}

fn status(state: State) -> &'static str {
    match state {
        State::Pending => "PENDING",
        State::Running => "RUNNING",
        State::Done => "DONE",
    }
}

/// The HTTP status of a name of `google.rpc.Code`, and its phrase.
fn http_of(code: &str) -> (u16, &'static str) {
    const CODES: [(Code, &str); 10] = [
        (Code::InvalidArgument, "BAD REQUEST"),
        (Code::FailedPrecondition, "BAD REQUEST"),
        (Code::OutOfRange, "BAD REQUEST"),
        (Code::PermissionDenied, "FORBIDDEN"),
        (Code::NotFound, "NOT FOUND"),
        (Code::AlreadyExists, "CONFLICT"),
        (Code::Aborted, "CONFLICT"),
        (Code::ResourceExhausted, "TOO MANY REQUESTS"),
        (Code::Unavailable, "SERVICE UNAVAILABLE"),
        (Code::DeadlineExceeded, "GATEWAY TIMEOUT"),
    ];
    let known = CODES.iter().find(|(known, _)| known.status() == code);
    known.map_or((500, "INTERNAL SERVER ERROR"), |(code, text)| (code.http_status(), text))
}

/// `resourceNotFound` is `RESOURCE_NOT_FOUND`.
fn upper_snake(reason: &str) -> String {
    let mut name = String::with_capacity(reason.len() + 8);
    let mut before_was_lower = false;
    for character in reason.chars() {
        if character.is_ascii_uppercase() && before_was_lower {
            name.push('_');
        }
        before_was_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        name.push(character.to_ascii_uppercase());
    }
    name
}

/// A number that belongs to the operation's id (FNV-1a), in the range of the ids that Compute gives.
fn numeric_id(id: &str) -> u64 {
    let hash =
        id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    const LEAST: u64 = 1_000_000_000_000_000_000;
    LEAST + hash % (i64::MAX as u64 - LEAST)
}

fn with_offset(millis: u64) -> String {
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)).to_rfc3339_with_offset()
}

/// JSON text of the service's own; nothing where there is none.
fn document(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|value: &Value| *value != Value::Object(Map::new()) && !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(state: State, outcome: Option<ResultOf>) -> Operation {
        Operation {
            id: "operation-1".into(),
            kind: "insert".into(),
            target: "t".into(),
            input: String::new(),
            metadata: "{\"@type\":\"m\"}".into(),
            state,
            percent: 100,
            attempts: 1,
            created_ms: 1000,
            updated_ms: 1000,
            ended_ms: outcome.as_ref().map(|_| 2000),
            outcome,
            cancel_requested: false,
            user: "ann@example.com".into(),
        }
    }

    fn failure() -> ResultOf {
        ResultOf::Failure(Failure {
            code: "NOT_FOUND".into(),
            reason: "resourceNotFound".into(),
            message: "No network".into(),
        })
    }

    #[test]
    fn longrunning_has_a_result_only_when_done() {
        let running = google_longrunning(&operation(State::Running, None), "operations/x");
        assert_eq!(running, json!({"name": "operations/x", "metadata": {"@type": "m"}}));
        let done = operation(State::Done, Some(ResultOf::Success("{\"a\":1}".into())));
        let done = google_longrunning(&done, "operations/x");
        assert_eq!((&done["done"], &done["response"]), (&json!(true), &json!({"a": 1})));
        let failed = google_longrunning(&operation(State::Done, Some(failure())), "operations/x");
        assert_eq!(failed["error"], json!({"code": 5, "message": "No network"}));
    }

    #[test]
    fn computes_has_what_gcloud_needs() {
        let shown = Compute {
            project_url: "http://h/compute/v1/projects/p".into(),
            scope: Scope::Zone("z".into()),
            operation_type: "insert".into(),
            target_link: "http://h/t".into(),
            target_id: 7,
        };
        let wire = compute(&operation(State::Running, None), &shown);
        for field in ["name", "status", "operationType", "targetLink", "selfLink", "zone", "id", "insertTime"] {
            assert!(wire[field].is_string(), "{field}");
        }
        assert_eq!(wire["user"], "ann@example.com");
        assert_eq!(wire["selfLink"], "http://h/compute/v1/projects/p/zones/z/operations/operation-1");
        assert_eq!(
            (&wire["progress"], &wire["status"], &wire["endTime"]),
            (&json!(99), &json!("RUNNING"), &Value::Null)
        );

        let wire = compute(&operation(State::Done, Some(failure())), &Compute { scope: Scope::Global, ..shown });
        assert_eq!(wire["error"]["errors"][0]["code"], "RESOURCE_NOT_FOUND");
        assert_eq!((&wire["httpErrorStatusCode"], &wire["httpErrorMessage"]), (&json!(404), &json!("NOT FOUND")));
        assert_eq!((&wire["endTime"], &wire["zone"]), (&json!("1970-01-01T00:00:02.000+00:00"), &Value::Null));
    }

    #[test]
    fn reasons_become_compute_codes() {
        assert_eq!(upper_snake("resourceInUseByAnotherResource"), "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE");
        assert_eq!(upper_snake("QUOTA_EXCEEDED"), "QUOTA_EXCEEDED");
        assert_eq!(http_of("UNKNOWN").0, 500);
    }
}
