//! `--seed FILE`: requests that are played through the gateway before the server is ready, so that a test begins with what
//! it needs. JSON, one request a line, or all of them in one array:
//!
//! `{"method": "POST", "path": "/things/v1/t", "headers": {...}, "body": {...}, "expect": 200}`
//!
//! `body` is text, or JSON that is sent as such; `bodyFile` is a file beside the seed. Without `expect` any 2xx or 3xx will do.

use super::backend::Backend;
use super::body::RawBody;
use super::pipeline::Gateway;
use super::place::Peer;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Step {
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    body_file: Option<String>,
    expect: Option<u16>,
}

fn get() -> String {
    "GET".into()
}

/// Plays the file as if `peer` had sent it; the error names the line and what was wrong.
pub async fn play<B: Backend>(gateway: &Arc<Gateway<B>>, file: &Path, peer: Peer) -> Result<usize, String> {
    let place = file.display();
    let text = tokio::fs::read_to_string(file).await.map_err(|error| format!("{place}: {error}"))?;
    let steps = steps(&text).map_err(|error| format!("{place}: {error}"))?;
    let count = steps.len();
    for (line, step) in steps {
        let folder = file.parent().unwrap_or(Path::new("."));
        run(gateway, step, folder, peer).await.map_err(|error| format!("{place}: {line}: {error}"))?;
    }
    Ok(count)
}

/// Each request, with where it stands.
fn steps(text: &str) -> Result<Vec<(String, Step)>, String> {
    if text.trim_start().starts_with('[') {
        let steps: Vec<Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let steps = steps.into_iter().enumerate();
        let read = |(index, value)| {
            let place = format!("request {}", index + 1);
            serde_json::from_value(value).map_err(|error| format!("{place}: {error}")).map(|step| (place, step))
        };
        return steps.map(read).collect();
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let read = |(index, line)| {
        let place = format!("line {}", index + 1);
        serde_json::from_str(line).map_err(|error| format!("{place}: {error}")).map(|step| (place, step))
    };
    lines.map(read).collect()
}

async fn run<B: Backend>(gateway: &Arc<Gateway<B>>, step: Step, folder: &Path, peer: Peer) -> Result<(), String> {
    let mut headers = headers(&step.headers)?;
    let body = match (&step.body, &step.body_file) {
        (Some(_), Some(_)) => return Err("`body` and `bodyFile` exclude each other".into()),
        (None, None) => Bytes::new(),
        (None, Some(name)) => {
            let path = folder.join(name);
            tokio::fs::read(&path).await.map_err(|error| format!("{}: {error}", path.display()))?.into()
        }
        (Some(Value::String(text)), None) => Bytes::from(text.clone()),
        (Some(json), None) => {
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            Bytes::from(json.to_string())
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let mut request = Request::builder().method(step.method.as_str()).uri(step.path.as_str());
    if let Some(all) = request.headers_mut() {
        *all = headers;
    }
    let request = request.body(RawBody::Whole(body)).map_err(|error| error.to_string())?;
    let answer = gateway.serve_operator(request, peer).await;
    let (parts, mut body) = answer.into_parts();
    let text = body.read_to_end(1 << 20).await.unwrap_or_default();
    let status = parts.status;
    let fine = step.expect.map_or(status.is_success() || status.is_redirection(), |code| status.as_u16() == code);
    match fine {
        true => Ok(()),
        false => {
            let text = String::from_utf8_lossy(&text);
            Err(format!("{} {} was answered {status}: {}", step.method, step.path, text.trim_end()))
        }
    }
}

fn headers(pairs: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header"))?;
        headers.append(name, HeaderValue::from_str(value).map_err(|_| format!("`{value}` is no header's value"))?);
    }
    Ok(headers)
}
