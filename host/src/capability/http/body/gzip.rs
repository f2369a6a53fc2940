//! A body that is decompressed as it is read (RFC 1952, several members one behind the other).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::GzipDecoder;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::io::AsyncRead;
use tokio_util::io::{StreamReader, poll_read_buf};

use super::{Body, BodyError, Source};

const CHUNK: usize = 64 << 10;

pub(super) struct Gunzip {
    decoder: Pin<Box<dyn AsyncRead + Send>>,
}

impl Gunzip {
    pub(super) fn new(body: Body) -> Self {
        let mut decoder = GzipDecoder::new(StreamReader::new(Chunks(body)));
        decoder.multiple_members(true);
        Self { decoder: Box::pin(decoder) }
    }
}

impl Source for Gunzip {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = ready!(poll_read_buf(self.decoder.as_mut(), cx, &mut chunk));
        Poll::Ready(match read {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(chunk.freeze())),
            Err(error) => Err(BodyError::from_decoder(error)),
        })
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

struct Chunks(Body);

impl Stream for Chunks {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(cx).map(|chunk| chunk.map_err(io::Error::from).transpose())
    }
}
