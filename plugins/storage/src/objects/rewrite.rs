//! `objects.rewrite`: a copy that may change class, location or key. The bytes are linked, so nothing takes long; a client
//! that limits a call (`maxBytesRewrittenPerCall`) is still led through as many calls as the real service would take
//! where bytes would have to move. All that is remembered in between is in the token, so a restart does not matter.

use super::draft::Draft;
use super::lookup::Found;
use super::record::Object;
use super::resource::{self, View};
use super::source::Source;
use crate::model::bucket::{Bucket, Projection};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const MIB: i64 = 1 << 20;

/// How far a rewrite has come, and what it is about.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    source: (String, String, i64),
    destination: (String, String),
    rewritten: u64,
}

/// Rewrites, or answers with how far it has come and a token for the next call.
pub fn rewrite(mut request: Request) -> Result<Response> {
    let body: Value = request.json()?;
    let source = Source::of(&request, request.param("sourceBucket"), request.param("sourceObject"))?;
    let found = source.find()?;
    let (bucket, name) = (request.param("destinationBucket"), request.param("destinationObject"));
    let mut draft = Draft::of_copy(&request, &found.object, bucket, name, body)?;
    draft.admit_alone()?;
    let size = found.object.size;
    let progress = advance(&request, &found, &draft)?;
    if progress.rewritten < size {
        return Ok(Response::json(&answer(&progress, size, None)));
    }
    let (_, content) = source.link()?;
    let made = draft.store(&content, None)?;
    let projection = if draft.full { Projection::Full } else { Projection::NoAcl };
    let view = View { projection, unlocked: true };
    let resource = resource::wire(&made.object, &made.bucket, &context::base_url(), view);
    Ok(Response::json(&answer(&progress, size, Some(resource))))
}

/// What this call adds to what the token says.
fn advance(request: &RequestHead, found: &Found, draft: &Draft) -> Result<Progress> {
    let most = limit(request.query_i64("maxBytesRewrittenPerCall")?)?;
    let size = found.object.size;
    let mut progress = Progress {
        source: (found.bucket.name.clone(), found.object.name.clone(), found.object.generation),
        destination: (draft.bucket.clone(), draft.name.clone()),
        rewritten: 0,
    };
    if let Some(token) = request.query("rewriteToken").filter(|token| !token.is_empty()) {
        let before: Progress = page::decode(token).map_err(|_| bad_token())?;
        if (&before.source, &before.destination) != (&progress.source, &progress.destination) {
            return Err(bad_token());
        }
        progress.rewritten = before.rewritten;
    }
    let destination = Bucket::load(&draft.bucket)?;
    let target = draft.build(&destination, context::now())?;
    progress.rewritten = match most {
        Some(most) if moves(found, &destination, &target) => progress.rewritten.saturating_add(most).min(size),
        _ => size,
    };
    Ok(progress)
}

fn limit(most: Option<i64>) -> Result<Option<u64>> {
    match most {
        Some(most) if most < MIB || most % MIB != 0 => {
            let error = Error::invalid("maxBytesRewrittenPerCall has to be a multiple of 1 MiB (1048576).");
            Err(error.with_location("parameter", "maxBytesRewrittenPerCall"))
        }
        most => Ok(most.map(i64::unsigned_abs)),
    }
}

/// Whether the real service would have to move bytes.
fn moves(found: &Found, destination: &Bucket, target: &Object) -> bool {
    let source = &found.object;
    source.storage_class != target.storage_class
        || found.bucket.config.location != destination.config.location
        || source.key_sha256 != target.key_sha256
        || source.kms_key != target.kms_key
}

fn bad_token() -> Error {
    Error::invalid("The rewrite token is not valid for this request.").with_location("parameter", "rewriteToken")
}

fn answer(progress: &Progress, size: u64, resource: Option<Value>) -> Value {
    let mut answer = json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": progress.rewritten.to_string(),
        "objectSize": size.to_string(),
        "done": resource.is_some(),
    });
    match resource {
        Some(resource) => answer["resource"] = resource,
        None => answer["rewriteToken"] = json!(page::encode(progress)),
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;

    fn head(query: &str) -> RequestHead {
        RequestHead::new("storage.objects.rewrite", "POST", &format!("/x?{query}")).unwrap()
    }

    fn found(size: u64) -> Found {
        let object = Object { size, storage_class: "STANDARD".into(), ..Object::default() };
        Found { bucket: bucket(json!({"location": "US"})), object }
    }

    #[test]
    fn a_limit_is_whole_mebibytes() {
        assert_eq!(limit(Some(MIB * 3)).unwrap(), Some(3 << 20));
        assert_eq!(limit(None).unwrap(), None);
        for bad in [0, -MIB, 1, MIB + 1] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_move_only_where_class_location_or_key_differ() {
        let same = Object { storage_class: "STANDARD".into(), ..Object::default() };
        let cold = Object { storage_class: "COLDLINE".into(), ..Object::default() };
        let locked = Object { key_sha256: Some("k".into()), ..same.clone() };
        let (us, eu) = (bucket(json!({"location": "US"})), bucket(json!({"location": "EU"})));
        assert!(!moves(&found(1), &us, &same));
        assert!(moves(&found(1), &eu, &same) && moves(&found(1), &us, &cold) && moves(&found(1), &us, &locked));
    }

    #[test]
    fn f35_a_token_of_another_rewrite_is_refused() {
        let progress =
            Progress { source: ("a".into(), "x".into(), 1), destination: ("b".into(), "y".into()), rewritten: 5 };
        let token = page::encode(&progress);
        let error = advance(&head(&format!("rewriteToken={token}")), &found(1), &Draft::default()).unwrap_err();
        assert_eq!((error.http_status(), error.location()), (400, Some(("parameter", "rewriteToken"))));
        assert!(advance(&head("rewriteToken=zzz"), &found(1), &Draft::default()).is_err());
    }

    #[test]
    fn an_answer_says_how_far_it_is() {
        let progress = Progress { source: Default::default(), destination: Default::default(), rewritten: 5 };
        let wire = answer(&progress, 9, None);
        assert_eq!(
            (&wire["done"], &wire["totalBytesRewritten"], &wire["objectSize"]),
            (&json!(false), &json!("5"), &json!("9"))
        );
        assert!(wire["rewriteToken"].is_string() && wire.get("resource").is_none());
    }
}
