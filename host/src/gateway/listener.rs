//! Accepts connections, HTTP/1.1 and HTTP/2 alike, encrypted where the server speaks TLS, and ends with the server: no new ones, those that are there
//! finish what they have in hand, and what takes too long is cut off (F31).

use super::backend::Backend;
use super::body::RawBody;
use super::connection::{Connection, Traffic, UnderWay};
use super::error::ApiError;
use super::pipeline::Gateway;
use super::place::Peer;
use crate::capability::docker::Docker;
use crate::capability::http::{Answer, Body as Whole, BodyError};
use crate::config::ServerLimits;
use crate::observe::{metrics, request_id};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait when the system has no room for another connection.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a TLS connection begins with: a record of the type `handshake` (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Who connects.
#[derive(Clone)]
pub enum Front {
    /// Anybody.
    Clients,
    /// Containers, each of which shows a token.
    Containers(Arc<Docker>),
}

/// Serves connections of `listener` until `stop`, and then until they have ended or the drain time is over; over TLS
/// where there is `tls`. Gives the number of connections that had to be cut off.
pub async fn run<B: Backend>(
    gateway: Arc<Gateway<B>>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    front: Front,
    stop: CancellationToken,
) -> usize {
    let limits = gateway.config.limits;
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let Some((accepted, place)) = stop.run_until_cancelled(accepted).await else { break };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(Arc::clone(&gateway), stream, tls.clone(), front.clone(), stop.clone());
                let cut = cut.clone();
                tasks.spawn(async move {
                    let _place = place;
                    let _counted = metrics().connection();
                    cut.run_until_cancelled(connection).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(OUT_OF_FILES).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(limits.drain, tasks.wait()).await.is_ok() {
        return 0;
    }
    let left = tasks.len();
    cut.cancel();
    tasks.wait().await;
    left
}

async fn connection<B: Backend>(
    gateway: Arc<Gateway<B>>,
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    front: Front,
    stop: CancellationToken,
) {
    let Ok(remote) = stream.peer_addr() else { return };
    let patience = gateway.config.limits.header_timeout;
    let begun = stop.run_until_cancelled(tokio::time::timeout(patience, begin(stream, tls)));
    let (wire, first) = match begun.await {
        Some(Ok(Ok(begun))) => begun,
        Some(Ok(Err(error))) => return tracing::debug!(%error, %remote, "a connection did not come about"),
        Some(Err(_)) => return tracing::debug!(%remote, "a connection said nothing, or too slowly"),
        None => return,
    };
    let Wire { stream, peer, clear } = wire;
    let traffic = Arc::new(Traffic::default());
    let io = TokioIo::new(Connection::new(stream, first, Arc::clone(&traffic)));
    let limits = gateway.config.limits;
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, front, under_way) = (Arc::clone(&gateway), front.clone(), traffic.begin());
        async move {
            let expects = request.headers().contains_key(header::EXPECT);
            let request = request.map(|incoming| RawBody::Network { incoming, expects });
            let answer = match &front {
                _ if clear => only_https(request),
                Front::Clients => gateway.serve(request, peer).await,
                Front::Containers(docker) => gateway.serve_container(docker, request, peer).await,
            };
            Ok::<_, Infallible>(answer.map(|body| Sent { body: body.into_http_body(), _under_way: under_way }))
        }
    });
    let builder = builder(&limits);
    let connection = builder.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, %remote, "a connection broke off");
    }
}

/// Bytes in both directions.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that has begun to say something.
struct Wire {
    stream: Box<dyn Stream>,
    peer: Peer,
    /// Whether it speaks clear HTTP to a server that speaks TLS.
    clear: bool,
}

/// Shakes hands where that is to be, and waits until the client has begun to say something.
async fn begin(stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<(Wire, Bytes)> {
    let mut peer = peer(&stream)?;
    stream.set_nodelay(true)?;
    let mut first = [0_u8];
    let encrypted = match &tls {
        Some(_) => stream.peek(&mut first).await? == 1 && first == [HANDSHAKE],
        None => false,
    };
    let clear = tls.is_some() && !encrypted;
    let mut stream: Box<dyn Stream> = match tls {
        Some(tls) if encrypted => Box::new(tls.accept(stream).await?),
        _ => Box::new(stream),
    };
    peer.tls = encrypted;
    let first = first_bytes(&mut stream).await?;
    Ok((Wire { stream, peer, clear }, first))
}

/// What a connection begins with, enough to know HTTP/1.1 or the whole preface of HTTP/2. hyper, which tells the two
/// apart, would wait for ever.
async fn first_bytes(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let (mut first, mut length) = ([0_u8; PREFACE.len()], 0);
    loop {
        let read = stream.read(&mut first[length..]).await?;
        length += read;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if read == 0 || length == PREFACE.len() || !PREFACE.starts_with(&first[..length]) {
            return Ok(Bytes::copy_from_slice(&first[..length]));
        }
    }
}

/// The answer to clear HTTP where TLS is spoken.
fn only_https(request: Request<RawBody>) -> Response<Whole> {
    let (parts, body) = request.into_parts();
    body.discard();
    let mut answer = ApiError::invalid("This server speaks HTTPS: use https:// instead of http://.").answer();
    if let Ok(id) = HeaderValue::from_str(&request_id::of(&parts.headers)) {
        answer.headers_mut().insert(request_id::HEADER, id);
    }
    answer
}

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .half_close(true)
        .keep_alive(true)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_head.max(8 << 10))
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.idle)
        .max_concurrent_streams(256)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX));
    builder
}

fn peer(stream: &TcpStream) -> io::Result<Peer> {
    Ok(Peer { remote: stream.peer_addr()?.ip().to_canonical(), local: stream.local_addr()?, tls: false })
}

/// An answer's body, which tells when it has been handed over.
struct Sent {
    body: Answer,
    _under_way: UnderWay,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
