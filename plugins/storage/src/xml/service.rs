//! The service itself: the buckets of a project. <https://cloud.google.com/storage/docs/xml-api/get-service>

use super::call::Call;
use super::{answer, writer};
use crate::buckets;
use fogbank_sdk::{Request, RequestHead, Response, Result, context};
use serde_json::Value;

/// Lists the buckets of the project in `x-goog-project-id`, or of a client that names none.
pub fn get(request: Request) -> Result<Response> {
    let project = request.header("x-goog-project-id").map_or_else(context::default_project, str::to_owned);
    let buckets = all(&request, &project)?;
    Ok(writer::answer(document(&project, &buckets)))
}

fn all(request: &RequestHead, project: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let call = Call::of(request).query("project", Some(project)).query("pageToken", token.as_deref());
        let page = answer::resource(&buckets::list(call.query("prefix", request.query("prefix")).bare()?)?)?;
        found.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["nextPageToken"].as_str() {
            Some(next) => token = Some(next.to_owned()),
            None => return Ok(found),
        }
    }
}

fn document(project: &str, buckets: &[Value]) -> String {
    writer::document("ListAllMyBucketsResult", writer::LISTS, |xml| {
        xml.nest("Owner", |xml| xml.text("ID", project));
        xml.nest("Buckets", |xml| {
            for bucket in buckets {
                xml.nest("Bucket", |xml| {
                    xml.optional("Name", bucket["name"].as_str());
                    xml.optional("CreationDate", bucket["timeCreated"].as_str());
                });
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn buckets_are_listed_with_their_dates() {
        let text = document("p", &[json!({"name": "b-1", "timeCreated": "2026-01-01T00:00:00.000Z"})]);
        assert!(
            text.contains("<Bucket><Name>b-1</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>")
        );
    }
}
