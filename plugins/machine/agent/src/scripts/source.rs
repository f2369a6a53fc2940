//! Where a script comes from: an attribute that holds it, or one that holds its address.

use crate::http::{self, Request};
use crate::metadata::{Metadata, Server, percent_encode};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Most bytes of a script.
const LONGEST: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// A script that metadata names.
#[derive(Debug, PartialEq)]
pub struct Source {
    /// The attribute: `startup-script`, `startup-script-url`, ...
    pub key: String,
    value: String,
}

#[derive(Debug, PartialEq)]
pub enum Error {
    /// The address is of no kind that can be fetched.
    Address,
    /// `https` needs curl or wget, and the image has neither.
    NoDownloader,
    /// The program that downloads failed, with this output.
    Download(String),
    /// The file that holds the script, its process, or its output.
    Io(String),
    /// The server that has the script.
    Http(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Address => formatter.write_str("the address is neither gs:// nor http:// nor https://"),
            Error::NoDownloader => formatter.write_str("https:// needs curl or wget, and this image has neither"),
            Error::Download(output) => write!(formatter, "the download failed: {output}"),
            Error::Io(error) | Error::Http(error) => formatter.write_str(error),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Io(error.to_string())
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Error {
        Error::Http(error.to_string())
    }
}

impl Source {
    /// The scripts of an event (`startup`, `shutdown`) in the order in which they run. Those of the project count only if
    /// the instance has none.
    pub fn all(metadata: &Metadata, event: &str) -> Vec<Source> {
        let keys = [format!("{event}-script"), format!("{event}-script-url")];
        let collect = |read: &dyn Fn(&str) -> Option<String>| -> Vec<Source> {
            let value = |key: &String| read(key).filter(|value| !value.trim().is_empty());
            keys.iter().filter_map(|key| Some(Source { value: value(key)?, key: key.clone() })).collect()
        };
        let own = collect(&|key| metadata.instance_attribute(key).map(str::to_owned));
        if own.is_empty() { collect(&|key| metadata.project_attribute(key).map(str::to_owned)) } else { own }
    }

