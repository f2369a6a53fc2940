//! From the component's exports to a service's own code, and back.

use crate::bindings;
use crate::bindings::background::exports::fogbank::operations::runner as wit;
use crate::bindings::fogbank::operations::operations::{Failure, Operation};
use crate::bindings::fogbank::service::types;
use crate::error::{Error, Result};
use crate::reply::{Reply, Response};
use crate::request::{Request, RequestHead};

/// The version of the contract in `wit/` that this was built against.
pub const CONTRACT: &str = "0.1";

/// A service.
pub trait Service {
    /// Answers one request. An error is rendered by [`Self::render`].
    ///
    /// Errors: whatever the client is to be told.
    fn handle(request: Request) -> Result<Reply>;

    /// The answer that tells a client of an error: Google's JSON form, unless a service has another.
    fn render(error: &Error, request: &RequestHead) -> Response {
        let _ = request;
        error.to_response()
    }
}

/// A service with work in the background. Every step has to bear being done twice.
pub trait Runner {
    /// Does one step of the work.
    fn run(work: Work) -> Outcome;
}

/// What a runner is woken for.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "there is one of them in a call, and it is moved once")]
pub enum Work {
    /// An operation of [`crate::operations::start`].
    Operation(Operation),
    /// The name of a `[[schedule]]` that is due.
    Schedule(String),
    /// Containers of the service's domain that started, ended or went away. None of them named: the host has begun to hear from
    /// the engine, so that all have to be looked at.
    Containers(Vec<String>),
}

/// How a step ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The work is done; JSON text for the operation's result, or nothing.
    Done(String),
    /// The operation has failed for good.
    Failed(Failure),
    /// Again after this many milliseconds.
    AgainAfter(u64),
}

impl From<Error> for Outcome {
    /// An error that may pass (5xx, busy) is tried again after a second; any other is what the operation fails with.
    fn from(error: Error) -> Self {
        if error.http_status() >= 500 {
            return Self::AgainAfter(1000);
        }
        Self::Failed(Failure {
            code: error.code().status().to_owned(),
            reason: error.reason().to_owned(),
            message: error.message().to_owned(),
        })
    }
}

impl From<Result<String>> for Outcome {
    fn from(result: Result<String>) -> Self {
        result.map_or_else(Self::from, Self::Done)
    }
}

impl From<Result<()>> for Outcome {
    fn from(result: Result<()>) -> Self {
        result.map(|()| String::new()).into()
    }
}

/// Answers a raw request. For [`crate::service!`].
pub fn serve<S: Service>(raw: types::Request) -> types::Reply {
    let (request, decoded) = Request::from_wit(raw);
    let head = request.head();
    let reply = decoded.and_then(|()| S::handle(request));
    reply.unwrap_or_else(|error| S::render(&error, &head).into()).into_wit(&head)
}

/// Does a raw step. For [`crate::service!`].
pub fn run<R: Runner>(work: wit::Work) -> wit::Outcome {
    let work = match work {
        wit::Work::Operation(operation) => Work::Operation(operation),
        wit::Work::Schedule(name) => Work::Schedule(name),
        wit::Work::Containers(names) => Work::Containers(names),
    };
    match R::run(work) {
        Outcome::Done(result) => wit::Outcome::Done(result),
        Outcome::Failed(failure) => wit::Outcome::Failed(failure),
        Outcome::AgainAfter(millis) => wit::Outcome::AgainAfter(millis),
    }
}

impl<S: Service> bindings::Guest for S {
    fn handle(request: types::Request) -> types::Reply {
        serve::<S>(request)
    }
}

impl<R: Runner> wit::Guest for R {
    fn run(work: wit::Work) -> wit::Outcome {
        run::<R>(work)
    }
}

/// Makes a type the component's service: `service!(Storage)`, `service!(Storage, runner)` for one that is a [`Runner`] too,
/// `service!(Iam, runner, authority)` for one that is also the [`crate::Authority`].
///
/// Outside WebAssembly nothing is exported, so that a service's unit tests run natively.
#[macro_export]
macro_rules! service {
    ($service:ident, runner, authority) => {
        $crate::service!($service, runner);
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::authority::export_authority!($service with_types_in $crate::bindings::authority);
        const _: fn($crate::Credential) -> ::core::result::Result<$crate::Caller, $crate::Refusal> =
            <$service as $crate::Authority>::authenticate;
    };
    ($service:ident, runner) => {
        $crate::service!($service);
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::background::export_runner!($service with_types_in $crate::bindings::background);
        const _: fn($crate::bindings::background::exports::fogbank::operations::runner::Work)
            -> $crate::bindings::background::exports::fogbank::operations::runner::Outcome = $crate::run::<$service>;
    };
    ($service:ident) => {
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_service!($service with_types_in $crate::bindings);
        const _: fn($crate::bindings::fogbank::service::types::Request)
            -> $crate::bindings::fogbank::service::types::Reply = $crate::serve::<$service>;

        #[cfg(target_arch = "wasm32")]
        #[used]
        #[unsafe(link_section = "fogbank:contract")]
        static FOGBANK_CONTRACT: [u8; 3] = *b"0.1";
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Teapot;

    impl Service for Teapot {
        fn handle(request: Request) -> Result<Reply> {
            match request.param("pot") {
                "tea" => Ok(Response::json(&serde_json::json!({"short": true, "stout": true})).into()),
                pot => Err(Error::not_found(format!("No such pot: {pot}"))),
            }
        }
    }

    crate::service!(Teapot);

    fn call(pot: &str, query: &str) -> (u16, String) {
        let raw = types::Request {
            route: "pots.get".into(),
            params: vec![("pot".into(), pot.into())],
            method: "GET".into(),
            path: "/pots".into(),
            query: Some(query.into()),
            headers: vec![],
            body: types::RequestBody::None,
        };
        let types::Reply::Response(response) = serve::<Teapot>(raw) else { panic!("no response") };
        let types::ResponseBody::Bytes(bytes) = response.body else { panic!("no bytes") };
        (response.status, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn answers_and_errors_go_out_as_json() {
        assert_eq!(call("tea", "fields=stout&prettyPrint=false"), (200, "{\"stout\":true}".into()));
        let (status, body) = call("coffee", "");
        assert!(status == 404 && body.contains("No such pot: coffee"));
    }

    #[test]
    fn f35_a_broken_query_does_not_reach_the_handler() {
        assert_eq!(call("tea", "a=%zz").0, 400);
        assert_eq!(call("tea", "fields=(").0, 400);
    }

    #[test]
    fn the_contract_in_the_component_is_the_one_said() {
        assert_eq!(CONTRACT, "0.1");
    }
}
