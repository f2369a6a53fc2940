//! Small texts with holes: resource names over a route's parameters, and settings of clients over the base URL.

use std::fmt;

/// A resource name with holes: `//storage.example.com/projects/_/buckets/{bucket}`, `.../{query.name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Param(String),
    Query(String),
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Param(name) => write!(f, "{{{name}}}"),
            Piece::Query(name) => write!(f, "{{query.{name}}}"),
        })
    }
}

impl Template {
    /// Reads a template; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or_else(|| format!("`{text}` lacks a `}}`"))? + open;
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_owned()));
            }
            let name = &rest[open + 1..close];
            pieces.push(match name.strip_prefix("query.") {
                Some(query) => Piece::Query(query.to_owned()),
                None => Piece::Param(name.to_owned()),
            });
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Names of path and host parameters that it uses.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Param(name) => Some(name.as_str()),
            Piece::Text(_) | Piece::Query(_) => None,
        })
    }

    /// The text, with parameters by `param` and query parameters by `query`; what is absent is empty.
    pub fn fill(&self, param: impl Fn(&str) -> Option<String>, query: impl Fn(&str) -> Option<String>) -> String {
        self.0.iter().fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Param(name) => text.push_str(&param(name).unwrap_or_default()),
                Piece::Query(name) => text.push_str(&query(name).unwrap_or_default()),
            }
            text
        })
    }
}

/// What may be replaced in `[env]` and `[terraform]`.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// `http://127.0.0.1:8080`, with the tenant's prefix where there is one; no slash at the end.
    pub base: &'a str,
    /// The project of a client that names none.
    pub project: &'a str,
}

impl Place<'_> {
    /// The base URL without its scheme.
    fn host(&self) -> &str {
        self.base.split_once("://").map_or(self.base, |(_, host)| host)
    }
}

/// A setting of a client, with `{base}`, `{host}` (the base without its scheme) and `{project}` replaced.
pub fn fill(value: &str, place: &Place<'_>) -> String {
    value.replace("{base}", place.base).replace("{host}", place.host()).replace("{project}", place.project)
}

/// Refuses a setting with holes that [`fill`] does not know.
pub fn check_setting(value: &str) -> Result<(), String> {
    let left = fill(value, &Place { base: "", project: "" });
    match left.contains(['{', '}']) {
        true => Err(format!("`{value}`: only {{base}}, {{host}} and {{project}} are replaced")),
        false => Ok(()),
    }
}
