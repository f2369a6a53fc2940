//! `fogbank:peers/peers` for the guest.

use super::{PeerError, PeerRequest};
use crate::capability::http::Body;
use crate::capability::identity::Caller;
use crate::plugin::bindings::fogbank::peers::peers::{Error, Host, Identity, Request, Response};
use crate::plugin::state::State;
use futures_util::future::join_all;
use std::sync::Arc;
use wasmtime::Result;

/// Requests that one call may send at once.
const AT_ONCE: usize = 100;

impl Host for State {
    async fn send(&mut self, requests: Vec<Request>) -> Result<Vec<Result<Response, Error>>> {
        if requests.len() > AT_ONCE {
            let refusal = || Err(Error::Other(format!("more than {AT_ONCE} requests at once")));
            return Ok(requests.iter().map(|_| refusal()).collect());
        }
        let Some(sender) = self.scope.process.peers.get().cloned() else {
            return Ok(requests.iter().map(|_| Err(Error::Unreachable("no peers yet".into()))).collect());
        };
        let answers = join_all(requests.into_iter().map(|request| sender.send(self.peer_request(request)))).await;
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(match answer {
                Ok(response) => Ok(Response {
                    status: response.status,
                    headers: response.headers,
                    body: self.table.push(response.body)?,
                }),
                Err(error) => Err(error.into()),
            });
        }
        Ok(results)
    }
}

impl State {
    fn peer_request(&self, request: Request) -> PeerRequest {
        PeerRequest {
            tenant: Arc::clone(&self.scope.tenant),
            from: Arc::clone(&self.scope.plugin),
            depth: self.call.depth + 1,
            request_id: Arc::clone(&self.call.request_id),
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: Body::from_bytes(request.body),
            base_url: Arc::clone(&self.call.base_url),
            caller: match request.identity {
                Identity::Caller => Arc::clone(&self.call.caller),
                Identity::Service => Caller::service(&self.scope.plugin),
            },
        }
    }
}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Unreachable(host) => Error::Unreachable(host),
            PeerError::TooDeep => Error::TooDeep,
            PeerError::Busy => Error::Busy,
            PeerError::Timeout => Error::Timeout,
            PeerError::Other(text) => Error::Other(text),
        }
    }
}
