//! The way to Fogbank: HTTP/1.1 over sockets that the firewall lets pass.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HeaderValue;
use hyper::http::uri::Authority;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// How long a connection to Fogbank may take; it is on this computer.
const CONNECT: Duration = Duration::from_secs(5);

/// A checked [`machine_config::Endpoint`].
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    /// What goes before every path; empty or `/...` without a slash at the end.
    pub prefix: String,
    /// The value of `Authorization`.
    pub authorization: HeaderValue,
}

/// Why an endpoint cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// Not `http://HOST[:PORT][/PREFIX]`.
    Url,
    /// The token has characters that a header must not have.
    Token,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            EndpointError::Url => "the URL is not http://HOST[:PORT][/PREFIX]",
            EndpointError::Token => "the token is not fit for a header",
        })
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// Checks an endpoint of a configuration.
    pub fn new(endpoint: &machine_config::Endpoint) -> Result<Endpoint, EndpointError> {
        let uri: Uri = endpoint.url.parse().map_err(|_| EndpointError::Url)?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or(EndpointError::Url)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(EndpointError::Url);
        }
        let authorization = HeaderValue::from_str(&format!("Bearer {}", endpoint.token));
        let mut authorization = authorization.map_err(|_| EndpointError::Token)?;
        authorization.set_sensitive(true);
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let port = authority.port_u16().unwrap_or(80);
        Ok(Endpoint { host: host(authority).to_owned(), port, prefix, authorization })
    }

    /// Opens a connection for requests with bodies of type `B`. It closes when the sender is dropped.
    pub async fn connect<B>(&self, mark: u32) -> io::Result<SendRequest<B>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let stream = timeout(CONNECT, self.stream(mark)).await??;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Its errors reach whoever waits for an answer.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }

    async fn stream(&self, mark: u32) -> io::Result<TcpStream> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in lookup_host((self.host.as_str(), self.port)).await?.filter(SocketAddr::is_ipv4) {
            let socket = TcpSocket::new_v4()?;
            SockRef::from(&socket).set_mark(mark)?;
            match socket.connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// The host without the brackets of an IPv6 address.
fn host(authority: &Authority) -> &str {
    authority.host().trim_start_matches('[').trim_end_matches(']')
}

/// Sends `request`, waiting for the head of its answer as long as `limit`.
///
/// # Errors
/// The request itself, when it is certain that the other end has not seen it.
pub async fn send<B: Body + 'static>(
    sender: &mut SendRequest<B>,
    request: Request<B>,
    limit: Duration,
) -> Result<Response<Incoming>, Option<Request<B>>> {
    if sender.ready().await.is_err() {
        return Err(Some(request));
    }
    match timeout(limit, sender.try_send_request(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(mut error)) => Err(error.take_message()),
        Err(_) => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, token: &str) -> Result<Endpoint, EndpointError> {
        Endpoint::new(&machine_config::Endpoint { url: url.into(), token: token.into() })
    }

    #[test]
    fn reads_urls() {
        let found = endpoint("http://172.18.0.1:8080", "t").ok().unwrap();
        assert_eq!((found.host.as_str(), found.port, found.prefix.as_str()), ("172.18.0.1", 8080, ""));
        let found = endpoint("http://host.docker.internal/_tenants/a/", "t").ok().unwrap();
        assert_eq!((found.port, found.prefix.as_str()), (80, "/_tenants/a"));
        assert_eq!(found.authorization, "Bearer t");
    }

    #[test]
    fn refuses_other_urls() {
        for url in ["", "172.18.0.1:8080", "https://h", "http://u@h", "http://h/?q", "http://"] {
            assert_eq!(endpoint(url, "t").err(), Some(EndpointError::Url), "{url}");
        }
        assert_eq!(endpoint("http://h", "a\r\nb: c").err(), Some(EndpointError::Token));
    }
}
