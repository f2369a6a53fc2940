//! An HTTP/1.1 client as small as the metadata server needs it: one request per connection, no TLS.
//! RFC 9112, section 6.3 (the length of a body) and 7.1 (chunked).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// Longest line of a head, and most lines of it, that are read.
const LINE: u64 = 16 * 1024;
const LINES: usize = 200;

#[derive(Debug)]
pub enum Error {
    /// There is no such host, nobody answers, or the connection broke.
    Connection(std::io::Error),
    /// What came is not HTTP/1.
    NotHttp,
    /// An answer other than 2xx.
    Status(u16),
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Connection(error) => write!(formatter, "{error}"),
            Error::NotHttp => formatter.write_str("the answer is not HTTP"),
            Error::Status(status) => write!(formatter, "HTTP status {status}"),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Connection(error)
    }
}

/// A request. `authority` is `host` or `host:port`, `target` the path with its query.
pub struct Request<'a> {
    pub method: &'a str,
    pub authority: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// Longest time between two pieces of the answer.
    pub patience: Duration,
}

/// An answer of 2xx.
pub struct Response {
    pub etag: Option<String>,
    pub body: Box<dyn Read>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Response").field("etag", &self.etag).finish_non_exhaustive()
    }
}

/// Sends a request and reads the head of its answer.
///
/// # Errors
/// As `Error` says; any status but 2xx is an error too.
pub fn send(request: &Request<'_>) -> Result<Response, Error> {
    let mut stream = connect(request.authority)?;
    stream.set_read_timeout(Some(request.patience))?;
    stream.set_write_timeout(Some(request.patience))?;
    stream.write_all(&head(request))?;
    stream.write_all(request.body)?;
    receive(stream)
}

fn connect(authority: &str) -> Result<TcpStream, Error> {
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut last = std::io::Error::other("the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

fn head(request: &Request<'_>) -> Vec<u8> {
    let Request { method, authority, target, body, .. } = request;
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if !body.is_empty() || *method == "PUT" {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in request.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    head.into_bytes()
}

fn receive(stream: impl Read + 'static) -> Result<Response, Error> {
    let mut reader = BufReader::new(stream);
    let line = read_line(&mut reader)?;
    let mut words = line.split(' ');
    let status = match (words.next(), words.next().and_then(|word| word.parse::<u16>().ok())) {
        (Some(version), Some(status)) if version.starts_with("HTTP/1.") => status,
        _ => return Err(Error::NotHttp),
    };
    let (mut etag, mut length, mut chunked) = (None, None, false);
    for _ in 0..LINES {
        let line = read_line(&mut reader)?;
        if line.is_empty() {
            if !(200..300).contains(&status) {
                return Err(Error::Status(status));
            }
            let body: Box<dyn Read> = match (chunked, length) {
                (true, _) => Box::new(Chunked { reader, left: 0, first: true, ended: false }),
                (false, Some(length)) => Box::new(Exact { reader, left: length }),
                (false, None) => Box::new(reader),
            };
            return Ok(Response { etag, body });
        }
        let (name, value) = line.split_once(':').ok_or(Error::NotHttp)?;
        match name.to_ascii_lowercase().as_str() {
            "etag" => etag = Some(value.trim().to_owned()),
            "content-length" => length = Some(value.trim().parse().map_err(|_| Error::NotHttp)?),
            "transfer-encoding" => chunked = value.to_ascii_lowercase().contains("chunked"),
            _ => {}
        }
    }
    Err(Error::NotHttp)
}

/// A line without its end. The end of the stream before the end of the line is an error.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    reader.take(LINE).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// A body of known length: less than that is an error, not an end.
struct Exact<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = (&mut self.reader).take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

struct Chunked<R> {
    reader: R,
    left: u64,
    first: bool,
    ended: bool,
}

impl<R: BufRead> Chunked<R> {
    fn next_chunk(&mut self) -> std::io::Result<()> {
        if !self.first {
            read_line(&mut self.reader)?;
        }
        self.first = false;
        let line = read_line(&mut self.reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
        self.ended = self.left == 0;
        Ok(())
    }
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && !self.ended {
            self.next_chunk()?;
        }
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let read = (&mut self.reader).take(self.left).read(buffer)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: &'static str) -> Result<String, Error> {
        let mut text = String::new();
        receive(answer.as_bytes())?.body.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn bodies_end_by_length_by_chunks_and_by_the_connection() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd").unwrap(), "abc");
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\na\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(body(chunks).unwrap(), "ab0123456789");
        assert_eq!(body("HTTP/1.0 200 OK\r\n\r\nabcd").unwrap(), "abcd");
    }

    #[test]
    fn a_body_cut_off_is_an_error() {
        assert!(matches!(body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Err(Error::Connection(_))));
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab";
        assert!(matches!(body(chunks), Err(Error::Connection(_))));
    }

    #[test]
    fn statuses_but_2xx_are_errors() {
        assert!(matches!(body("HTTP/1.1 404 Not Found\r\n\r\n"), Err(Error::Status(404))));
        assert!(matches!(body("SSH-2.0-x\r\n\r\n"), Err(Error::NotHttp)));
    }

    #[test]
    fn the_etag_is_kept() {
        let answer = "HTTP/1.1 200 OK\r\nEtag: 1f2e\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(receive(answer.as_bytes()).unwrap().etag.as_deref(), Some("1f2e"));
    }
}
