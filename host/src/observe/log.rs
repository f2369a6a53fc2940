//! The log: to standard error, for people or as JSON, a request's id on each of its lines.

use super::traces;
use crate::config::LogFormat;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use tokio::runtime::Handle;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::time::UtcTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What has to be ended with the server.
#[derive(Debug, Default)]
pub struct Observing {
    provider: Option<SdkTracerProvider>,
}

/// Sets up log and traces of the process. `filter` is of [`EnvFilter`]; the error is for the operator.
pub fn start(format: LogFormat, filter: &str, runtime: Handle) -> Result<Observing, String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("log: {error}"))?;
    let provider = traces::provider(runtime)?;
    // Traces have spans that the log does not need; without a collector nobody pays for them.
    let traced = Targets::new().with_target("fogbank", LevelFilter::DEBUG);
    let tracer = |provider: &SdkTracerProvider| tracing_opentelemetry::layer().with_tracer(provider.tracer("fogbank"));
    let traces = provider.as_ref().map(|provider| tracer(provider).with_filter(traced));
    let lines = tracing_subscriber::fmt::layer().with_timer(UtcTime::rfc_3339()).with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().with_current_span(false).with_span_list(true).boxed(),
    };
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).try_init();
    started.map_err(|error| format!("the log cannot be set up: {error}"))?;
    Ok(Observing { provider })
}

impl Observing {
    /// Sends what has not been sent yet.
    pub fn stop(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown()
        {
            eprintln!("the last traces could not be sent: {error}");
        }
    }
}
