//! Builds the services of `plugins/` for `wasm32-wasip2` and lists their files for embedding, so that the one binary is
//! enough to run. They are embedded as components, not as native code: compiling them needs the engine, which would then
//! be built twice.
//!
//! `FOGBANK_SKIP_PLUGINS=1` embeds nothing, for checks that do not run the host.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

fn main() {
    let host = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root = host.parent().expect("the host is a folder of the repository").to_path_buf();
    for watched in ["plugins", "sdk", "wit"] {
        for path in sources(&root.join(watched)) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    println!("cargo::rerun-if-env-changed=FOGBANK_SKIP_PLUGINS");
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    let listing = if env::var_os("FOGBANK_SKIP_PLUGINS").is_some() {
        "&[]".to_string()
    } else {
        require_target();
        let built = root.join("target").join("plugins");
        build(&root.join("plugins"), &built);
        list(&root.join("plugins"), &built.join(TARGET).join("release"))
    };
    std::fs::write(out.join("embedded.rs"), listing).expect("OUT_DIR is writable");
}

/// Folders and files below `folder`, less what building leaves there.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    for path in children(folder) {
        match (path.is_dir(), path.file_name().and_then(|name| name.to_str())) {
            (true, Some("target")) => {}
            (true, _) => found.extend(sources(&path)),
            (false, _) => found.push(path),
        }
    }
    found
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    paths
}

/// The target's standard library has to be there; adding it is one command, which is tried first.
fn require_target() {
    if target_is_installed() {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if !(added.is_ok_and(|status| status.success()) && target_is_installed()) {
        panic!("the services are built for {TARGET}, which this toolchain lacks: run `rustup target add {TARGET}`");
    }
}

fn target_is_installed() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    asked.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn build(workspace: &Path, target: &Path) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // From the workspace's own folder: cargo looks for `.cargo/config.toml` where it runs.
    command.current_dir(workspace).args(["build", "--release", "--locked", "--target", TARGET]);
    command.arg("--target-dir").arg(target);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_outer_build = text.contains("RUSTFLAGS")
            || text.contains("RUSTC")
            || text.starts_with("CARGO_CFG_")
            || text.starts_with("CARGO_FEATURE_")
            || text.starts_with("CARGO_PROFILE_")
            || text.starts_with("CARGO_BUILD_")
            || text.starts_with("CARGO_PKG_")
            || ["CARGO_TARGET_DIR", "CARGO_MAKEFLAGS", "TARGET", "HOST", "OPT_LEVEL", "PROFILE", "DEBUG"]
                .contains(&&*text);
        if of_outer_build {
            command.env_remove(name);
        }
    }
    let status = command.status().expect("cargo can be started");
    assert!(status.success(), "the services do not build");
}

/// Rust source: a slice of `(name, &[(path, bytes)])`.
fn list(plugins: &Path, built: &Path) -> String {
    let mut source = String::from("&[");
    for folder in children(plugins).into_iter().filter(|path| path.join("plugin.toml").is_file()) {
        let name = folder.file_name().expect("has a name").to_string_lossy().into_owned();
        let mut files = vec![("plugin.toml".to_string(), folder.join("plugin.toml"))];
        let component = format!("{name}.wasm");
        files.push((component.clone(), built.join(component.replace('-', "_"))));
        for backend in ["sqlite", "postgres"] {
            for path in children(&folder.join("migrations").join(backend)) {
                let file = path.file_name().expect("has a name").to_string_lossy().into_owned();
                files.push((format!("migrations/{backend}/{file}"), path));
            }
        }
        write!(source, "({name:?}, &[").expect("a string takes it");
        for (path, file) in files {
            let file = file.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            write!(source, "({path:?}, include_bytes!({:?}).as_slice()),", file).expect("a string takes it");
        }
        source.push_str("]),");
    }
    source.push(']');
    source
}
