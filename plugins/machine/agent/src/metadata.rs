//! The metadata server as the machine asks it: the whole tree in one answer, and long polls for the next change.
//! <https://cloud.google.com/compute/docs/metadata/querying-metadata>

use crate::http::{self, Error, Request, Response};
use serde_json::Value;
use std::io::Read;
use std::time::Duration;

/// Where the server is unless `GCE_METADATA_HOST`, the variable that Google's libraries honour, says otherwise.
const ADDRESS: &str = "169.254.169.254";
/// Most bytes of a tree that are read. Attributes are limited to 512 KiB in sum.
const TREE: u64 = 16 << 20;

/// One state of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(Value);

impl Metadata {
    /// Reads a tree from the answer to `?recursive=true&alt=json`.
    pub fn from_json(json: &[u8]) -> Option<Metadata> {
        serde_json::from_slice(json).ok().filter(Value::is_object).map(Metadata)
    }

    /// An attribute of the instance.
    pub fn instance_attribute(&self, key: &str) -> Option<&str> {
        self.0.get("instance")?.get("attributes")?.get(key)?.as_str()
    }

    /// An attribute of the project.
    pub fn project_attribute(&self, key: &str) -> Option<&str> {
        self.0.get("project")?.get("attributes")?.get(key)?.as_str()
    }

    /// Whether the instance, or else the project, sets an attribute to true as Google reads it.
    pub fn flag(&self, key: &str) -> bool {
        let value = self.instance_attribute(key).or_else(|| self.project_attribute(key)).unwrap_or_default();
        is_true(value)
    }

    /// The fully qualified name: `w1.us-central1-a.c.PROJECT.internal`.
    pub fn hostname(&self) -> Option<&str> {
        self.0.get("instance")?.get("hostname")?.as_str().filter(|name| !name.is_empty())
    }

    /// The address of the first network interface.
    pub fn address(&self) -> Option<&str> {
        self.0.get("instance")?.get("networkInterfaces")?.get(0)?.get("ip")?.as_str()
    }
}

/// The values that Google's agent takes for true.
pub fn is_true(value: &str) -> bool {
    matches!(value.trim().to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes" | "y")
}

/// The server.
pub struct Server {
    authority: String,
}

impl Server {
    /// The server of this machine.
    pub fn find() -> Server {
        let authority = std::env::var("GCE_METADATA_HOST").ok().filter(|host| !host.is_empty());
        Server { authority: authority.unwrap_or_else(|| ADDRESS.to_owned()) }
    }

    /// The tree as it is now, and its etag.
    ///
    /// # Errors
    /// The server cannot be asked, or answers no tree.
    pub fn tree(&self) -> Result<(Metadata, String), Error> {
        self.read("/computeMetadata/v1/?recursive=true&alt=json", Duration::from_secs(10))
    }

    /// The tree as soon as its etag is not `etag` any more, at the latest after `wait`.
    ///
    /// # Errors
    /// As `tree`.
    pub fn changed(&self, etag: &str, wait: Duration) -> Result<(Metadata, String), Error> {
        let seconds = wait.as_secs();
        let etag = percent_encode(etag, b"");
        let target = format!(
            "/computeMetadata/v1/?recursive=true&alt=json&wait_for_change=true&timeout_sec={seconds}&last_etag={etag}"
        );
        self.read(&target, wait + Duration::from_secs(15))
    }

    fn read(&self, target: &str, patience: Duration) -> Result<(Metadata, String), Error> {
        let response = self.get(target, patience)?;
        let mut json = Vec::new();
        response.body.take(TREE).read_to_end(&mut json)?;
        let metadata = Metadata::from_json(&json).ok_or(Error::NotHttp)?;
        Ok((metadata, response.etag.unwrap_or_default()))
    }

    /// Any path of the server.
    ///
    /// # Errors
    /// The server cannot be asked, or does not answer 2xx.
    pub fn get(&self, target: &str, patience: Duration) -> Result<Response, Error> {
        self.send("GET", target, b"", patience)
    }

    /// Sets a guest attribute. `path` is `NAMESPACE/KEY`.
    ///
    /// # Errors
    /// The server cannot be asked, or refuses (403: guest attributes are not enabled).
    pub fn set_guest_attribute(&self, path: &str, value: &str) -> Result<(), Error> {
        let target = format!("/computeMetadata/v1/instance/guest-attributes/{path}");
        self.send("PUT", &target, value.as_bytes(), Duration::from_secs(10)).map(drop)
    }

    fn send(&self, method: &str, target: &str, body: &[u8], patience: Duration) -> Result<Response, Error> {
        let headers = [("Metadata-Flavor", "Google"), ("User-Agent", "fogbank-agent")];
        http::send(&Request { method, authority: &self.authority, target, headers: &headers, body, patience })
    }
}

/// Text for a path or a query: all but unreserved characters (RFC 3986, 2.3) and those of `keep` are escaped.
pub fn percent_encode(text: &str, keep: &[u8]) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded += &format!("%{byte:02X}");
        }
        encoded
    })
}

/// Waits that grow: for asking again what could not be answered.
pub struct Backoff(Duration);

impl Backoff {
    /// Begins with a tenth of a second and ends with ten.
    pub fn new() -> Backoff {
        Backoff(Duration::from_millis(100))
    }

    /// Sleeps, twice as long as the last time.
    pub fn sleep(&mut self) {
        std::thread::sleep(self.0);
        self.0 = (self.0 * 2).min(Duration::from_secs(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_the_instance_come_before_those_of_the_project() {
        let tree = br#"{"instance":{"attributes":{"a":"1","b":"FALSE"},"hostname":"w1.z.c.p.internal",
            "networkInterfaces":[{"ip":"10.20.0.2"}]},"project":{"attributes":{"a":"2","b":"TRUE","c":"TRUE"}}}"#;
        let metadata = Metadata::from_json(tree).unwrap();
        assert_eq!(metadata.instance_attribute("a"), Some("1"));
        assert_eq!(metadata.project_attribute("a"), Some("2"));
        assert_eq!(["a", "b", "c", "d"].map(|key| metadata.flag(key)), [true, false, true, false]);
        assert_eq!(metadata.hostname(), Some("w1.z.c.p.internal"));
        assert_eq!(metadata.address(), Some("10.20.0.2"));
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        assert_eq!(Metadata::from_json(b"<html>"), None);
        assert_eq!(Metadata::from_json(b"[]"), None);
        assert_eq!(Metadata::from_json(b"{}").unwrap().hostname(), None);
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(percent_encode("a b/ü", b""), "a%20b%2F%C3%BC");
        assert_eq!(percent_encode("a/b", b"/"), "a/b");
    }
}
