//! `fogbank:identity` and `fogbank:catalog`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::catalog::catalog;
use fogbank_sdk::bindings::fogbank::identity::{identity, signers};
use serde_json::json;

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    let resource = arguments.text("resource");
    let permissions = [arguments.text("permission")];
    Some(match function {
        "caller" => Ok(json!({ "name": identity::caller().name, "enforced": identity::caller().enforced })),
        "require" => identity::require(&permissions[0], &resource, &[]).map(Into::into).map_err(name),
        "test-permissions" => identity::test_permissions(&resource, &permissions).map(Into::into).map_err(name),
        "allowed" => identity::allowed(&permissions[0], &[resource]).map(|answers| json!(answers)).map_err(name),
        "ancestry" => {
            let levels = identity::ancestry(&resource);
            levels
                .map(|levels| levels.iter().map(|level| json!([level.resource, level.policy])).collect())
                .map_err(name)
        }
        "changed" => {
            identity::changed();
            Ok(json!(true))
        }
        "assume-signed" => {
            let proof = signers::Proof::RsaSha256(arguments.text("signature").into_bytes());
            let caller = signers::assume_signed(&arguments.text("account"), b"message", &proof);
            caller.map(|caller| caller.name.into()).map_err(name)
        }
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

pub fn catalog(function: &str) -> Option<Given> {
    Some(match function {
        "services" => {
            Ok(catalog::services().into_iter().map(|service| json!([service.name, service.permissions])).collect())
        }
        "revision" => Ok(catalog::revision().into()),
        _ => return None,
    })
}
