//! Clients of Amazon's S3 that were pointed here: `x-amz-` headers mean what the `x-goog-` ones do, and come back beside
//! them. <https://cloud.google.com/storage/docs/aws-simple-migration>

use fogbank_sdk::{Error, Reply, Request, RequestHead, Response, Result};

const HERE: &str = "x-goog-";
const THERE: &str = "x-amz-";

/// Headers that both have; custom metadata and conditions on the source of a copy besides.
const SHARED: [&str; 6] = ["acl", "copy-source", "copy-source-range", "date", "metadata-directive", "storage-class"];
const SHARED_PREFIXES: [&str; 2] = ["meta-", "copy-source-if-"];

/// Answers a request of either kind with `dispatch`.
pub fn bridge(request: Request, dispatch: fn(Request) -> Result<Reply>) -> Result<Reply> {
    if !request.headers().iter().any(|(name, _)| name.starts_with(THERE)) {
        return dispatch(request);
    }
    require_plain(&request)?;
    match dispatch(translated(request)?)? {
        Reply::Response(response) => Ok(doubled(response).into()),
        other => Ok(other),
    }
}

/// A body in signed chunks would be stored with its framing.
fn require_plain(request: &RequestHead) -> Result<()> {
    let chunked = request.header("x-amz-content-sha256").is_some_and(|kind| kind.starts_with("STREAMING-"));
    if chunked { Err(Error::unimplemented("A body in signed chunks (aws-chunked)")) } else { Ok(()) }
}

fn translated(mut request: Request) -> Result<Request> {
    let target = match request.raw_query() {
        Some(query) => format!("{}?{query}", request.path()),
        None => request.path().to_owned(),
    };
    let mut head = RequestHead::new(request.route(), request.method(), &target)?;
    for (name, value) in request.params() {
        head = head.with_param(name, value);
    }
    for (name, value) in request.headers() {
        head = head.with_header(name, value);
    }
    for (name, value) in request.headers() {
        if let Some(name) = shared(name, THERE).map(|rest| format!("{HERE}{rest}"))
            && head.header(&name).is_none()
        {
            head = head.with_header(&name, value);
        }
    }
    let body = request.take_body();
    Ok(Request::new(head, body))
}

/// What follows the prefix in a header that both kinds have.
fn shared<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(prefix)?;
    let both = SHARED.contains(&rest) || SHARED_PREFIXES.iter().any(|prefix| rest.starts_with(prefix));
    both.then_some(rest)
}

fn doubled(response: Response) -> Response {
    let here = response.headers().iter();
    let more = here.filter_map(|(name, value)| Some((format!("{THERE}{}", shared(name, HERE)?), value.clone())));
    let more: Vec<_> = more.collect();
    more.into_iter().fold(response, |response, (name, value)| response.header(&name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(request: Request) -> Result<Reply> {
        let meta = request.header("x-goog-meta-a").unwrap_or("none").to_owned();
        let class = request.header("x-goog-storage-class").unwrap_or("none").to_owned();
        let name = request.param("object").to_owned();
        let response = Response::new(200).header("x-goog-meta-a", meta).header("x-goog-storage-class", class);
        Ok(response.header("x-name", name).into())
    }

    fn send(headers: &[(&str, &str)]) -> Result<Response> {
        let head =
            RequestHead::new("storage.xml.object.put", "PUT", "/b/a%2Fb?acl").unwrap().with_param("object", "a/b");
        let head = headers.iter().fold(head, |head, (name, value)| head.with_header(name, value));
        match bridge(Request::new(head, vec![]), echo)? {
            Reply::Response(response) => Ok(response),
            _ => panic!("no response"),
        }
    }

    #[test]
    fn headers_of_both_kinds_mean_the_same() {
        let response = send(&[("x-amz-meta-a", "1"), ("x-amz-storage-class", "NEARLINE")]).unwrap();
        assert_eq!((response.get_header("x-amz-meta-a"), response.get_header("x-goog-meta-a")), (Some("1"), Some("1")));
        assert_eq!(response.get_header("x-amz-storage-class"), Some("NEARLINE"));
        assert_eq!(response.get_header("x-name"), Some("a/b"));
        let response = send(&[("x-goog-meta-a", "1")]).unwrap();
        assert_eq!((response.get_header("x-amz-meta-a"), response.get_header("x-goog-meta-a")), (None, Some("1")));
    }

    #[test]
    fn f01_a_framed_body_is_refused_and_not_stored() {
        let error = send(&[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]).unwrap_err();
        assert_eq!((error.http_status(), error.reason()), (400, "notImplemented"));
    }
}
