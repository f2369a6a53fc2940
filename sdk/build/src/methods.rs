//! Holds a service's manifest against the methods of the APIs that it serves, and shows in METHODS.md what is built.
//!
//! The methods stand in the package's `spec` folder, one file `NAME.tsv` an API. Its first line says what it is, each other line is a
//! method: id, verb and path, with tabs between them.
//!
//! ```text
//! # Methods of the Cloud Storage JSON API v1: id, verb, path.
//! storage.buckets.get    GET    /storage/v1/b/{bucket}
//! ```
//!
//! An id is a route's id in `plugin.toml`; where two versions of an API share ids, both files say the version as the ids' second
//! segment (`cloudresourcemanager.v3.projects.get`). In `tests/methods.rs`:
//!
//! ```text
//! use fogbank_sdk_build::methods::Methods;
//!
//! #[test]
//! fn f34_every_method_of_the_api_has_its_route() {
//!     Methods::read(env!("CARGO_MANIFEST_DIR")).check_routes().unwrap();
//! }
//!
//! #[test]
//! fn f26_every_route_names_its_permission_and_resource() {
//!     Methods::read(env!("CARGO_MANIFEST_DIR")).check_access().unwrap();
//! }
//!
//! #[test]
//! fn the_table_of_methods_is_up_to_date() {
//!     Methods::read(env!("CARGO_MANIFEST_DIR")).check_table().unwrap();
//! }
//! ```

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::manifest;

/// A service's manifest and the methods of its APIs.
#[derive(Debug)]
pub struct Methods {
    folder: PathBuf,
    routes: Vec<Route>,
    apis: Vec<Api>,
}

/// The methods of one API.
#[derive(Debug)]
struct Api {
    /// `Methods of the Cloud Storage JSON API v1`.
    title: String,
    methods: Vec<Method>,
}

#[derive(Debug)]
struct Method {
    id: String,
    verb: String,
    path: String,
}

#[derive(Debug, Deserialize)]
struct Route {
    id: String,
    method: String,
    path: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
    permission: Option<String>,
    reason: Option<String>,
    resource: Option<String>,
    #[serde(default)]
    unimplemented: bool,
}

/// Every problem that was found, each a sentence.
pub type Problems = Vec<String>;

impl Methods {
    /// Reads `plugin.toml`, what it includes, and `spec/*.tsv` below `folder`, the package's.
    ///
    /// # Panics
    ///
    /// Where one of them cannot be read: the test that asked fails and says so.
    pub fn read(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        let mut files: Vec<PathBuf> = list(&folder.join("spec"));
        files.sort();
        let apis = files.iter().map(|file| api(&text(file)).unwrap_or_else(|why| panic!("{}: {why}", file.display())));
        let manifest = manifest::files(&folder.join("plugin.toml"));
        let routes = manifest.and_then(|files| manifest::routes(&files)).unwrap_or_else(|why| panic!("{why}"));
        Self { folder: folder.to_owned(), routes, apis: apis.collect() }
    }

    /// Whether each method has a route of its id, with its verb and path.
    ///
    /// Errors: every method that has none.
    pub fn check_routes(&self) -> Result<(), Problems> {
        let methods = self.apis.iter().flat_map(|api| &api.methods);
        none(
            methods
                .filter(|method| !self.serves(method))
                .map(|Method { id, verb, path }| format!("{id} has no route for {verb} {path}")),
        )
    }

    /// Whether each route names a permission (`service.collection.verb`, or `none` with a reason) and the resource that it is about.
    ///
    /// Errors: every route that does not.
    pub fn check_access(&self) -> Result<(), Problems> {
        none(self.routes.iter().filter(|route| !route.says_who_may()).map(|route| {
            format!("{} names no permission `service.collection.verb`, or no resource, or a reason too many", route.id)
        }))
    }

    /// Whether METHODS.md says what is built. With the environment variable `UPDATE` it is written.
    ///
    /// Errors: that it is out of date.
    pub fn check_table(&self) -> Result<(), Problems> {
        let (file, table) = (self.folder.join("METHODS.md"), self.table());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &table).map_err(|error| vec![format!("{}: {error}", file.display())])?;
        }
        let present = std::fs::read_to_string(&file).unwrap_or_default();
        none((present != table).then(|| "METHODS.md is out of date: run this test with UPDATE=1".to_owned()))
    }

    fn serves(&self, method: &Method) -> bool {
        let mut routes = self.routes.iter().filter(|route| route.id == method.id);
        routes.any(|route| route.method == method.verb && route.has_path(&method.path))
    }

    fn is_built(&self, method: &Method) -> bool {
        let mut routes = self.routes.iter().filter(|route| route.id == method.id);
        routes.any(|route| !route.unimplemented)
    }

    /// The text of METHODS.md: a section for each API, or the one API alone.
    fn table(&self) -> String {
        if let [api] = self.apis.as_slice() {
            return self.section("#", api);
        }
        self.apis.iter().fold("# Methods\n".to_owned(), |table, api| table + "\n" + &self.section("##", api))
    }

    fn section(&self, level: &str, Api { title, methods }: &Api) -> String {
        let count = methods.iter().filter(|method| self.is_built(method)).count();
        let total = methods.len();
        let mut section = match count == total {
            true => format!("{level} {title}\n\nAll {total} are built.\n\n"),
            false => {
                format!("{level} {title}\n\n{count} of {total} are built; the others answer 400 `UNIMPLEMENTED`.\n\n")
            }
        };
        section.push_str("| method | verb and path | |\n|---|---|---|\n");
        for method in methods {
            let mark = if self.is_built(method) { "yes" } else { "no" };
            let _ = writeln!(section, "| `{}` | `{} {}` | {mark} |", method.id, method.verb, method.path);
        }
        section
    }
}

