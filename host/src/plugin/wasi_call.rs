//! A call of a service that is an unmodified `wasi:http/incoming-handler@0.2` component.

use super::call::{Fetched, Head, text_of};
use super::diagnose::diagnose;
use super::failure::Failure;
use super::state::State;
use crate::capability::http::{Answer, AnswerSlot, BodyError};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

type Outgoing = Result<hyper::Response<HyperOutgoingBody>, ErrorCode>;

/// Runs the guest, and streams what it answers through `answer` while it runs.
pub(super) async fn handle(
    mut store: Store<State>,
    pre: &ProxyPre<State>,
    head: Head,
    body: Fetched,
    mut answer: AnswerSlot,
) -> Result<(), Failure> {
    let internal = |error: wasmtime::Error| Failure::Internal(format!("{error:#}"));
    let request = hyper_request(head, body)?;
    let (sender, outgoing) = oneshot::channel();
    let request = store.data_mut().http().new_incoming_request(Scheme::Http, request).map_err(internal)?;
    let outparam = store.data_mut().http().new_response_outparam(sender).map_err(internal)?;
    // The store goes with the guest: an answer that was never set is then known never to come.
    let guest = async move {
        let called = async {
            let proxy = pre.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await
        };
        let ended = called.await;
        ended.map_err(|error| diagnose(&error, store.data()))
    };
    let (ended, pumped) = tokio::join!(guest, pump(outgoing, &mut answer));
    ended?;
    pumped
}

/// Hands the head and the bytes of the guest's answer on.
async fn pump(outgoing: oneshot::Receiver<Outgoing>, answer: &mut AnswerSlot) -> Result<(), Failure> {
    let Ok(outgoing) = outgoing.await else {
        return Err(Failure::Contract("ended without an answer".into()));
    };
    let response = outgoing.map_err(|code| Failure::Contract(format!("answered with the error {code:?}")))?;
    let (parts, mut body) = response.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
    let Some(writer) = answer.start(parts.status.as_u16(), headers) else {
        return Err(Failure::ClientGone);
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::Contract(format!("broke its answer off: {error:?}")))?;
        if let Ok(chunk) = frame.into_data() {
            writer.write(chunk).await.map_err(|_| Failure::ClientGone)?;
        }
    }
    Ok(())
}

fn hyper_request(head: Head, body: Fetched) -> Result<hyper::Request<IncomingBody>, Failure> {
    let mut path = head.path;
    if let Some(query) = head.query {
        path = format!("{path}?{query}");
    }
    let uri = http::Uri::builder().scheme("http").authority(head.authority).path_and_query(path).build();
    let uri = uri.map_err(|error| Failure::Internal(format!("a request without a URI: {error}")))?;
    let mut request = hyper::Request::new(body.into_body().into_http_body().map_err(wasi_error as Refusal));
    *request.uri_mut() = uri;
    *request.method_mut() = head.method;
    *request.headers_mut() = head.headers;
    Ok(request)
}

type Refusal = fn(BodyError) -> wasmtime_wasi_http::Error;
type IncomingBody = http_body_util::combinators::MapErr<Answer, Refusal>;

fn wasi_error(error: BodyError) -> wasmtime_wasi_http::Error {
    use wasmtime_wasi_http::Error;
    match error {
        BodyError::Incomplete => Error::ConnectionTerminated,
        BodyError::TooLarge(limit) => Error::HttpRequestBodySize(Some(limit)),
        BodyError::Timeout => Error::ConnectionReadTimeout,
        BodyError::Malformed(_) | BodyError::Other(_) => Error::HttpRequestDenied,
    }
}
