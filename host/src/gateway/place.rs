//! Where a client believes it is: authority, base URL, tenant.

use super::error::ApiError;
use crate::config::Config;
use crate::tenant::DEFAULT;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use std::net::{IpAddr, SocketAddr};

/// The path prefix that names a tenant.
pub const TENANTS: &str = "/_tenants/";

/// The connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub remote: IpAddr,
    /// The server's own address, for a client that names none.
    pub local: SocketAddr,
    /// Whether it is encrypted.
    pub tls: bool,
}

/// What a request says about where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Host name and port as the client named them.
    pub authority: String,
    /// The tenant's name, not looked up yet.
    pub tenant: String,
    /// `/_tenants/NAME`, or nothing where the tenant was not named by the path.
    pub prefix: String,
    /// Scheme and authority and prefix, without a slash at the end.
    pub base_url: String,
    /// The path less the tenant's prefix; begins with `/`.
    pub path: String,
    /// The client's address, as far as it is known: behind a trusted proxy, the one that it names.
    pub remote: IpAddr,
}

impl Place {
    /// Reads the request's head.
    pub fn of(parts: &Parts, peer: Peer, config: &Config) -> Result<Self, ApiError> {
        let forwarded = config.trusted_proxies.contains(&peer.remote).then_some(&parts.headers);
        let authority = authority(parts, peer, forwarded)?;
        let scheme = match forwarded.and_then(|headers| first(headers, "x-forwarded-proto")) {
            Some("https") => "https",
            Some("http") => "http",
            _ if peer.tls => "https",
            _ => "http",
        };
        let remote = forwarded.and_then(|headers| origin_of(headers, config)).unwrap_or(peer.remote);
        let (tenant, prefix, path) = tenant(parts.uri.path(), &authority);
        Ok(Self { remote, base_url: format!("{scheme}://{authority}{prefix}"), authority, tenant, prefix, path })
    }
}

impl Place {
    /// The same for a request that can only be of `tenant`, whatever it says: its path is what it is.
    pub fn within(self, tenant: &str, parts: &Parts) -> Self {
        let (path, prefix) = (parts.uri.path().to_owned(), String::new());
        let base_url = self.base_url.strip_suffix(&*self.prefix).unwrap_or(&self.base_url).to_owned();
        Self { tenant: tenant.to_owned(), path, prefix, base_url, ..self }
    }
}

/// Host and port of the request's target, of `Host`, or of a trusted proxy's word.
fn authority(parts: &Parts, peer: Peer, forwarded: Option<&HeaderMap>) -> Result<String, ApiError> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let named = hosts.next().map(|host| host.to_str().unwrap_or("\0"));
    if hosts.next().is_some() {
        return Err(ApiError::invalid("The request names its host more than once."));
    }
    let forwarded = forwarded.and_then(|headers| first(headers, "x-forwarded-host"));
    let target = parts.uri.authority().map(|authority| authority.as_str());
    match forwarded.or(target).or(named) {
        Some(authority) if is_authority(authority) => Ok(authority.to_owned()),
        Some(_) => Err(ApiError::invalid("The request's host is none.")),
        None => Ok(peer.local.to_string()),
    }
}

/// The last address of `X-Forwarded-For` that is no trusted proxy: what stands before it, anybody may have written.
fn origin_of(headers: &HeaderMap, config: &Config) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().rev().filter_map(|line| line.to_str().ok());
    let mut addresses = lines.flat_map(|line| line.rsplit(',')).map(|address| address.trim().parse::<IpAddr>());
    addresses.find(|address| !matches!(address, Ok(proxy) if config.trusted_proxies.contains(proxy)))?.ok()
}

fn first<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim)
}

/// A name or an address, and perhaps a port: nothing that would mean something else in a URL.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let name = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    port && match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && name(host),
    }
}

/// The tenant's name, its prefix, and the path without it. The path outweighs the host name.
fn tenant(path: &str, authority: &str) -> (String, String, String) {
    if let Some(rest) = path.strip_prefix(TENANTS) {
        let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        return (name.to_owned(), format!("{TENANTS}{name}"), path.to_owned());
    }
    let host = super::router::bare_host(authority);
    let name = host.strip_suffix(".localhost").filter(|name| !name.contains('.')).unwrap_or(DEFAULT);
    (name.to_owned(), String::new(), path.to_owned())
}

