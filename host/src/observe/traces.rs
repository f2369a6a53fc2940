//! Traces over OTLP where the standard `OTEL_*` variables say so, and the W3C `traceparent` that ties them to the client's
//! and to the services' own. Without these variables nothing is made and nothing is sent.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_http::{HeaderExtractor, HeaderInjector, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of its answer.
const MAX_ANSWER: usize = 1 << 20;

static ON: AtomicBool = AtomicBool::new(false);

/// Whether `OTEL_*` asks for traces.
fn is_wanted() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| set("OTEL_EXPORTER_OTLP_ENDPOINT"));
    let off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let none = set("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    endpoint.is_some() && !off && !none
}

/// What sends traces, where they are asked for; requests to the collector run on `runtime`. The error is for the operator.
pub fn provider(runtime: Handle) -> Result<Option<SdkTracerProvider>, String> {
    if !is_wanted() {
        return Ok(None);
    }
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let exporter = SpanExporter::builder().with_http().with_http_client(Sender { client, runtime }).build();
    let exporter = exporter.map_err(|error| format!("traces cannot be sent (OTEL_*): {error}"))?;
    let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => Resource::builder().build(),
        None => Resource::builder().with_service_name("fogbank").build(),
    };
    ON.store(true, Ordering::Release);
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}

/// Makes `span` a part of the trace that a request's `traceparent` names.
pub fn continue_from(span: &Span, headers: &HeaderMap) {
    if ON.load(Ordering::Acquire) && headers.contains_key("traceparent") {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Fails for a span that is filtered out; then there is nothing to tie.
        let _ = span.set_parent(parent);
    }
}

/// Names the current span as the parent of what `headers` are sent with.
pub fn pass_on(headers: &mut HeaderMap) {
    if ON.load(Ordering::Acquire) {
        TraceContextPropagator::new().inject_context(&Span::current().context(), &mut HeaderInjector(headers));
    }
}

/// Sends to the collector from whatever thread asks.
#[derive(Debug)]
struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
}

impl HttpClient for Sender {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let client = self.client.clone();
        let exchange = async move {
            let (parts, body) = client.request(request.map(Full::new)).await?.into_parts();
            let bytes = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(parts, bytes))
        };
        // The exporter's thread is none of the runtime's: timers and sockets have to begin on the runtime.
        let sent = self.runtime.spawn(async move { tokio::time::timeout(PATIENCE, exchange).await });
        Box::pin(async move { sent.await?? })
    }
}
