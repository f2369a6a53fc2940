//! The metadata server: hands requests to Fogbank with the machine's token, and the answers back, both as streams.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;

use crate::endpoint::{self, Endpoint};
use crate::names;
use crate::settings::{Settings, Source};

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 4096;
/// How long Fogbank may take to begin its answer: `wait_for_change` without `timeout_sec` waits, clients come back within the hour.
const ANSWER: Duration = Duration::from_secs(3700);
/// How long a client may take for the head of a request, and stay away between two.
const HEAD: Duration = Duration::from_secs(120);

type Answer = Response<Either<Incoming, Full<Bytes>>>;
/// The connection to Fogbank that belongs to a client's connection.
type Upstream = Arc<Mutex<Option<(Endpoint, SendRequest<Incoming>)>>>;

/// Serves for ever.
pub async fn serve(listener: TcpListener, source: Arc<Source>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let source = source.clone();
                tokio::spawn(async move {
                    connection(stream, source).await;
                    drop(place);
                });
            }
            // Out of descriptors, or the client has gone.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: TcpStream, source: Arc<Source>) {
    let upstream = Upstream::default();
    let service = service_fn(move |request| {
        let (source, upstream) = (source.clone(), upstream.clone());
        async move { Ok::<_, Infallible>(answer(request, &source, &upstream).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // An error is the client's: it went away or sent what is no HTTP, and has been told so.
    server.serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn answer(request: Request<Incoming>, source: &Source, upstream: &Upstream) -> Answer {
    let Some(settings) = source.current() else {
        return unavailable("This machine has no network configuration yet.\n");
    };
    let Some(request) = outgoing(request, &settings) else {
        return plain(StatusCode::BAD_REQUEST, "The request has no path.\n");
    };
    match ask(request, &settings.endpoint, source.mark, upstream).await {
        Some(response) => {
            let (mut head, body) = response.into_parts();
            remove_hop_by_hop(&mut head.headers);
            Response::from_parts(head, Either::Left(body))
        }
        None => unavailable("Fogbank does not answer.\n"),
    }
}

/// Sends the request over the connection that is there, or a new one.
async fn ask(
    mut request: Request<Incoming>,
    endpoint: &Endpoint,
    mark: u32,
    upstream: &Upstream,
) -> Option<Response<Incoming>> {
    let mut kept = upstream.lock().await;
    if let Some((_, mut sender)) = kept.take().filter(|(known, sender)| known == endpoint && !sender.is_closed()) {
        match endpoint::send(&mut sender, request, ANSWER).await {
            Ok(response) => {
                *kept = Some((endpoint.clone(), sender));
                return Some(response);
            }
            // Closed just now: nobody has seen the request.
            Err(Some(unsent)) => request = unsent,
            Err(None) => return None,
        }
    }
    let mut sender = endpoint.connect(mark).await.ok()?;
    let response = endpoint::send(&mut sender, request, ANSWER).await.ok()?;
    *kept = Some((endpoint.clone(), sender));
    Some(response)
}

/// The request as Fogbank gets it. One for a service's own host name passes as it is; all others are for the metadata server.
fn outgoing(request: Request<Incoming>, settings: &Settings) -> Option<Request<Incoming>> {
    let (mut head, body) = request.into_parts();
    let named = head.uri.authority().map(|authority| authority.as_str().to_owned());
    let host = named.or_else(|| Some(head.headers.get(header::HOST)?.to_str().ok()?.to_owned()));
    let service = host.filter(|host| names::is_service(host, &settings.configuration.services));
    remove_hop_by_hop(&mut head.headers);
    let host = match service {
        Some(host) => HeaderValue::from_str(&host).ok()?,
        None => {
            head.headers.insert(header::AUTHORIZATION, settings.endpoint.authorization.clone());
            HeaderValue::from_static("metadata.google.internal")
        }
    };
    head.headers.insert(header::HOST, host);
    let path = head.uri.path_and_query().filter(|path| path.as_str().starts_with('/'))?;
    head.uri = Uri::try_from(format!("{}{path}", settings.endpoint.prefix)).ok()?;
    Some(Request::from_parts(head, body))
}

/// Removes the headers that are about one connection (RFC 9110, 7.6.1). `X-Forwarded-For` stays, as the metadata server refuses it.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let listed: Vec<HeaderName> =
        listed.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in listed {
        headers.remove(name);
    }
    for name in ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
}

fn unavailable(text: &'static str) -> Answer {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(Either::Right(Full::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert("metadata-flavor", HeaderValue::from_static("Google"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("x-forwarded-for", "1"),
            ("etag", "2"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-forwarded-for", "etag"]);
    }

    #[test]
    fn says_that_it_is_unavailable() {
        let response = unavailable("text");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &HeaderValue::from_static("1"))
        );
    }
}