/// 404 for a tenant that nobody made.
pub fn no_tenant(name: &str) -> ApiError {
    let message = match crate::tenant::check_name(name) {
        Ok(()) => crate::tenant::TenantError::NotFound(name.to_owned()).to_string(),
        Err(why) => format!("There is no such tenant. {why}"),
    };
    ApiError::new(StatusCode::NOT_FOUND, "notFound", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    fn place(uri: &str, headers: &[(&str, &str)], proxies: &str) -> Result<Place, ApiError> {
        place_over(false, uri, headers, proxies)
    }

    fn place_over(tls: bool, uri: &str, headers: &[(&str, &str)], proxies: &str) -> Result<Place, ApiError> {
        let layers = Layers::new().flag("trusted-proxies", Some(proxies.to_owned()));
        let config = Config::from_layers(layers).expect("config");
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("request").into_parts();
        let (remote, local) = ("10.0.0.1".parse().expect("ip"), "127.0.0.1:80".parse().expect("address"));
        let peer = Peer { remote, local, tls };
        Place::of(&parts, peer, &config)
    }

    #[test]
    fn links_follow_the_host_and_the_tenant() {
        let place = place("/_tenants/blue/b/x%2Fy", &[("host", "cloud.test:8080")], "").expect("place");
        assert_eq!((place.tenant.as_str(), place.path.as_str()), ("blue", "/b/x%2Fy"));
        assert_eq!(place.base_url, "http://cloud.test:8080/_tenants/blue");
    }

    #[test]
    fn a_tenant_is_named_by_its_host_too() {
        let tenant = |host: &str| place("/x", &[("host", host)], "").expect("place").tenant;
        assert_eq!(tenant("blue.localhost:8080"), "blue");
        for host in ["localhost:8080", "a.b.localhost", "evil-localhost", "blue.localhost.evil", "127.0.0.1"] {
            assert_eq!(tenant(host), DEFAULT, "{host}");
        }
        let both = place("/_tenants/red", &[("host", "blue.localhost")], "").expect("place");
        assert_eq!((both.tenant.as_str(), both.path.as_str()), ("red", "/"));
    }

    #[test]
    fn f29_forwarded_headers_count_only_from_a_trusted_proxy() {
        let headers = [("host", "inside"), ("x-forwarded-host", "outside.test"), ("x-forwarded-proto", "https")];
        assert_eq!(place("/", &headers, "").expect("place").base_url, "http://inside");
        assert_eq!(place("/", &headers, "10.0.0.1").expect("place").base_url, "https://outside.test");
    }

    #[test]
    fn f29_the_clients_address_is_what_the_last_trusted_proxy_saw() {
        let remote = |forwarded: &str, proxies: &str| {
            place("/", &[("host", "x"), ("x-forwarded-for", forwarded)], proxies).expect("place").remote.to_string()
        };
        assert_eq!(remote("192.0.2.1", ""), "10.0.0.1", "nobody is trusted");
        assert_eq!(remote("192.0.2.1", "10.0.0.1"), "192.0.2.1");
        assert_eq!(remote("6.6.6.6, 192.0.2.1, 10.0.0.2", "10.0.0.1,10.0.0.2"), "192.0.2.1");
        assert_eq!(remote("nonsense", "10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn links_over_tls_are_https_unless_a_trusted_proxy_says_otherwise() {
        let headers = [("host", "cloud.test"), ("x-forwarded-proto", "http")];
        assert_eq!(place_over(true, "/", &headers, "").expect("place").base_url, "https://cloud.test");
        assert_eq!(place_over(true, "/", &headers, "10.0.0.1").expect("place").base_url, "http://cloud.test");
        assert_eq!(place_over(true, "/", &headers[..1], "10.0.0.1").expect("place").base_url, "https://cloud.test");
    }

    #[test]
    fn f35_a_broken_host_is_refused() {
        for host in ["a/b", "a b", "a@b", "a:99999", "a:b:c", "\u{7f}", "[::1", ":80"] {
            if let Ok(value) = http::HeaderValue::from_str(host) {
                let result = place("/", &[("host", value.to_str().unwrap_or("é"))], "");
                assert!(result.is_err(), "{host}: {result:?}");
            }
        }
        assert!(place("/", &[("host", "a"), ("host", "b")], "").is_err());
        assert_eq!(place("/", &[], "").expect("old client").authority, "127.0.0.1:80");
        assert!(place("/", &[("host", "[::1]:8080")], "").is_ok());
    }
}
