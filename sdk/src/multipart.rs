//! Bodies in several parts: `multipart/related` uploads and HTML forms (RFC 2046 section 5.1).
//!
//! A part's content stays where it is: with the host, for a large body. Lines may end in CRLF or, as gcloud writes them, in LF;
//! which it is, is seen anew behind each boundary, so that content is never cut at a line end of the other kind.

use std::marker::PhantomData;

use crate::body::{Body, BodyError};
use crate::error::{Error, Result};

const HEADER_BYTES: usize = 8 << 10;
const HEADERS: usize = 32;
const PARTS: usize = 1000;
const PREAMBLE: u64 = 64 << 10;

/// Reads the parts of a body in their order.
#[derive(Debug)]
pub struct Multipart {
    body: Body,
    /// `--` and the boundary.
    dash_boundary: Vec<u8>,
    parts: usize,
    /// What follows the next boundary, where that was read already.
    ahead: Option<Option<LineEnd>>,
    ended: bool,
}

type LineEnd = &'static [u8];

/// One part. The next one can be had when this one is gone, read or not.
#[derive(Debug)]
pub struct Part<'m> {
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The content. Reading it fails where the body ends without another boundary.
    pub body: Body,
    parent: PhantomData<&'m mut Multipart>,
}

impl Part<'_> {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The `content-type`.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The name of a form's field, from `content-disposition`.
    pub fn name(&self) -> Option<String> {
        parameter(self.header("content-disposition")?, "name")
    }
}

impl Multipart {
    /// A reader for `body`, whose boundary stands in the request's `content-type`: bare, in double quotes, or in single quotes as
    /// gcloud writes it.
    ///
    /// Errors: 400 `invalid` for a content type without one.
    pub fn parse(content_type: &str, body: Body) -> Result<Self> {
        let multipart =
            content_type.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
        let boundary = parameter(content_type, "boundary").filter(|_| multipart).unwrap_or_default();
        let valid = (1..=70).contains(&boundary.len()) && boundary.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !valid {
            return Err(broken("The Content-Type has no multipart boundary."));
        }
        let dash_boundary = format!("--{boundary}").into_bytes();
        Ok(Self { body, dash_boundary, parts: 0, ahead: None, ended: false })
    }

    /// The next part, or none behind the last boundary.
    ///
    /// Errors: 400 `invalid` for a body that is not what RFC 2046 describes or that ends too early, for more than 1000 parts, and
    /// for more than 8 KiB or 32 lines of headers.
    #[allow(clippy::should_implement_trait, reason = "a part borrows the reader, which an iterator cannot say")]
    pub fn next(&mut self) -> Result<Option<Part<'_>>> {
        if self.ended {
            return Ok(None);
        }
        if self.parts == 0 {
            self.skip_preamble()?;
        }
        let line = match self.ahead.take() {
            Some(line) => line,
            None => self.boundary_line()?,
        };
        let Some(line_end) = line else {
            self.ended = true;
            return Ok(None);
        };
        self.parts += 1;
        if self.parts > PARTS {
            return Err(broken("The multipart body has too many parts."));
        }
        let mut body = self.body.until(&[line_end, &self.dash_boundary].concat());
        let (headers, over) = read_headers(&mut body)?;
        if over {
            // The part, or the whole body: only what follows can tell.
            body = Body::empty();
            self.ahead = Some(self.boundary_line()?);
        }
        Ok(Some(Part { headers, body, parent: PhantomData }))
    }

    fn skip_preamble(&mut self) -> Result<()> {
        let preamble = self.body.until(&self.dash_boundary).read_to_end(PREAMBLE);
        match preamble.as_deref() {
            Ok([] | [.., b'\n']) => Ok(()),
            _ => Err(broken("The multipart body does not begin with its boundary.")),
        }
    }

    /// Reads what follows a boundary: the line end, which it gives, or nothing behind the last one.
    fn boundary_line(&mut self) -> Result<Option<LineEnd>> {
        loop {
            match self.byte()? {
                Some(b' ' | b'\t') => (),
                Some(b'\n') => return Ok(Some(b"\n")),
                Some(b'\r') if self.byte()? == Some(b'\n') => return Ok(Some(b"\r\n")),
                Some(b'-') if self.byte()? == Some(b'-') => return Ok(None),
                _ => return Err(broken("A multipart boundary is not followed by a line end.")),
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        Ok(self.body.read(1)?.and_then(|bytes| bytes.first().copied()))
    }
}

fn broken(message: &str) -> Error {
    Error::invalid(message)
}

/// The headers, and whether the part ended with them.
fn read_headers(part: &mut Body) -> Result<(Vec<(String, String)>, bool)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut left = HEADER_BYTES;
    while let Some(line) = read_line(part, left)? {
        left -= line.len();
        if line.is_empty() {
            return Ok((headers, false));
        }
        let text = String::from_utf8_lossy(&line);
        if text.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            value.push(' ');
            value.push_str(text.trim());
            continue;
        }
        match text.split_once(':') {
            Some((name, value)) if is_token(name) && headers.len() < HEADERS => {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => return Err(broken("A part of the multipart body has broken headers.")),
        }
    }
    Ok((headers, true))
}

/// A line without its end; none where nothing follows, as it is in a part that has headers and no content.
fn read_line(part: &mut Body, limit: usize) -> Result<Option<Vec<u8>>> {
    let mut rest = part.until(b"\n");
    let mut line = Vec::new();
    loop {
        match rest.try_read(1024) {
            Ok(Some(bytes)) => line.extend(bytes),
            Ok(None) => break,
            Err(BodyError::Incomplete) if line.is_empty() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if line.len() > limit {
            return Err(broken("A part of the multipart body has too long headers."));
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A parameter of a header's value (`boundary` of `multipart/related; boundary="x"`), without its quotes, which may be single.
pub fn parameter(value: &str, name: &str) -> Option<String> {
    let (_, mut rest) = value.split_once(';')?;
    loop {
        let (key, tail) = rest.split_once('=')?;
        let (text, tail) = match tail.trim_start().as_bytes().first() {
            Some(b'"') => quoted(tail.trim_start())?,
            Some(b'\'') if tail.trim_start()[1..].contains('\'') => {
                let (text, tail) = tail.trim_start()[1..].split_once('\'')?;
                (text.to_owned(), tail)
            }
            _ => {
                let end = tail.find(';').unwrap_or(tail.len());
                (tail[..end].trim().to_owned(), &tail[end..])
            }
        };
        if key.trim_matches([';', ' ', '\t']).eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = tail;
    }
}

/// A text in double quotes with `\` before what is taken as it is (RFC 9110 section 5.6.4), and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((content, &text[at + 1..])),
            '\\' => content.push(characters.next()?.1),
            _ => content.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests;
