//! Accepts connections, HTTP/1.1 and clear-text HTTP/2 alike, and ends with the server: no new ones, those that are there
//! finish what they have in hand, and what takes too long is cut off (F31).

use super::backend::Backend;
use super::body::RawBody;
use super::connection::{Connection, Traffic, UnderWay};
use super::pipeline::Gateway;
use super::place::Peer;
use crate::capability::http::{Answer, BodyError};
use crate::config::ServerLimits;
use crate::observe::metrics;
use bytes::Bytes;
use http::{Request, header};
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
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait when the system has no room for another connection.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long to wait for the rest of it.
const PEEK_AGAIN: Duration = Duration::from_millis(5);

/// Serves connections of `listener` until `stop`, and then until they have ended or the drain time is over. Gives the
/// number of connections that had to be cut off.
pub async fn run<B: Backend>(gateway: Arc<Gateway<B>>, listener: TcpListener, stop: CancellationToken) -> usize {
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
                let connection = connection(Arc::clone(&gateway), stream, stop.clone());
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

async fn connection<B: Backend>(gateway: Arc<Gateway<B>>, stream: TcpStream, stop: CancellationToken) {
    let Ok(peer) = peer(&stream) else { return };
    let begun = stop.run_until_cancelled(tokio::time::timeout(gateway.config.limits.header_timeout, begun(&stream)));
    let Some(Ok(Ok(()))) = begun.await else { return };
    let _ = stream.set_nodelay(true);
    let traffic = Arc::new(Traffic::default());
    let io = TokioIo::new(Connection::new(stream, Arc::clone(&traffic)));
    let limits = gateway.config.limits;
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, under_way) = (Arc::clone(&gateway), traffic.begin());
        async move {
            let expects = request.headers().contains_key(header::EXPECT);
            let request = request.map(|incoming| RawBody::Network { incoming, expects });
            let answer = gateway.serve(request, peer).await;
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
        tracing::debug!(error, remote = %peer.remote, "a connection broke off");
    }
}

/// Waits until a connection has begun to say something: HTTP/1.1, or the whole preface of HTTP/2. hyper, which tells the
/// two apart, would wait for ever.
async fn begun(stream: &TcpStream) -> io::Result<()> {
    let mut first = [0_u8; PREFACE.len()];
    loop {
        let closed = stream.ready(Interest::READABLE).await?.is_read_closed();
        let length = stream.peek(&mut first).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if closed || length == PREFACE.len() || !PREFACE.starts_with(&first[..length]) {
            return Ok(());
        }
        tokio::time::sleep(PEEK_AGAIN).await;
    }
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
    Ok(Peer { remote: stream.peer_addr()?.ip().to_canonical(), local: stream.local_addr()? })
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
