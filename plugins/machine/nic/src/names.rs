//! Who knows a name: the nic itself, Fogbank, or a resolver of the internet.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Request, StatusCode};
use machine_config::{Configuration, METADATA_ADDRESS};
use serde::Deserialize;

use crate::endpoint;
use crate::settings::{Settings, Source};

/// Where the answer to a question is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Here.
    Known(Found),
    /// Nowhere.
    Unknown,
    /// At Fogbank.
    Fogbank,
    /// With the resolvers of the internet.
    Outside,
}

/// What a name stands for. Fogbank answers with this, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// Of a host's name.
    #[serde(default)]
    pub addresses: Vec<Ipv4Addr>,
    /// Of an address, asked for in `in-addr.arpa`.
    #[serde(default)]
    pub names: Vec<String>,
}

const METADATA_NAME: &str = "metadata.google.internal";
/// How long Fogbank may take.
const ANSWER: Duration = Duration::from_secs(5);
/// An answer of Fogbank that is longer is none.
const LONGEST: usize = 64 << 10;

/// Where to look for `name`, which is in lower case and without the dot at its end.
pub fn place(name: &str, configuration: &Configuration) -> Place {
    if let Some(address) = reversed(name) {
        return place_of_address(address, configuration);
    }
    let one = |address| Place::Known(Found { addresses: vec![address], names: Vec::new() });
    let first = configuration.interfaces.first().and_then(|interface| interface.address);
    match name {
        METADATA_NAME => one(METADATA_ADDRESS),
        "localhost" => one(Ipv4Addr::LOCALHOST),
        // Docker's own names for the host end like ours.
        _ if name == "docker.internal" || name.ends_with(".docker.internal") => Place::Outside,
        _ if name.eq_ignore_ascii_case(&configuration.hostname) && first.is_some() => {
            one(first.unwrap_or(METADATA_ADDRESS))
        }
        _ if is_service(name, &configuration.services) => one(METADATA_ADDRESS),
        _ if name.ends_with(".internal") => Place::Fogbank,
        // Names of one label mean something only together with a search domain.
        _ if !name.contains('.') => Place::Unknown,
        _ => Place::Outside,
    }
}

fn place_of_address(address: Ipv4Addr, configuration: &Configuration) -> Place {
    let named = |name: &str| Place::Known(Found { addresses: Vec::new(), names: vec![name.to_owned()] });
    let mut ranges = configuration.interfaces.iter().flat_map(|interface| &interface.ranges);
    if address == METADATA_ADDRESS {
        named(METADATA_NAME)
    } else if configuration.interfaces.iter().any(|interface| interface.address == Some(address)) {
        named(&configuration.hostname)
    } else if ranges.any(|range| range.range.contains(address)) {
        Place::Fogbank
    } else {
        Place::Outside
    }
}

/// The address that `4.3.2.1.in-addr.arpa` is about.
fn reversed(name: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = name.strip_suffix(".in-addr.arpa")?.parse().ok()?;
    let [a, b, c, d] = address.octets();
    Some(Ipv4Addr::new(d, c, b, a))
}

/// Whether `host`, with or without a port, is one of `services` or below one.
pub fn is_service(host: &str, services: &[String]) -> bool {
    let host = host.split(':').next().unwrap_or(host);
    let below = |service: &String| {
        let (Some(at), name) = (host.len().checked_sub(service.len()), service.as_str()) else { return false };
        host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(name)) && (at == 0 || host.as_bytes()[at - 1] == b'.')
    };
    services.iter().any(below)
}

/// Asks Fogbank for `name`; nothing when there is no such name.
///
/// # Errors
/// When Fogbank does not answer, or answers something else.
pub async fn ask(name: &str, settings: &Settings, source: &Source) -> io::Result<Option<Found>> {
    let endpoint = &settings.endpoint;
    let request = Request::get(format!("{}/fogbank/v1/names/{name}", endpoint.prefix))
        .header(HOST, METADATA_NAME)
        .header(AUTHORIZATION, endpoint.authorization.clone())
        .header("metadata-flavor", "Google")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let mut sender = endpoint.connect(source.mark).await?;
    let silence = |_| io::Error::from(io::ErrorKind::TimedOut);
    let response = endpoint::send(&mut sender, request, ANSWER).await.map_err(silence)?;
    match response.status() {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::OK => {
            let body = tokio::time::timeout(ANSWER, Limited::new(response.into_body(), LONGEST).collect()).await?;
            let body = body.map_err(io::Error::other)?.to_bytes();
            Ok(Some(serde_json::from_slice(&body)?))
        }
        status => Err(io::Error::other(format!("Fogbank answers {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration() -> Configuration {
        let json = r#"{"endpoint": {"url": "http://h", "token": "t"}, "hostname": "w1.z.c.p.internal", "egress": "none",
            "services": ["googleapis.com"],
            "interfaces": [{"gateway": "172.18.0.1", "address": "10.20.0.2", "ranges": [{"range": "10.20.0.0/24"}]}]}"#;
        serde_json::from_str(json).unwrap()
    }

    fn address(address: [u8; 4]) -> Place {
        Place::Known(Found { addresses: vec![address.into()], names: Vec::new() })
    }

    fn name(name: &str) -> Place {
        Place::Known(Found { addresses: Vec::new(), names: vec![name.into()] })
    }

    #[test]
    fn knows_where_names_are() {
        for (asked, expected) in [
            ("metadata.google.internal", address([169, 254, 169, 254])),
            ("w1.z.c.p.internal", address([10, 20, 0, 2])),
            ("w2.z.c.p.internal", Place::Fogbank),
            ("storage.googleapis.com", address([169, 254, 169, 254])),
            ("host.docker.internal", Place::Outside),
            ("w2", Place::Unknown),
            ("localhost", address([127, 0, 0, 1])),
            ("example.com", Place::Outside),
        ] {
            assert_eq!(place(asked, &configuration()), expected, "{asked}");
        }
    }

    #[test]
    fn knows_where_addresses_are() {
        for (asked, expected) in [
            ("254.169.254.169.in-addr.arpa", name("metadata.google.internal")),
            ("2.0.20.10.in-addr.arpa", name("w1.z.c.p.internal")),
            ("3.0.20.10.in-addr.arpa", Place::Fogbank),
            ("8.8.8.8.in-addr.arpa", Place::Outside),
        ] {
            assert_eq!(place(asked, &configuration()), expected, "{asked}");
        }
    }

    #[test]
    fn a_service_is_a_name_and_what_is_below() {
        let services = ["googleapis.com".to_owned()];
        for host in ["googleapis.com", "storage.GoogleAPIs.com:80"] {
            assert!(is_service(host, &services), "{host}");
        }
        for host in ["notgoogleapis.com", "com", "googleapis.com.example", "", "é"] {
            assert!(!is_service(host, &services), "{host}");
        }
    }
}
