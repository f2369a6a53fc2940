//! `fogbank:identity`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::identity::identity;
use serde_json::json;

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    let resource = arguments.text("resource");
    let permissions = [arguments.text("permission")];
    Some(match function {
        "caller" => Ok(json!({ "name": identity::caller().name, "enforced": identity::caller().enforced })),
        "require" => identity::require(&permissions[0], &resource, &[]).map(Into::into).map_err(name),
        "test-permissions" => identity::test_permissions(&resource, &permissions).map(Into::into).map_err(name),
        "get-policy" => identity::get_policy(&resource).map(|policy| policy.document.into()).map_err(name),
        "set-policy" => {
            let policy = identity::set_policy(&resource, &arguments.text("document"), None);
            policy.map(|policy| policy.etag.into()).map_err(name)
        }
        "set-parent" => identity::set_parent(&resource, &arguments.text("parent")).map(Into::into).map_err(name),
        "forget" => identity::forget(&resource).map(Into::into).map_err(name),
        _ => return None,
    })
}
