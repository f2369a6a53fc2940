//! The `object_store` crate, with the tests that it publishes for whoever implements a store. It lists through the XML API.

use async_trait::async_trait;
use fogbank_tests::Server;
use http_body_util::BodyExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::{ClientOptions, StaticCredentialProvider, integration};
use serde_json::json;
use std::sync::Arc;

/// Requests without TLS: the crate's own way of sending them cannot be had without it.
#[derive(Debug, Clone, Default)]
struct Plain(reqwest::Client);

impl HttpConnector for Plain {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Plain {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let broken = |error: reqwest::Error| HttpError::new(HttpErrorKind::Request, error);
        let request = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let answer = request.send().await.map_err(broken)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = HttpResponse::new(HttpResponseBody::from(answer.bytes().await.map_err(broken)?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// A bucket of a server of its own, with versions: one of the tests asks for an old one.
async fn store() -> (Server, GoogleCloudStorage) {
    let server = Server::start();
    let bucket = json!({ "name": "object-store", "versioning": { "enabled": true } });
    server.client().post("/storage/v1/b?project=demo-project", bucket).await.expect(200);
    let store = GoogleCloudStorageBuilder::new()
        .with_bucket_name("object-store")
        .with_base_url(server.base())
        .with_credentials(Arc::new(StaticCredentialProvider::new(GcpCredential { bearer: "anybody".into() })))
        .with_http_connector(Plain::default())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .expect("a store");
    (server, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn puts_gets_deletes_and_lists() {
    let (_server, store) = store().await;
    integration::put_get_delete_list(&store).await;
    integration::list_uses_directories_correctly(&store).await;
    integration::list_with_delimiter(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_pages_and_from_an_offset() {
    let (_server, store) = store().await;
    integration::list_paginated(&store, &store).await;
    integration::list_with_offset_exclusivity(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gets_with_conditions_and_puts_with_preconditions() {
    let (_server, store) = store().await;
    integration::get_opts(&store).await;
    integration::put_opts(&store, true).await;
    integration::put_get_attributes(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_and_renames() {
    let (_server, store) = store().await;
    integration::rename_and_copy(&store).await;
    integration::copy_if_not_exists(&store).await;
    integration::copy_rename_nonexistent_object(&store).await;
    integration::get_nonexistent_object(&store, None).await.expect_err("there is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_uploads_in_parts() {
    let (_server, store) = store().await;
    integration::stream_get(&store).await;
    integration::multipart(&store, &store).await;
    integration::multipart_race_condition(&store, true).await;
    integration::multipart_out_of_order(&store).await;
}
