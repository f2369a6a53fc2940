//! Answers that are none.

use fogbank_sdk::{Reply, Request, Response, Result, stream};

pub fn stream_then_trap(_: Request) -> Result<Reply> {
    let writer = stream::start(200, &[("content-type".into(), "text/plain".into())])?;
    // More than anything between here and the client holds, so that some of it has gone out.
    for _ in 0..256 {
        writer.write(&[b'a'; 1 << 16])?;
    }
    panic!("before the second half");
}

/// Until the client leaves, or the time is over.
pub fn stream_forever(_: Request) -> Result<Reply> {
    let writer = stream::start(200, &[])?;
    loop {
        writer.write(&[b'x'; 1 << 16])?;
    }
}

pub fn huge_headers(_: Request) -> Result<Response> {
    let value = "v".repeat(1024);
    Ok((0..4096).fold(Response::no_content(), |response, n| response.header(&format!("x-{n}"), value.clone())))
}

pub fn bad_header(_: Request) -> Result<Response> {
    Ok(Response::no_content().header("x-split", "a\r\nset-cookie: b"))
}

pub fn bad_status(_: Request) -> Result<Response> {
    Ok(Response::new(7))
}

pub fn start_twice(_: Request) -> Result<Reply> {
    let first = stream::start(200, &[])?;
    let second = stream::start(500, &[]);
    first.write(if second.is_err() { b"refused" } else { b"allowed" })?;
    Ok(Reply::Written)
}

pub fn written_without(_: Request) -> Result<Reply> {
    Ok(Reply::Written)
}
