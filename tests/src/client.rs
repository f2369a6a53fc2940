//! HTTP requests whose answers explain themselves when an assertion fails.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Client {
    /// A client whose paths begin at `base`.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base: base.trim_end_matches('/').to_string(), http, token: None }
    }

    /// The same server seen as `tenant`.
    pub fn tenant(&self, tenant: &str) -> Self {
        Self { base: format!("{}/_tenants/{tenant}", self.base), http: self.http.clone(), token: self.token.clone() }
    }

    /// The same client, with an access token in each request.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client, without a credential.
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Where its paths begin.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to be completed with headers and a body.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request made with [`Client::request`].
    ///
    /// # Panics
    /// When no whole answer comes.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Client::send`]; the error says that no whole answer came, and why.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Answer, String> {
        let request = request.build().expect("a request");
        let what = format!("{} {}", request.method(), request.url());
        let failed = |error: reqwest::Error| format!("{what}: {error:?}");
        let response = self.http.execute(request).await.map_err(failed)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(failed)?;
        Ok(Answer { what, status, headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, json: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&json)).await
    }

    pub async fn patch(&self, path: &str, json: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&json)).await
    }

    pub async fn put(&self, path: &str, json: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&json)).await
    }

    /// Uploads `body` as the object `name` (`uploadType=media`).
    pub async fn upload(&self, bucket: &str, name: &str, body: impl Into<Bytes>) -> Answer {
        let body: Bytes = body.into();
        self.send(self.media(bucket, name).body(body)).await
    }

    /// An upload of the object `name` (`uploadType=media`) that lacks its body.
    pub fn media(&self, bucket: &str, name: &str) -> reqwest::RequestBuilder {
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=media&name={}", encode(name));
        self.request(Method::POST, &path)
    }

    /// The resource of an object.
    pub async fn object(&self, bucket: &str, name: &str) -> Answer {
        self.get(&object(bucket, name)).await
    }

    /// Names of the objects in a bucket, over all pages, with `query` (`versions=true`) where it is not empty.
    pub async fn names(&self, bucket: &str, query: &str) -> Vec<String> {
        let items = self.objects(bucket, query).await;
        items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// The resources of all objects in a bucket, over all pages.
    pub async fn objects(&self, bucket: &str, query: &str) -> Vec<Value> {
        let (mut items, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/storage/v1/b/{bucket}/o?{query}&pageToken={}", encode(&token));
            let page = self.get(&path).await.expect(200).json();
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["nextPageToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return items,
            }
        }
    }

    /// The content of an object.
    pub async fn download(&self, bucket: &str, name: &str) -> Answer {
        self.get(&format!("{}?alt=media", object(bucket, name))).await
    }

    /// Makes a bucket in `demo-project`.
    pub async fn bucket(&self, name: &str) -> Answer {
        self.post("/storage/v1/b?project=demo-project", serde_json::json!({ "name": name })).await.expect(200)
    }
}

/// The path of an object's resource.
pub fn object(bucket: &str, name: &str) -> String {
    format!("/storage/v1/b/{bucket}/o/{}", encode(name))
}

/// Percent-encodes a name for one segment of a path, or a query's value.
pub fn encode(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// This answer, if it has `status`.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.what, self.text());
        self
    }

    /// This answer, if its status is 2xx.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!((200..300).contains(&self.status), "{}: {}\n{}", self.what, self.status, self.text());
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}\n{}", self.what, self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Checks that this is an error in Google's form, which says nothing of the inside of the host (F30).
    #[track_caller]
    pub fn expect_error(self, status: u16, reason: &str) -> Self {
        let answer = self.expect(status).expect_google_form();
        assert_eq!(answer.reason(), reason, "{}\n{}", answer.what, answer.text());
        answer
    }

    /// Checks the form of an error of whatever status.
    #[track_caller]
    pub fn expect_google_form(self) -> Self {
        let (json, text) = (self.json(), self.text());
        let error = &json["error"];
        assert_eq!(error["code"], self.status, "{}\n{text}", self.what);
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}\n{text}", self.what);
        assert!(error["errors"][0]["reason"].is_string(), "{}\n{text}", self.what);
        for inside in ["/tmp/", "/root", ".rs:", "SELECT ", "INSERT ", "sqlx", "wasm trap", "panicked", "backtrace"] {
            assert!(!text.contains(inside), "{}: {inside} in\n{text}", self.what);
        }
        self
    }

    /// `error.errors[0].reason` of an error in Google's form.
    #[track_caller]
    pub fn reason(&self) -> String {
        self.json()["error"]["errors"][0]["reason"].as_str().unwrap_or_default().to_string()
    }
}
