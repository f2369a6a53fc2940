//! The metadata server of instances. <https://cloud.google.com/compute/docs/metadata/overview>
//!
//! | module | what it is |
//! |---|---|
//! | [`node`] | a tree of values, as text and as JSON |
//! | [`instance`], [`project`], [`interfaces`] | what stands in the tree |
//! | [`token`] | access and identity tokens of the instance's account |
//! | [`watch`] | requests that wait for a change |

mod instance;
mod interfaces;
mod node;
mod project;
mod token;
mod watch;

use crate::instances::{guest, network};
use compute_api::store::{self, Resource};
use fogbank_sdk::{Code, Error, Reply, Request, RequestHead, Response, Result, docker, etag};
use node::Node;

/// `GET /`: clients look for the header alone.
pub fn root(_: Request) -> Result<Reply> {
    Ok(text("0.1/\ncomputeMetadata/\n").into())
}

/// `GET /computeMetadata/...`
///
/// Errors: 403 without the header `Metadata-Flavor: Google`, 404 for what is not in the tree.
pub fn get(request: Request) -> Result<Reply> {
    require_flavor(&request)?;
    let machine = caller()?;
    let path = request.param("path").to_owned();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => return Ok(text("v1/\n").into()),
        ["v1", "instance", "service-accounts", account, "token"] => return token::access(&machine, account, &request),
        ["v1", "instance", "service-accounts", account, "identity"] => {
            return token::identity(&machine, account, &request);
        }
        _ => {}
    }
    let Some(("v1", rest)) = segments.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(missing(&path));
    };
    let tree = tree(&machine)?;
    let found = tree.find(rest).ok_or_else(|| missing(&path))?;
    let recursive = request.query_bool("recursive")?;
    let slash = request.path().ends_with('/');
    if found.is_folder() && !slash && !recursive {
        let to = format!("{}/", request.path());
        return Ok(text("").with_status(301).header("location", to).into());
    }
    if !found.is_folder() && slash {
        return Err(missing(&path));
    }
    let (body, kind) = rendered(found, recursive, request.query("alt"))?;
    let tag = etag::of(body.as_bytes()).replace(['+', '/', '='], "");
    match watch::wait(&request, &tag)? {
        Some(wait) => Ok(wait),
        None => Ok(flavored(Response::new(200).header("content-type", kind).header("etag", tag).bytes(body)).into()),
    }
}

/// `PUT .../guest-attributes/NAMESPACE/KEY`
///
/// Errors: 403 where the instance's metadata does not have `enable-guest-attributes`; 400.
pub fn put(mut request: Request) -> Result<Reply> {
    let machine = writer(&request)?;
    let value = request.body().read_to_end(64 << 10)?;
    guest::write(machine.id, request.param("path"), &String::from_utf8_lossy(&value))?;
    Ok(text("").into())
}

/// `DELETE .../guest-attributes/NAMESPACE/KEY`
///
/// Errors: as [`put`].
pub fn delete(request: Request) -> Result<Reply> {
    let machine = writer(&request)?;
    guest::remove(machine.id, request.param("path"))?;
    Ok(text("").into())
}

/// `GET /fogbank/v1/names/NAME`: the addresses of a name in the network of the machine that asks.
///
/// Errors: 404.
pub fn names(request: Request) -> Result<Reply> {
    let machine = caller()?;
    let name = request.param("name");
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return Err(Error::not_found(format!("There is no name {name}.")));
    }
    let found =
        network::get(&format!("http://vpc.fogbank.internal/fogbank/vpc/v1/names/{name}?machine={}", machine.id))?;
    Ok(Response::json(&found).into())
}

/// The instance whose container sent the request.
fn caller() -> Result<Resource> {
    let container = docker::calling_container().unwrap_or_default();
    let number = container.strip_prefix("nic-").or_else(|| container.strip_prefix("vm-"));
    let id = number.and_then(|number| number.parse().ok());
    let nobody = || Error::forbidden("The metadata server answers machines alone.");
    store::by_id(id.ok_or_else(nobody)?)?.ok_or_else(nobody)
}

fn writer(request: &RequestHead) -> Result<Resource> {
    require_flavor(request)?;
    let machine = caller()?;
    match instance::allows_guest_attributes(&machine)? {
        true => Ok(machine),
        false => Err(Error::forbidden("Guest attributes endpoint access is disabled.")),
    }
}

/// The header keeps a page in a browser, and whoever forwards requests blindly, from asking.
fn require_flavor(request: &RequestHead) -> Result<()> {
    let flavored = request.header("metadata-flavor").is_some_and(|value| value.eq_ignore_ascii_case("google"));
    match (flavored, request.header("x-forwarded-for")) {
        (true, None) => Ok(()),
        (_, Some(_)) => Err(Error::forbidden("Requests with X-Forwarded-For are not answered.")),
        (false, _) => Err(Error::forbidden("Missing Metadata-Flavor:Google header.")),
    }
}

fn tree(machine: &Resource) -> Result<Node> {
    let project = crate::projects::load(&machine.path.project)?;
    Ok(Node::folder([
        ("instance", instance::node(machine, &project)?),
        ("oslogin", Node::folder([])),
        ("project", project::node(&project)),
    ]))
}

/// The body and its content type.
fn rendered(node: &Node, recursive: bool, alt: Option<&str>) -> Result<(String, &'static str)> {
    const JSON: &str = "application/json";
    const TEXT: &str = "application/text";
    match (alt, recursive) {
        (Some("json"), _) | (None, true) if node.is_folder() || alt == Some("json") => {
            Ok((node.json().to_string(), JSON))
        }
        (Some("text"), true) => Ok((node.lines(), TEXT)),
        (None | Some("text"), _) => Ok((node.text(), TEXT)),
        (Some(other), _) => Err(Error::new(Code::InvalidArgument, "invalid", format!("There is no format {other}."))),
    }
}

fn missing(path: &str) -> Error {
    Error::not_found(format!("The metadata server has no '{path}'."))
}

fn text(body: &str) -> Response {
    flavored(Response::new(200).header("content-type", "application/text").bytes(body))
}

/// Every answer says who it is from.
fn flavored(response: Response) -> Response {
    response
        .header("metadata-flavor", "Google")
        .header("server", "Metadata Server for VM")
        .header("x-xss-protection", "0")
        .header("x-frame-options", "SAMEORIGIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)]) -> Result<()> {
        let head = RequestHead::new("metadata.get", "GET", "/computeMetadata/v1/").unwrap();
        require_flavor(&headers.iter().fold(head, |head, (name, value)| head.with_header(name, value)))
    }

    #[test]
    fn only_who_means_it_is_answered() {
        assert!(asked(&[("metadata-flavor", "Google")]).is_ok());
        assert_eq!(asked(&[]).unwrap_err().http_status(), 403);
        assert_eq!(
            asked(&[("metadata-flavor", "Google"), ("x-forwarded-for", "1.2.3.4")]).unwrap_err().http_status(),
            403
        );
    }
}
