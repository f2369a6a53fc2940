//! A small client of the running server's `/_fogbank`.

use super::Failure;
use super::args::Settings;
use super::data;
use crate::config::{Config, DataFolder};
use crate::gateway::operator;
use crate::tls;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::time::Duration;

/// How long the server may take; removing a tenant waits for its requests.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const MAX_ANSWER: usize = 16 << 20;

/// A client of one server.
pub struct Client {
    /// Its base URL.
    pub base: String,
    /// The operator's token, where the server has one.
    token: Option<String>,
    http: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Client {
    /// A client of the server that `config` speaks of: the one that was announced in its data folder, or the one at its
    /// address.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let announced = match &config.data {
            DataFolder::At(folder) => data::announced(folder),
            DataFolder::Ephemeral => None,
        };
        let named = config.listen.port() != 0 && config.listen != default_listen();
        let configured = || (data::base_url(config.listen, &config.tls), tls::configured(config));
        let announced = announced.filter(|_| !named).map(|about| (about.base, about.certificate));
        let (base, certificate) = announced.unwrap_or_else(configured);
        let trusting = tls::client(certificate.as_deref()).map_err(Failure::other)?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(trusting).https_or_http().enable_http1().build();
        let token = match &config.data {
            DataFolder::At(folder) => std::fs::read_to_string(operator::file(folder)).ok(),
            DataFolder::Ephemeral => None,
        };
        let token = token.map(|token| token.trim().to_owned());
        Ok(Self { base, token, http: HyperClient::builder(TokioExecutor::new()).build(connector) })
    }

    /// As [`Client::of`], from flags.
    pub fn of_settings(settings: &Settings) -> Result<Self, Failure> {
        Self::of(&settings.config()?)
    }

    /// Sends a request below `/_fogbank`; the error of an answer that is one is its message.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let (status, answer) = self.try_send(method, path, body).await.map_err(|why| self.absent(&why))?;
        match status.is_success() {
            true => Ok(answer),
            false => {
                Err(Failure::other(answer["error"]["message"].as_str().unwrap_or("the server refused").to_owned()))
            }
        }
    }

    /// As [`Client::send`], whatever the status; the error is why no server answered.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder();
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .method(method)
            .uri(format!("{}/_fogbank{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(text)))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            let (parts, body) = self.http.request(request).await.map_err(root)?.into_parts();
            let bytes = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
            let json = serde_json::from_slice(&bytes).map_err(|_| "what answers there is no fogbank".to_owned())?;
            Ok((parts.status, json))
        };
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| format!("no answer in {PATIENCE:?}"))?
    }

    fn absent(&self, why: &str) -> Failure {
        let hint = "start one with `fogbank serve`, or say where it is with --listen or --data";
        Failure::Other(vec![format!("no server answers at {}: {why}", self.base), hint.into()])
    }
}

fn default_listen() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 8080).into()
}

fn root(error: hyper_util::client::legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
