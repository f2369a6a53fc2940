//! Builds the services of `plugins/` for `wasm32-wasip2` and lists their files for embedding, so that the one binary is
//! enough to run. They are embedded as components, not as native code: compiling them needs the engine, which would then
//! be built twice.
//!
//! An asset `assets/NAME` that a service's folder does not have is the program NAME of the workspace `plugins/machine`, which
//! is then built for Linux with musl, on whatever system this is: programs that run inside containers.
//!
//! `FOGBANK_SKIP_PLUGINS=1` embeds nothing, for checks that do not run the host.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// What is embedded of a service: the path in its folder, and the file.
type Files = Vec<(String, PathBuf)>;

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
    let listing =
        if env::var_os("FOGBANK_SKIP_PLUGINS").is_some() { "&[]".to_string() } else { list(&services(&root)) };
    std::fs::write(out.join("embedded.rs"), listing).expect("OUT_DIR is writable");
}

/// Builds all services; the files of each, by name.
fn services(root: &Path) -> Vec<(String, Files)> {
    let (plugins, target) = (root.join("plugins"), root.join("target"));
    require(TARGET);
    build(&plugins, &target.join("plugins"), TARGET, None);
    let components = target.join("plugins").join(TARGET).join("release");
    let folders = children(&plugins).into_iter().filter(|path| path.join("plugin.toml").is_file());
    let mut services: Vec<_> = folders.map(|folder| (name(&folder), files(&folder, &components))).collect();
    let mut missing = services.iter_mut().flat_map(|(_, files)| files).filter(|(_, file)| !file.exists()).peekable();
    if missing.peek().is_some() {
        let programs = machine(&plugins.join("machine"), &target.join("machine"));
        for (path, file) in missing.filter(|(path, _)| path.starts_with("assets/")) {
            *file = programs.join(&path["assets/".len()..]);
        }
    }
    services
}

/// Builds the programs that run inside containers, which have this machine's processor; the folder that they are in.
fn machine(workspace: &Path, target: &Path) -> PathBuf {
    let triple = format!("{}-unknown-linux-musl", env::var("CARGO_CFG_TARGET_ARCH").expect("set by cargo"));
    require(&triple);
    // Rust's own linker, with the start files and the libc that come with the target: no C compiler is asked for.
    build(workspace, target, &triple, Some("-C linker=rust-lld"));
    target.join(triple).join("release")
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
fn require(triple: &str) {
    if is_installed(triple) {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", triple]).status();
    if !(added.is_ok_and(|status| status.success()) && is_installed(triple)) {
        panic!("what is embedded is built for {triple}, which this toolchain lacks: run `rustup target add {triple}`");
    }
}

fn is_installed(triple: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", triple]).output();
    asked.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn build(workspace: &Path, target: &Path, triple: &str, flags: Option<&str>) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // From the workspace's own folder: cargo looks for `.cargo/config.toml` where it runs.
    command.current_dir(workspace).args(["build", "--release", "--locked", "--target", triple]);
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
    command.envs(flags.map(|flags| ("RUSTFLAGS", flags)));
    let status = command.status().expect("cargo can be started");
    assert!(status.success(), "{} does not build", workspace.display());
}

/// The files of the service in `folder`, whose component is in `components`.
fn files(folder: &Path, components: &Path) -> Files {
    let component = format!("{}.wasm", name(folder));
    let mut files = vec![(component.clone(), components.join(component.replace('-', "_")))];
    let manifest = std::fs::read_to_string(folder.join("plugin.toml")).expect("the manifest can be read");
    let named = named(&manifest).unwrap_or_else(|error| panic!("{}/plugin.toml: {error}", folder.display()));
    files.extend(named.into_iter().map(|path| (path.clone(), folder.join(path))));
    for backend in ["sqlite", "postgres"] {
        let migrations = children(&folder.join("migrations").join(backend)).into_iter();
        files.extend(migrations.map(|path| (format!("migrations/{backend}/{}", name(&path)), path)));
    }
    files
}

/// The manifest, what it includes, and its assets.
fn named(manifest: &str) -> Result<Vec<String>, toml::de::Error> {
    let manifest: toml::Table = manifest.parse()?;
    let list = |key: &str| manifest.get(key).and_then(toml::Value::as_array).into_iter().flatten();
    let included = list("include").filter_map(|file| file.as_str());
    let assets = list("asset").filter_map(|asset| asset.get("file")?.as_str());
    Ok(std::iter::once("plugin.toml").chain(included).chain(assets).map(str::to_owned).collect())
}

fn name(path: &Path) -> String {
    path.file_name().expect("has a name").to_string_lossy().into_owned()
}

/// Rust source: a slice of `(name, &[(path, bytes)])`.
fn list(services: &[(String, Files)]) -> String {
    let mut source = String::from("&[");
    for (name, files) in services {
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
