//! Makes the dispatch from the manifest.

fn main() {
    fogbank_sdk_build::generate("plugin.toml");
}
