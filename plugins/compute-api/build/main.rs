//! Makes static tables from `spec/*.tsv`, so that a fresh instance has them without reading anything.

mod collections;
mod schemas;
mod tables;

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=spec");
    let methods = tables::methods(&text("spec/methods.tsv"));
    let schemas = tables::schemas(&text("spec/schemas.tsv"));
    write("schemas.rs", &schemas::render(&schemas));
    write("collections.rs", &collections::render(&methods, &schemas));
}

fn text(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn write(name: &str, code: &str) {
    let folder = std::env::var_os("OUT_DIR").expect("a build script has an output folder");
    let file = Path::new(&folder).join(name);
    std::fs::write(&file, code).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}
