//! `fogbank:docker`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::docker::docker::{
    self, Command, Container, Content, File, Forward, ImageOf, Limits, Mount, Networking, NewContainer,
};
use fogbank_sdk::db::{self, params};
use serde_json::{Value, json};

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    let called = arguments.text("name");
    Some(match function {
        "get-backend" => Ok(format!("{:?}", docker::get_backend()).into()),
        "available" => docker::available().map(Into::into).map_err(name),
        "create-volume" => docker::create_volume(&called).map(Into::into).map_err(name),
        "remove-volume" => docker::remove_volume(&called).map(Into::into).map_err(name),
        "list-volumes" => docker::list_volumes().map(Into::into).map_err(name),
        "create-network" => docker::create_network(&called).map(network).map_err(name),
        "get-network" => docker::get_network(&called).map(network).map_err(name),
        "remove-network" => docker::remove_network(&called).map(Into::into).map_err(name),
        "connect" => docker::connect(&called, &arguments.text("network")).map(Into::into).map_err(name),
        "disconnect" => docker::disconnect(&called, &arguments.text("network")).map(Into::into).map_err(name),
        "calling-container" => Ok(docker::calling_container().into()),
        _ => return images(function, arguments).or_else(|| containers(function, arguments)),
    })
}

fn images(function: &str, arguments: &Arguments) -> Option<Given> {
    let called = arguments.text("name");
    Some(match function {
        "ensure-image" => docker::ensure_image(&called, arguments.0["pull"] == true).map(Into::into).map_err(name),
        "import-image" => docker::import_image(&called, &files(arguments)).map(Into::into).map_err(name),
        "commit" => docker::commit(&called, &arguments.text("image")).map(Into::into).map_err(name),
        "image-size" => docker::image_size(&called).map(Into::into).map_err(name),
        "remove-image" => docker::remove_image(&called).map(Into::into).map_err(name),
        _ => return None,
    })
}

fn containers(function: &str, arguments: &Arguments) -> Option<Given> {
    let called = arguments.text("name");
    Some(match function {
        "create-container" => docker::create_container(&new(arguments)).map(Into::into).map_err(name),
        "start-container" => docker::start_container(&called).map(Into::into).map_err(name),
        "stop-container" => docker::stop_container(&called).map(Into::into).map_err(name),
        "kill-container" => docker::kill_container(&called, &arguments.text("signal")).map(Into::into).map_err(name),
        "pause-container" => docker::pause_container(&called).map(Into::into).map_err(name),
        "unpause-container" => docker::unpause_container(&called).map(Into::into).map_err(name),
        "remove-container" => docker::remove_container(&called).map(Into::into).map_err(name),
        "wait-container" => docker::wait_container(&called, arguments.number("ms")).map(Into::into).map_err(name),
        "set-limits" => docker::set_limits(&called, limits(arguments)).map(Into::into).map_err(name),
        "states" => {
            let states = docker::states(&[called]);
            states.map(|states| states.iter().map(|state| state.as_ref().map(shown)).collect()).map_err(name)
        }
        "list-containers" => {
            let found = docker::list_containers(&arguments.text("prefix"));
            found.map(|found| found.iter().map(shown).collect()).map_err(name)
        }
        "put-files" => docker::put_files(&called, &files(arguments)).map(Into::into).map_err(name),
        "exec" => exec(arguments),
        "logs" => docker::logs(&called).map_err(name).and_then(|body| {
            let bytes = body.read_to_end(1 << 20).map_err(name)?;
            Ok(String::from_utf8_lossy(&bytes).into())
        }),
        "set-forwards" => docker::set_forwards(&called, &forwards(arguments)).map(Into::into).map_err(name),
        "get-endpoint" => docker::get_endpoint(&called)
            .map(|endpoint| json!({ "url": endpoint.url, "token": endpoint.token }))
            .map_err(name),
        _ => return None,
    })
}

fn network(network: docker::Network) -> Value {
    json!({ "range": network.range, "gateway": network.gateway })
}

fn shown(container: &Container) -> Value {
    json!({
        "name": container.name,
        "state": format!("{:?}", container.state),
        "exit-code": container.exit_code,
        "labels": container.labels,
        "addresses": container.addresses,
    })
}

fn exec(arguments: &Arguments) -> Given {
    let command = Command {
        arguments: texts(&arguments.0["command"]),
        environment: said(arguments),
        stdin: arguments.text("stdin").into_bytes(),
        timeout_ms: arguments.0["ms"].as_u64().unwrap_or(20_000),
    };
    let outcome = docker::exec(&arguments.text("name"), &command).map_err(name)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(json!({ "code": outcome.exit_code, "stdout": text(&outcome.stdout), "stderr": text(&outcome.stderr) }))
}

/// `files`: a path and a text each.
fn files(arguments: &Arguments) -> Vec<File> {
    let file = |(path, text): (&String, &Value)| File {
        path: path.clone(),
        mode: 0o755,
        content: match text["asset"].as_str() {
            Some(asset) => Content::Asset(asset.to_owned()),
            None => Content::Bytes(text.as_str().unwrap_or_default().as_bytes().to_vec()),
        },
    };
    arguments.0["files"].as_object().map(|files| files.iter().map(file).collect()).unwrap_or_default()
}

fn forwards(arguments: &Arguments) -> Vec<Forward> {
    let forward = |forward: &Value| Forward {
        address: forward["address"].as_str().unwrap_or_default().to_owned(),
        port: forward["port"].as_u64().unwrap_or_default() as u16,
        target_port: forward["target"].as_u64().unwrap_or_default() as u16,
    };
    arguments.0["forwards"].as_array().map(|forwards| forwards.iter().map(forward).collect()).unwrap_or_default()
}

fn said(arguments: &Arguments) -> Vec<(String, String)> {
    let text = Some(arguments.text("text")).filter(|text| !text.is_empty());
    text.map(|text| ("SAID".to_owned(), text)).into_iter().collect()
}

fn limits(arguments: &Arguments) -> Limits {
    Limits { memory_bytes: arguments.number("memory"), cpu_millis: 0, processes: 0 }
}

fn new(arguments: &Arguments) -> NewContainer {
    let text = |key: &str| Some(arguments.text(key)).filter(|text| !text.is_empty());
    let mount = |volume: String| Mount { volume, path: "/mnt/disk".into(), read_only: false };
    NewContainer {
        name: arguments.text("name"),
        image: match text("own") {
            Some(own) => ImageOf::Own(own),
            None => ImageOf::Mapped(arguments.text("image")),
        },
        command: texts(&arguments.0["command"]),
        environment: said(arguments),
        labels: text("label").map(|label| ("said".to_owned(), label)).into_iter().collect(),
        hostname: text("hostname"),
        networking: match (text("network"), text("join")) {
            (Some(network), _) => Networking::Network(network),
            (None, Some(container)) => Networking::Container(container),
            (None, None) => Networking::None,
        },
        dns: vec![],
        dns_search: vec![],
        mounts: text("volume").map(mount).into_iter().collect(),
        files: files(arguments),
        limits: limits(arguments),
        administers_network: arguments.0["administers"] == true,
        stop_signal: None,
        stop_seconds: 1,
    }
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Writes down what the host told of containers: `*` for all of them.
pub fn heard(names: Vec<String>) -> fogbank_sdk::Result<()> {
    let names = if names.is_empty() { "*".to_owned() } else { names.join(",") };
    let insert = "INSERT INTO heard (names) VALUES ($1)";
    db::execute(vec![db::stmt(insert, params![names.as_str()])])?;
    Ok(())
}
