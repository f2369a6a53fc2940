//! `POST .../instances`

use super::{create, draft, template};
use crate::machine_images;
use compute_api::call::Call;
use compute_api::{failure, operation};
use fogbank_sdk::{Reply, Request, Result};
use serde_json::Value;

/// Makes an instance, with the disks that it asks for.
///
/// Errors: 400 naming a field, 404 for a link to what is not there, 409 for a name that is taken, 429 where a limit is reached,
/// 503 without the container engine.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    let name = match body.remove("name") {
        Some(Value::String(name)) if !name.is_empty() => name,
        _ => return Err(failure::required("name")),
    };
    let source = request.query("sourceInstanceTemplate").map(str::to_owned);
    let image = body.remove("sourceMachineImage").and_then(|image| image.as_str().map(str::to_owned));
    let image = request.query("sourceMachineImage").map(str::to_owned).or(image).filter(|image| !image.is_empty());
    if let Some(image) = image {
        let (path, properties) = machine_images::properties(&image, &call.project)?;
        template::under(&mut body, properties, &call.path(&name));
        body.insert("sourceMachineImage".into(), path.marked().into());
    }
    let draft = draft::complete(call.path(&name), body, source.as_deref())?;
    let operation = create::create(&call, draft)?;
    operation::answer(&call, &operation)
}
