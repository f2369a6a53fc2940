//! What is wrong with a manifest, and where.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub place: String,
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    /// Whole sentence, naming the route or key.
    pub message: String,
}

impl Problem {
    /// A problem of a whole file.
    pub fn at(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), line: None, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// Problems as they are found, with what is needed to say where.
pub(super) struct Problems {
    place: String,
    /// Lines of the headers `[[route]]`, in order: a table that was read forgets where it stood.
    route_lines: Vec<usize>,
    found: Vec<Problem>,
}

impl Problems {
    pub fn new(place: &str, text: &str) -> Self {
        let headers = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[route]]"));
        Self { place: place.to_owned(), route_lines: headers.map(|(index, _)| index + 1).collect(), found: vec![] }
    }

    /// Notes a problem of the file.
    pub fn add(&mut self, message: impl Into<String>) {
        self.found.push(Problem::at(&self.place, message));
    }

    /// Notes a problem at a line.
    pub fn add_at(&mut self, line: Option<usize>, message: impl Into<String>) {
        self.found.push(Problem { place: self.place.clone(), line, message: message.into() });
    }

    /// Notes a problem of the `index`th route, called `id`.
    pub fn add_route(&mut self, index: usize, id: &str, message: impl fmt::Display) {
        let line = self.route_lines.get(index).copied();
        self.add_at(line, format!("route {id}: {message}"));
    }

    /// Notes the error of a check and gives what is right.
    pub fn take<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(format!("{name}: {message}"))).ok()
    }

    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}
