//! Makes a service's dispatch from its `plugin.toml`, so that the manifest is the only home of its routes.
//!
//! In the `main` of `build.rs`:
//!
//! ```rust
//! fogbank_sdk_build::generate("plugin.toml");
//! ```
//!
//! and in `lib.rs`:
//!
//! ```rust
//! mod routes {
//!     include!(concat!(env!("OUT_DIR"), "/routes.rs"));
//! }
//! ```
//!
//! [`methods`] holds the manifest against an API's list of methods, in a test.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod manifest;
pub mod methods;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

/// What dispatch needs of a route; the host reads the rest.
#[derive(Deserialize)]
struct Route {
    id: String,
    handler: Option<String>,
    #[serde(default)]
    unimplemented: bool,
}

/// Reads the manifest at `path` (relative to the package) with the files that it includes, and writes `routes.rs` into the build's output folder:
/// `pub fn dispatch(request: Request) -> Result<Reply>`, which calls a route's handler.
///
/// The handler of a route is what `handler` says (`buckets::list`), else it follows from the id less its first segment:
/// `storage.projects.hmacKeys.create` is `crate::projects::hmac_keys::create`. Routes with `unimplemented = true` are answered by
/// the host. Several routes may have one id.
///
/// # Panics
///
/// Where the manifest cannot be read, or two routes of one id name different handlers: the build fails and says so.
pub fn generate(path: impl AsRef<Path>) {
    let path = path.as_ref();
    println!("cargo::rerun-if-changed={}", path.display());
    let files = manifest::files(path).unwrap_or_else(|error| panic!("{error}"));
    for file in &files[1..] {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let routes = manifest::routes(&files).unwrap_or_else(|error| panic!("{error}"));
    let code = dispatch(&routes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let folder = std::env::var_os("OUT_DIR").expect("a build script has an output folder");
    let file = Path::new(&folder).join("routes.rs");
    std::fs::write(&file, code).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// The code of `routes.rs`; the error is a sentence that says what is wrong with the routes.
fn dispatch(routes: &[Route]) -> Result<String, String> {
    let mut handlers = BTreeMap::new();
    for route in routes.iter().filter(|route| !route.unimplemented) {
        let handler = handler(route)?;
        if let Some(other) = handlers.insert(&route.id, handler.clone()).filter(|other| *other != handler) {
            return Err(format!("two routes with the id `{}` have the handlers `{other}` and `{handler}`", route.id));
        }
    }
    Ok(render(&handlers))
}

fn render(handlers: &BTreeMap<&String, String>) -> String {
    let mut code = String::from(
        "/// Calls the handler of the route that the host matched.\n\
         #[allow(clippy::useless_conversion, reason = \"a handler gives a response, or a reply\")]\n\
         pub fn dispatch(request: ::fogbank_sdk::Request) -> ::fogbank_sdk::Result<::fogbank_sdk::Reply> {\n    \
         match request.route() {\n",
    );
    for (id, handler) in handlers {
        let _ = writeln!(code, "        {id:?} => {handler}(request).map(::core::convert::Into::into),");
    }
    code.push_str(
        "        route => ::core::result::Result::Err(::fogbank_sdk::Error::unimplemented(route)),\n    }\n}\n",
    );
    code
}

/// The path of a route's handler, from the crate's root.
fn handler(route: &Route) -> Result<String, String> {
    let segments: Vec<String> = match &route.handler {
        Some(path) => path.split("::").map(str::to_owned).collect(),
        None => route.id.split('.').skip(1).map(snake_case).collect(),
    };
    let valid = |segment: &String| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && segment.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    if segments.is_empty() || !segments.iter().all(valid) {
        return Err(format!(
            "no handler follows from the route `{}`: name it with `handler = \"module::function\"`",
            route.id
        ));
    }
    Ok(segments.iter().fold("crate".to_owned(), |path, segment| path + "::" + &escaped(segment)))
}

/// `hmacKeys` is `hmac_keys`; `getIamPolicy` is `get_iam_policy`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// A name that is a keyword of Rust, made raw (`storage.objects.move`).
fn escaped(name: &str) -> String {
    const KEYWORDS: &str = " abstract as async await become box break const continue do dyn else enum extern false final fn for gen if \
        impl in let loop macro match mod move mut override priv pub ref return static struct trait true try type typeof unsafe unsized \
        use virtual where while yield ";
    if KEYWORDS.contains(&format!(" {name} ")) { format!("r#{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dispatch(manifest: &str) -> Result<String, String> {
        super::dispatch(&manifest::of_text(manifest)?)
    }

    #[test]
    fn handlers_follow_from_ids() {
        let code = dispatch(
            r#"
            name = "storage"
            [[route]]
            id = "storage.projects.hmacKeys.create"
            [[route]]
            id = "storage.objects.move"
            [[route]]
            id = "storage.buckets.list"
            handler = "buckets::all"
            [[route]]
            id = "storage.channels.stop"
            unimplemented = true
            "#,
        )
        .unwrap();
        assert!(code.contains(r#""storage.projects.hmacKeys.create" => crate::projects::hmac_keys::create(request)"#));
        assert!(code.contains(r#""storage.objects.move" => crate::objects::r#move(request)"#));
        assert!(code.contains(r#""storage.buckets.list" => crate::buckets::all(request)"#));
        assert!(!code.contains("channels"));
    }

    #[test]
    fn one_id_may_have_several_routes_but_one_handler() {
        let twice = "[[route]]\nid = \"a.b\"\n[[route]]\nid = \"a.b\"\n";
        assert_eq!(dispatch(twice).unwrap().matches("crate::b(").count(), 1);
        let error = dispatch(&format!("{twice}handler = \"c\"\n")).unwrap_err();
        assert!(error.contains("`crate::b` and `crate::c`"), "{error}");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for id in ["hello", "a.b-c", "a.1b", "a..b"] {
            assert!(dispatch(&format!("[[route]]\nid = {id:?}\n")).is_err(), "{id}");
        }
        assert!(dispatch("[[route]]\nid = \"a.b\"\nhandler = \"x(); y\"\n").is_err());
        assert!(dispatch("[[route").is_err());
    }
}
