//! A component for `wasi:http/incoming-handler@0.2`, as any language's tools make one: the host calls it unmodified. It may import
//! Fogbank's capabilities all the same.

mod capabilities;

use wasi::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasi::io::streams::StreamError;

struct Hello;

impl wasi::exports::http::incoming_handler::Guest for Hello {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let answer = match path.rsplit('/').next().unwrap_or_default() {
            "hello" => hello(&request, &path),
            "echo" => body_of(&request),
            "capabilities" => capabilities::call_each().to_string().into_bytes(),
            _ => panic!("there is no {path}"),
        };
        answer_with(out, &answer);
    }
}

wasi::http::proxy::export!(Hello with_types_in wasi);

fn hello(request: &IncomingRequest, path: &str) -> Vec<u8> {
    let get = matches!(request.method(), Method::Get);
    serde_json::json!({ "message": "hello", "path": path, "get": get }).to_string().into_bytes()
}

fn body_of(request: &IncomingRequest) -> Vec<u8> {
    let body = request.consume().expect("the body is taken once");
    let stream = body.stream().expect("its stream is taken once");
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return bytes,
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn answer_with(out: ResponseOutparam, bytes: &[u8]) {
    let headers = Fields::new();
    headers.append("content-type", b"application/json").expect("a header");
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("a body");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("a stream");
    for piece in bytes.chunks(4096) {
        stream.blocking_write_and_flush(piece).expect("the client reads");
    }
    drop(stream);
    OutgoingBody::finish(body, None).expect("an end");
}
