//! `fogbank:http/bodies` and `fogbank:http/responses` for the guest.

use super::{Body, BodyError, Writer};
use crate::plugin::bindings::fogbank::http::bodies::{self, BodyError as GuestError, HostBody};
use crate::plugin::bindings::fogbank::http::responses::{self, HostWriter, WriteError};
use crate::plugin::state::State;
use std::time::Duration;
use tokio::time::timeout;
use wasmtime::Result;
use wasmtime::component::Resource;

/// How long a client may take to accept a chunk.
const WRITE: Duration = Duration::from_secs(60);

/// The longest `read-to-end`, whatever limit the guest names: more would not fit in its memory.
const READ_TO_END: u64 = 64 << 20;

impl bodies::Host for State {}

impl HostBody for State {
    async fn length(&mut self, body: Resource<Body>) -> Result<Option<u64>> {
        Ok(self.table.get_mut(&body)?.length())
    }

    async fn read(&mut self, body: Resource<Body>, max: u32) -> Result<Result<Option<Vec<u8>>, GuestError>> {
        let read = self.table.get_mut(&body)?.read(max as usize).await;
        Ok(read.map(|chunk| chunk.map(Vec::from)).map_err(GuestError::from))
    }

    async fn read_to_end(&mut self, body: Resource<Body>, limit: u64) -> Result<Result<Vec<u8>, GuestError>> {
        let read = self.table.get_mut(&body)?.read_to_end(limit.min(READ_TO_END)).await;
        Ok(read.map(Vec::from).map_err(GuestError::from))
    }

    async fn until(&mut self, body: Resource<Body>, delimiter: Vec<u8>) -> Result<Resource<Body>> {
        let part = self.table.get_mut(&body)?.until(&delimiter);
        Ok(self.table.push(part)?)
    }

    async fn gunzip(&mut self, body: Resource<Body>) -> Result<Resource<Body>> {
        let content = self.table.get_mut(&body)?.gunzip();
        Ok(self.table.push(content)?)
    }

    async fn drop(&mut self, body: Resource<Body>) -> Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

impl responses::Host for State {
    async fn start(
        &mut self,
        status: u16,
        headers: Vec<(String, String)>,
    ) -> Result<Result<Resource<Writer>, WriteError>> {
        match self.answer.start(status, headers) {
            Some(writer) => Ok(Ok(self.table.push(writer)?)),
            None => Ok(Err(WriteError::Other("the answer was started before, or nobody waits for one".into()))),
        }
    }
}

impl HostWriter for State {
    async fn write(&mut self, writer: Resource<Writer>, bytes: Vec<u8>) -> Result<Result<(), WriteError>> {
        if bytes.is_empty() {
            return Ok(Ok(()));
        }
        let written = timeout(WRITE, self.table.get(&writer)?.write(bytes.into())).await;
        Ok(match written {
            Ok(written) => written.map_err(|_| WriteError::Closed),
            Err(_) => Err(WriteError::Timeout),
        })
    }

    async fn drop(&mut self, writer: Resource<Writer>) -> Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}

impl From<BodyError> for GuestError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Incomplete => GuestError::Incomplete,
            BodyError::TooLarge(limit) => GuestError::TooLarge(limit),
            BodyError::Timeout => GuestError::Timeout,
            BodyError::Malformed(text) => GuestError::Malformed(text),
            BodyError::Other(text) => GuestError::Other(text),
        }
    }
}
