//! The guest programs of `tests/guests`, built once and put into folders for `--plugins`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// A folder of services, for `--plugins`. Removed when it is dropped.
#[derive(Debug)]
pub struct Plugins(TempDir);

impl Plugins {
    /// A folder with these guests, each as it stands in `tests/guests`.
    pub fn of(guests: &[&str]) -> Self {
        let plugins = Self(TempDir::with_prefix("fogbank-plugins-").expect("temporary folder"));
        for guest in guests {
            plugins.put(guest, guest);
        }
        plugins
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The folder as an argument.
    pub fn arg(&self) -> String {
        self.path().display().to_string()
    }

    /// Puts a guest into the subfolder `name`, over what is there.
    pub fn put(&self, guest: &str, name: &str) {
        self.put_changed(guest, name, |manifest| manifest);
    }

    /// As [`Plugins::put`], with a changed manifest.
    pub fn put_changed(&self, guest: &str, name: &str, change: impl FnOnce(String) -> String) {
        let (source, target) = (folder().join(guest), self.path().join(name));
        let manifest = change(std::fs::read_to_string(source.join("plugin.toml")).expect("a manifest"));
        for backend in ["sqlite", "postgres"] {
            copy_files(&source.join("migrations").join(backend), &target.join("migrations").join(backend));
        }
        std::fs::create_dir_all(&target).expect("a folder");
        let component = component_name(&manifest);
        replace(&target.join(component), &std::fs::read(built(guest)).expect("a component"));
        replace(&target.join("plugin.toml"), manifest.as_bytes());
    }

    /// Puts a service of `examples` into a subfolder of its name, built as its README says.
    pub fn put_example(&self, example: &str) {
        let source = crate::top().join("examples").join(example);
        let target = crate::top().join("target/examples");
        build_in(&source, &target);
        let folder = self.path().join(example);
        for backend in ["sqlite", "postgres"] {
            copy_files(&source.join("migrations").join(backend), &folder.join("migrations").join(backend));
        }
        let component = target.join("wasm32-wasip2/release").join(format!("{example}.wasm"));
        self.write(example, &format!("{example}.wasm"), std::fs::read(component).expect("a component"));
        self.write(example, "plugin.toml", std::fs::read(source.join("plugin.toml")).expect("a manifest"));
    }

    /// Writes a file into the subfolder `name`.
    pub fn write(&self, name: &str, file: &str, content: impl AsRef<[u8]>) {
        replace(&self.path().join(name).join(file), content.as_ref());
    }
}

/// `tests/guests`.
pub fn folder() -> PathBuf {
    crate::top().join("tests/guests")
}

/// Names of all guests.
pub fn all() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("tests/guests").flatten();
    let mut names: Vec<_> = entries
        .filter(|entry| entry.path().join("plugin.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The component of a guest, built.
pub fn built(guest: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let target = BUILT.get_or_init(build);
    target.join("wasm32-wasip2/release").join(format!("{}.wasm", guest.replace('-', "_")))
}

/// Builds all of them; cargo does nothing where nothing has changed, and waits for another test that is building.
fn build() -> PathBuf {
    let target = crate::top().join("target/guests");
    build_in(&folder(), &target);
    target
}

/// Builds the components of the package or workspace in `folder` into `target`.
fn build_in(folder: &Path, target: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--target-dir"]);
    cargo.arg(target);
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "it does not build:\n{}", String::from_utf8_lossy(&output.stderr));
}

fn component_name(manifest: &str) -> String {
    let value = |key: &str| {
        let line = manifest.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    value("component").unwrap_or_else(|| format!("{}.wasm", value("name").expect("a name")))
}

fn copy_files(from: &Path, to: &Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).expect("a folder");
    for entry in entries.flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

/// Writes a file so that whoever watches the folder sees all of it or nothing.
fn replace(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    let draft = path.with_extension("draft");
    std::fs::write(&draft, content).expect("a draft");
    std::fs::rename(&draft, path).expect("renamed");
}
