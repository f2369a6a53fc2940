//! `fogbank:context`.

use crate::{Arguments, Given};
use fogbank_sdk::bindings::fogbank::context::context;

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    Some(match function {
        "tenant" => Ok(context::tenant().into()),
        "base-url" => Ok(context::base_url().into()),
        "request-id" => Ok(context::request_id().into()),
        "default-project" => Ok(context::default_project().into()),
        "now-ms" => Ok(context::now_ms().into()),
        "started-ms" => Ok(context::started_ms().into()),
        "setting" => Ok(context::setting(&arguments.text("name")).into()),
        "log" => {
            context::log(context::Level::Warn, &arguments.text("text"));
            Ok(().into())
        }
        "reach" => context::reach(&arguments.text("point")).map(Into::into),
        _ => return None,
    })
}
