//! Other services of the same tenant, called as a client would call them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::fogbank::peers::peers as wit;
use crate::body::Body;
use crate::error::{Error as Failure, Result as Handled};

pub use wit::{Error, Identity};

/// A request to a peer.
#[derive(Debug, Clone)]
pub struct Request(wit::Request);

impl Request {
    /// A request to an absolute URL, whose host part finds the service: `http://storage.googleapis.com/storage/v1/b/name`. The peer
    /// sees the caller of the request at hand.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self(wit::Request {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            identity: Identity::Caller,
        })
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a JSON body.
    ///
    /// Errors: 500 for what cannot be written as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Handled<Self> {
        self.0.body = serde_json::to_vec(value).map_err(|error| Failure::internal(format!("not JSON: {error}")))?;
        Ok(self.header("content-type", "application/json"))
    }

    /// The peer sees this service and not the caller.
    #[must_use]
    pub fn as_service(mut self) -> Self {
        self.0.identity = Identity::Service;
        self
    }
}

/// A peer's answer.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, which stays with the host until it is read.
    pub body: Body,
}

impl Response {
    /// The body as JSON, at most 16 MiB.
    ///
    /// Errors: 503 for what is not the JSON that was expected, which goes to the log.
    pub fn json<T: DeserializeOwned>(&mut self) -> Handled<T> {
        let bytes = self.body.read_to_end(16 << 20)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            crate::log::error!("a peer's answer does not read: {error}");
            Failure::unavailable("Another service gave an answer that cannot be read.")
        })
    }
}

/// Sends the requests at once and gives the answers in their order.
pub fn send(requests: Vec<Request>) -> Vec<Result<Response, Error>> {
    let requests: Vec<_> = requests.into_iter().map(|request| request.0).collect();
    let answers = wit::send(&requests).into_iter();
    answers
        .map(|answer| {
            let wit::Response { status, headers, body } = answer?;
            Ok(Response { status, headers, body: body.into() })
        })
        .collect()
}

/// Sends one request.
///
/// Errors: [`Error`]. An answer that is an error of the peer's is an answer.
pub fn send_one(request: Request) -> Result<Response, Error> {
    let answer = send(vec![request]).into_iter().next();
    answer.unwrap_or_else(|| Err(Error::Other("no answer".to_owned())))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unreachable(host) => {
                crate::log::warn!("no service answers for {host}");
                Self::unavailable("A service that this one needs is not there.")
            }
            Error::TooDeep | Error::Busy => Self::exhausted("The services are busy. Please try again."),
            Error::Timeout => Self::deadline("A service that this one needs took too long."),
            Error::Other(log) => Self::internal(log),
        }
    }
}
