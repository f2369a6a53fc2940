//! Makes the dispatch from the manifest.

fn main() {
    fogbank_sdk_build::generate("plugin.toml");
    // The tables of time zones, for conditions, do not fit into what other services start with.
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--initial-memory=4194304");
    }
}
