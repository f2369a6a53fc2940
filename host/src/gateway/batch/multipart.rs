//! The frame of a multipart body (RFC 2046, section 5.1): boundary and parts, with CRLF or bare LF.

use bytes::Bytes;

/// The longest boundary, by RFC 2046.
const LONGEST: usize = 70;

/// The boundary that a `Content-Type` of `multipart/...` names, with or without quotes, double or single.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, params) = content_type.split_once(';')?;
    if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    let at = params.to_ascii_lowercase().find("boundary=")?;
    let value = params[at + "boundary=".len()..].trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split([';', ' ', '\t']).next()?,
    };
    let fine = !value.is_empty() && value.len() <= LONGEST && value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    fine.then(|| value.to_owned())
}

/// The parts of a body, each from behind its delimiter's line to in front of the next one's line break.
pub fn split(body: &Bytes, boundary: &str) -> Result<Vec<Bytes>, &'static str> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut began: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let end = body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |found| at + found + 1);
        if let Some(last) = rest_of_delimiter(&body[at..end], delimiter.as_bytes()) {
            if let Some(began) = began {
                parts.push(body.slice(began..before_break(body, began, at)));
            }
            if last {
                return Ok(parts);
            }
            began = Some(end);
        }
        at = end;
    }
    match began {
        Some(_) => Err("The batch ended before its last boundary."),
        None => Err("The batch does not hold the boundary that it names."),
    }
}

/// Whether a line is a delimiter, and whether it is the last one.
fn rest_of_delimiter(line: &[u8], delimiter: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(delimiter)?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line break in front of a delimiter belongs to the delimiter.
fn before_break(body: &[u8], began: usize, at: usize) -> usize {
    let part = &body[began..at];
    let part = part.strip_suffix(b"\n").map_or(part, |part| part.strip_suffix(b"\r").unwrap_or(part));
    began + part.len()
}