    /// The script itself.
    ///
    /// # Errors
    /// It cannot be fetched, or is too long.
    pub fn fetch(&self, server: &Server) -> Result<Vec<u8>, Error> {
        if !self.key.ends_with("-url") {
            return Ok(self.value.clone().into_bytes());
        }
        match Address::parse(self.value.trim()).ok_or(Error::Address)? {
            Address::Object { bucket, object } => fetch_object(server, bucket, object),
            Address::Http { authority, target } => {
                let request =
                    Request { method: "GET", authority, target: &target, headers: &[], body: b"", patience: PATIENCE };
                read(http::send(&request)?.body)
            }
            Address::Https(url) => download(url),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Address<'a> {
    Object { bucket: &'a str, object: &'a str },
    Http { authority: &'a str, target: String },
    Https(&'a str),
}

impl Address<'_> {
    /// `gs://BUCKET/OBJECT` and the addresses of Cloud Storage that mean the same are objects.
    fn parse(url: &str) -> Option<Address<'_>> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let object = match (scheme, authority) {
            ("gs", bucket) => Some((bucket, path)),
            (_, "storage.googleapis.com" | "storage.cloud.google.com" | "commondatastorage.googleapis.com") => {
                path.split_once('/')
            }
            (_, host) => host.strip_suffix(".storage.googleapis.com").map(|bucket| (bucket, path)),
        };
        match (scheme, object) {
            ("gs" | "http" | "https", Some((bucket, object))) if !bucket.is_empty() && !object.is_empty() => {
                Some(Address::Object { bucket, object })
            }
            ("http", None) if !authority.is_empty() => Some(Address::Http { authority, target: format!("/{path}") }),
            ("https", None) if !authority.is_empty() => Some(Address::Https(url)),
            _ => None,
        }
    }
}

/// An object of Cloud Storage: from `FOGBANK_STORAGE_URL` (`http://HOST:PORT`) if that is set, else from the metadata
/// server, which hands out what the machine's service account may read.
fn fetch_object(server: &Server, bucket: &str, object: &str) -> Result<Vec<u8>, Error> {
    let (bucket, name) = (percent_encode(bucket, b""), percent_encode(object, b""));
    let storage = std::env::var("FOGBANK_STORAGE_URL").ok().filter(|url| !url.is_empty());
    let Some(storage) = storage else {
        let target = format!("/fogbank/v1/objects/{bucket}/{name}");
        return read(server.get(&target, PATIENCE)?.body);
    };
    let authority = storage.trim_end_matches('/').strip_prefix("http://").ok_or(Error::Address)?;
    let target = format!("/storage/v1/b/{bucket}/o/{name}?alt=media");
    let bearer = token(server).map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
    let request =
        Request { method: "GET", authority, target: &target, headers: &headers, body: b"", patience: PATIENCE };
    read(http::send(&request)?.body)
}

/// An access token of the machine's service account; a machine without one asks without.
fn token(server: &Server) -> Option<String> {
    let target = "/computeMetadata/v1/instance/service-accounts/default/token";
    let body = read(server.get(target, PATIENCE).ok()?.body).ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&body).ok()?;
    Some(answer.get("access_token")?.as_str()?.to_owned())
}

fn read(body: impl Read) -> Result<Vec<u8>, Error> {
    let mut script = Vec::new();
    body.take(LONGEST + 1).read_to_end(&mut script)?;
    if script.len() as u64 > LONGEST {
        return Err(Error::Io(format!("the script is longer than {LONGEST} bytes")));
    }
    Ok(script)
}

/// Fetches by a program of the image, since the agent speaks no TLS.
fn download(url: &str) -> Result<Vec<u8>, Error> {
    for (program, arguments) in [("curl", ["-fsSL", "--", url]), ("wget", ["-qO-", "--", url])] {
        match Command::new(program).args(arguments).stdin(Stdio::null()).output() {
            Ok(output) if output.status.success() => return read(output.stdout.as_slice()),
            Ok(output) => return Err(Error::Download(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::NoDownloader)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(tree: &str) -> Vec<String> {
        let metadata = Metadata::from_json(tree.as_bytes()).unwrap();
        Source::all(&metadata, "startup").into_iter().map(|source| format!("{}={}", source.key, source.value)).collect()
    }

    #[test]
    fn scripts_of_the_project_run_only_without_any_of_the_instance() {
        let project = r#""project":{"attributes":{"startup-script":"p","startup-script-url":"gs://b/o"}}"#;
        let both = format!(r#"{{"instance":{{"attributes":{{"startup-script-url":"gs://b/i"}}}},{project}}}"#);
        assert_eq!(keys(&both), ["startup-script-url=gs://b/i"]);
        let one = format!(r#"{{"instance":{{"attributes":{{"startup-script":""}}}},{project}}}"#);
        assert_eq!(keys(&one), ["startup-script=p", "startup-script-url=gs://b/o"]);
        assert!(keys("{}").is_empty());
    }

    #[test]
    fn addresses_of_cloud_storage_are_objects() {
        let object = Some(Address::Object { bucket: "b", object: "x/y.sh" });
        for url in [
            "gs://b/x/y.sh",
            "https://storage.googleapis.com/b/x/y.sh",
            "http://storage.googleapis.com/b/x/y.sh",
            "https://b.storage.googleapis.com/x/y.sh",
        ] {
            assert_eq!(Address::parse(url), object, "{url}");
        }
    }

    #[test]
    fn other_addresses_are_fetched_as_they_are() {
        let target = "/s?q=1".to_owned();
        assert_eq!(Address::parse("http://h:81/s?q=1"), Some(Address::Http { authority: "h:81", target }));
        assert_eq!(Address::parse("https://h/s"), Some(Address::Https("https://h/s")));
        for url in ["", "gs://", "gs://b", "gs:///o", "ftp://h/x", "/etc/x", "http://"] {
            assert_eq!(Address::parse(url), None, "{url}");
        }
    }
}