impl Route {
    fn has_path(&self, path: &str) -> bool {
        self.path.iter().chain(&self.paths).any(|other| other == path)
    }

    fn says_who_may(&self) -> bool {
        let permission = self.permission.as_deref().unwrap_or_default();
        let named = match permission {
            "none" => self.reason.is_some(),
            name => self.reason.is_none() && name.split('.').count() == 3,
        };
        named && self.resource.as_deref().is_some_and(|resource| resource.starts_with("//"))
    }
}

fn none(problems: impl IntoIterator<Item = String>) -> Result<(), Problems> {
    let problems: Problems = problems.into_iter().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "tsv")).collect()
}

fn api(text: &str) -> Result<Api, String> {
    let title = text.lines().next().and_then(|line| line.strip_prefix("# ")?.split_once(':'));
    let (title, _) = title.ok_or("the first line is `# Methods of THE API: id, verb, path.`")?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let methods = lines.map(|line| method(line).ok_or_else(|| format!("`{line}` is not id, verb and path")));
    Ok(Api { title: title.to_owned(), methods: methods.collect::<Result<_, _>>()? })
}

fn method(line: &str) -> Option<Method> {
    let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
    let [id, verb, path] = fields.try_into().ok()?;
    Some(Method { id, verb, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PETS: &str = "# Methods of the Pets API v1: id, verb, path.\n\
        pets.cats.get\tGET\t/v1/cats/{cat}\n\
        pets.cats.feed\tPOST\t/v1/cats/{cat}:feed\n";

    const ROUTES: &str = r#"
        [[route]]
        id = "pets.cats.get"
        method = "GET"
        paths = ["/cats/{cat}", "/v1/cats/{cat}"]
        permission = "pets.cats.get"
        resource = "//pets.test/cats/{cat}"
        [[route]]
        id = "pets.cats.feed"
        method = "POST"
        path = "/v1/cats/{cat}:feed"
        permission = "none"
        reason = "cats are always hungry"
        resource = "//pets.test/cats/{cat}"
        unimplemented = true
    "#;

    fn methods(manifest: &str, specs: &[&str]) -> Methods {
        let apis = specs.iter().map(|text| api(text).unwrap()).collect();
        Methods { folder: PathBuf::new(), routes: manifest::of_text(manifest).unwrap(), apis }
    }

    #[test]
    fn f34_a_method_without_a_route_is_found() {
        assert_eq!(methods(ROUTES, &[PETS]).check_routes(), Ok(()));
        for (from, to) in [("\"GET\"", "\"PUT\""), ("/v1/cats/{cat}\"", "/v2/cats/{cat}\""), ("cats.get", "dogs.get")] {
            let problems = methods(&ROUTES.replace(from, to), &[PETS]).check_routes().unwrap_err();
            assert_eq!(problems, ["pets.cats.get has no route for GET /v1/cats/{cat}"], "{from}");
        }
    }

    #[test]
    fn f26_a_route_without_a_permission_is_found() {
        assert_eq!(methods(ROUTES, &[PETS]).check_access(), Ok(()));
        for (from, to) in
            [("\"pets.cats.get\"\n        res", "\"get\"\n        res"), ("reason =", "handler ="), ("//", "")]
        {
            assert_eq!(methods(&ROUTES.replacen(from, to, 1), &[PETS]).check_access().unwrap_err().len(), 1, "{from}");
        }
    }

    #[test]
    fn the_table_counts_what_is_built() {
        let one = methods(ROUTES, &[PETS]).table();
        assert!(one.starts_with("# Methods of the Pets API v1\n\n1 of 2 are built;"), "{one}");
        assert!(one.ends_with("| `pets.cats.feed` | `POST /v1/cats/{cat}:feed` | no |\n"), "{one}");
        let two = methods(&ROUTES.replace("unimplemented = true", ""), &[PETS, PETS]).table();
        assert_eq!(two.matches("\n## Methods of the Pets API v1\n\nAll 2 are built.").count(), 2, "{two}");
    }

    #[test]
    fn what_is_no_list_of_methods_is_refused() {
        assert!(api("pets.cats.get\tGET\t/v1").is_err());
        assert!(api("# Methods: a, b\npets.cats.get GET /v1\n").is_err());
    }
}
