//! `?compose`. <https://cloud.google.com/storage/docs/xml-api/put-object-compose>

use super::super::call::Call;
use super::super::reader::{self, Node};
use super::super::{answer, headers};
use crate::objects;
use fogbank_sdk::{Request, RequestHead, Response, Result};
use serde_json::{Value, json};

/// Joins the objects that a `ComposeRequest` names.
pub fn compose(mut request: Request) -> Result<Response> {
    let sources = reader::read(request.body(), "ComposeRequest", components)?;
    let destination = destination(&request)?;
    let call = Call::of(&request)
        .param("destinationBucket", request.param("bucket"))
        .param("destinationObject", request.param("object"))
        .query("destinationPredefinedAcl", headers::canned(&request)?)
        .conditions();
    let response = objects::compose(call.with(&json!({"sourceObjects": sources, "destination": destination}))?)?;
    Ok(answer::describe(Response::new(200), &answer::resource(&response)?))
}

/// What the composed object is to be. The request's checksums are those of its body, except for `x-goog-hash`.
fn destination(request: &RequestHead) -> Result<Value> {
    let mut fields = headers::attributes(request)?;
    let hashes = request.header("x-goog-hash").unwrap_or_default().split(',');
    let crc32c = hashes.filter_map(|hash| hash.trim().strip_prefix("crc32c=")).next();
    fields.extend(crc32c.map(|crc32c| ("crc32c".to_owned(), json!(crc32c))));
    Ok(fields.into())
}

fn components(node: Node) -> Result<Vec<Value>> {
    node.children("Component").map(component).collect()
}

fn component(node: Node) -> Result<Value> {
    let name = node.child("Name").map(Node::exact).ok_or_else(|| reader::malformed("A Component has no Name."))?;
    let mut source = json!({ "name": name });
    if let Some(generation) = node.text("Generation") {
        source["generation"] = json!(number(&generation)?);
    }
    if let Some(generation) = node.text("IfGenerationMatch") {
        source["objectPreconditions"] = json!({"ifGenerationMatch": number(&generation)?});
    }
    Ok(source)
}

fn number(text: &str) -> Result<i64> {
    text.parse().map_err(|_| reader::malformed(&format!("A generation is a number, not '{text}'.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Body;

    fn read(text: &str) -> Result<Vec<Value>> {
        reader::read(&mut Body::from(text.as_bytes().to_vec()), "ComposeRequest", components)
    }

    #[test]
    fn components_are_read_with_their_conditions() {
        let text = "<ComposeRequest><Component><Name> a&amp;b</Name><Generation>7</Generation></Component>\
                    <Component><Name>c</Name><IfGenerationMatch>9</IfGenerationMatch></Component></ComposeRequest>";
        assert_eq!(
            read(text).unwrap(),
            [
                json!({"name": " a&b", "generation": 7}),
                json!({"name": "c", "objectPreconditions": {"ifGenerationMatch": 9}})
            ]
        );
        assert!(read("<ComposeRequest><Component/></ComposeRequest>").is_err());
        assert!(
            read("<ComposeRequest><Component><Name>a</Name><Generation>x</Generation></Component></ComposeRequest>")
                .is_err()
        );
    }
}
