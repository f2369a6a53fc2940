//! The manifest and the API's list of methods say the same, and METHODS.md shows what is built.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A method as the API lists it.
struct Method {
    id: String,
    verb: String,
    path: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn methods() -> Vec<Method> {
    let text = std::fs::read_to_string(folder().join("spec/methods.tsv")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fields = lines.map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    fields
        .map(|fields| <[String; 3]>::try_from(fields).unwrap())
        .map(|[id, verb, path]| Method { id, verb, path })
        .collect()
}

fn routes() -> BTreeMap<String, Table> {
    let text = std::fs::read_to_string(folder().join("plugin.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    let routes = manifest["route"].as_array().unwrap().iter().map(|route| route.as_table().unwrap().clone());
    routes.map(|route| (route["id"].as_str().unwrap().to_owned(), route)).collect()
}

fn paths(route: &Table) -> Vec<&str> {
    let several = route.get("paths").and_then(Value::as_array).into_iter().flatten();
    route.get("path").into_iter().chain(several).filter_map(Value::as_str).collect()
}

fn is_built(route: &Table) -> bool {
    !route.get("unimplemented").and_then(Value::as_bool).unwrap_or(false)
}

#[test]
fn f34_every_method_of_the_api_has_its_route() {
    let routes = routes();
    for method in methods() {
        let route = routes.get(&method.id).unwrap_or_else(|| panic!("{} has no route", method.id));
        assert_eq!(route["method"].as_str(), Some(method.verb.as_str()), "{}", method.id);
        assert!(paths(route).contains(&method.path.as_str()), "{} is not at {}", method.id, method.path);
    }
}

#[test]
fn f26_every_route_names_its_permission_and_resource() {
    for (id, route) in routes() {
        let permission = route["permission"].as_str().unwrap();
        let reason = route.get("reason").is_some();
        assert_eq!(permission == "none", reason, "{id}");
        assert!(permission == "none" || permission.split('.').count() == 3, "{id}: {permission}");
        assert!(route["resource"].as_str().unwrap().starts_with("//"), "{id}");
    }
}

#[test]
fn the_table_of_methods_is_up_to_date() {
    let routes = routes();
    let built = |method: &&Method| is_built(&routes[&method.id]);
    let methods = methods();
    let count = methods.iter().filter(built).count();
    let mut table = format!(
        "# Methods of the Cloud Storage JSON API v1\n\n{count} of {} are built; the others answer 400 `UNIMPLEMENTED`.\n\n\
         | method | verb and path | |\n|---|---|---|\n",
        methods.len()
    );
    for method in &methods {
        let mark = if built(&method) { "yes" } else { "no" };
        writeln!(table, "| `{}` | `{} {}` | {mark} |", method.id, method.verb, method.path).unwrap();
    }
    let file = folder().join("METHODS.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let present = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(present == table, "METHODS.md is out of date: run this test with UPDATE=1");
}
