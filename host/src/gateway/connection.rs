//! A connection whose malformed requests are answered in Google's form.
//!
//! hyper answers what is no request at all (a broken head, one that is too long) by itself, with an empty body, before any
//! code of ours runs. Such an answer is the only thing that is written while no request is under way; that is how it is told
//! apart from every byte that belongs to somebody, and replaced (F35).

use super::error::ApiError;
use super::guard;
use crate::observe::request_id;
use bytes::Bytes;
use http::StatusCode;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is under way on a connection.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Requests whose answer has not been handed over to hyper with its whole body.
    under_way: AtomicUsize,
    /// Whether something was handed over that may not be on the wire yet.
    unflushed: AtomicBool,
}

/// A request under way; dropped with the answer's body.
#[derive(Debug)]
pub struct UnderWay(Arc<Traffic>);

impl Traffic {
    /// Notes that a request has begun, until the value is dropped.
    pub fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        self.unflushed.store(true, Ordering::Release);
        UnderWay(Arc::clone(self))
    }

    fn is_quiet(&self) -> bool {
        self.under_way.load(Ordering::Acquire) == 0 && !self.unflushed.load(Ordering::Acquire)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.unflushed.store(true, Ordering::Release);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The connection.
#[derive(Debug)]
pub struct Connection<I> {
    io: I,
    traffic: Arc<Traffic>,
    /// What was read before hyper began, as far as it has not been read again.
    first: Bytes,
    /// An answer of ours in place of hyper's, as far as it is not written yet.
    own: Vec<u8>,
}

impl<I> Connection<I> {
    /// Wraps a stream of bytes, of which `first` have been read already.
    pub fn new(io: I, first: Bytes, traffic: Arc<Traffic>) -> Self {
        Self { io, traffic, first, own: Vec::new() }
    }
}

impl<I: AsyncWrite + Unpin> Connection<I> {
    fn poll_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.own))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// Ours for `bytes`, where that is an answer of hyper's own.
    fn replacement(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        let code = StatusCode::from_bytes(status).ok().filter(StatusCode::is_client_error)?;
        self.traffic.is_quiet().then(|| answer(code))
    }
}

/// A whole answer, after which the connection is closed.
fn answer(code: StatusCode) -> Vec<u8> {
    let (reason, message) = match code {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ("requestHeadersTooLarge", "The request's head is too long."),
        StatusCode::URI_TOO_LONG => ("uriTooLong", "The request's URL is too long."),
        _ => ("invalid", "This is no well-formed HTTP request."),
    };
    let body = ApiError::new(code, reason, message).json();
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json; charset=UTF-8\r\nx-content-type-options: {}\r\n{}: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        code.as_u16(),
        code.canonical_reason().unwrap_or("Error"),
        guard::NO_GUESSING,
        request_id::HEADER,
        request_id::fresh(),
        body.len(),
    );
    (head + &body).into_bytes()
}

impl<I: AsyncRead + Unpin> AsyncRead for Connection<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let length = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first.split_to(length));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(cx))?;
        if let Some(own) = self.replacement(bytes) {
            self.own = own;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_own(cx))?;
        // hyper's own answers have no body, so they are one piece.
        if let [only] = pieces
            && let Some(own) = self.replacement(only)
        {
            self.own = own;
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(cx))?;
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.traffic.unflushed.store(false, Ordering::Release);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_own(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
