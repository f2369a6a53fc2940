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
    /// The manifest, then the files that it includes.
    files: Vec<File>,
    /// Index of the file that is being read.
    reading: usize,
    found: Vec<Problem>,
}

struct File {
    place: String,
    /// Lines of the headers `[[route]]`, in order: a table that was read forgets where it stood.
    route_lines: Vec<usize>,
}

/// Where a table stood: the file, and how many of its kind came before it there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub file: usize,
    pub index: usize,
}

impl File {
    fn new(place: &str, text: &str) -> Self {
        let headers = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("[[route]]"));
        Self { place: place.to_owned(), route_lines: headers.map(|(index, _)| index + 1).collect() }
    }
}

impl Problems {
    pub fn new(place: &str, text: &str) -> Self {
        Self { files: vec![File::new(place, text)], reading: 0, found: vec![] }
    }

    /// From here on problems are those of an included file.
    pub fn begin_file(&mut self, place: &str, text: &str) {
        self.reading = self.files.len();
        self.files.push(File::new(place, text));
    }

    /// From here on problems are those of the manifest again.
    pub fn end_file(&mut self) {
        self.reading = 0;
    }

    /// Where the `index`th table of a kind in the file that is being read stands.
    pub fn spot(&self, index: usize) -> Spot {
        Spot { file: self.reading, index }
    }

    /// Notes a problem of the file.
    pub fn add(&mut self, message: impl Into<String>) {
        self.add_at(None, message);
    }

    /// Notes a problem at a line.
    pub fn add_at(&mut self, line: Option<usize>, message: impl Into<String>) {
        self.found.push(Problem { place: self.files[self.reading].place.clone(), line, message: message.into() });
    }

    /// Notes a problem of the table at `spot`.
    pub fn add_in(&mut self, spot: Spot, message: impl Into<String>) {
        self.found.push(Problem::at(&self.files[spot.file].place, message));
    }

    /// Notes a problem of the route at `spot`, called `id`.
    pub fn add_route(&mut self, spot: Spot, id: &str, message: impl fmt::Display) {
        let File { place, route_lines } = &self.files[spot.file];
        let (place, line) = (place.clone(), route_lines.get(spot.index).copied());
        self.found.push(Problem { place, line, message: format!("route {id}: {message}") });
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
