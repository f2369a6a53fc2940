//! From a component's bytes to code that runs. Compiling happens in a child process of the same program, niced and
//! limited in memory, so that neither its time nor its memory stays with the server; the result is kept in a cache folder
//! that nobody else can write.

use super::engine;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The hidden first argument with which the program compiles and does nothing else.
pub const ARGUMENT: &str = "__compile";

/// How long one component may take to compile.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Bytes of memory that a compiling child may have.
const MEMORY_LIMIT: u64 = 4 << 30;

/// Compiles components for one engine, and keeps what it compiled.
#[derive(Debug, Clone)]
pub struct Compiler {
    cache: PathBuf,
    program: Option<PathBuf>,
}

impl Compiler {
    /// Keeps compiled code in `cache`, which is made for its owner alone. `program` is the binary to run as a child;
    /// without one, compiling happens in this process.
    pub fn new(cache: PathBuf, program: Option<PathBuf>) -> std::io::Result<Self> {
        if !cache.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&cache)?;
        }
        Ok(Self { cache, program })
    }

    /// The component, from the cache where it was compiled before by this version for this machine. The error is a
    /// sentence for the operator.
    pub async fn compile(&self, engine: &Engine, wasm: &[u8]) -> Result<Component, String> {
        let cached = self.cache.join(format!("{}.cwasm", key(engine, wasm)));
        if !cached.is_file() {
            self.fill(&cached, wasm).await?;
        }
        match load(engine, &cached) {
            Ok(component) => Ok(component),
            Err(error) => {
                tracing::warn!(%error, "compiled code in the cache does not load; compiling again");
                self.fill(&cached, wasm).await?;
                load(engine, &cached)
            }
        }
    }

    async fn fill(&self, cached: &Path, wasm: &[u8]) -> Result<(), String> {
        let work = tempfile::TempDir::with_prefix_in("compile-", &self.cache).map_err(|e| e.to_string())?;
        let (input, output) = (work.path().join("in.wasm"), work.path().join("out.cwasm"));
        write_private(&input, wasm).map_err(|e| format!("cannot write {}: {e}", input.display()))?;
        match &self.program {
            Some(program) => run_child(program, &input, &output).await?,
            None => {
                let (input, output) = (input.clone(), output.clone());
                let compiled = tokio::task::spawn_blocking(move || compile_file(&input, &output));
                compiled.await.map_err(|e| e.to_string())??;
            }
        }
        std::fs::rename(&output, cached).map_err(|e| format!("cannot keep compiled code: {e}"))
    }
}

/// The child's whole work: compiles `input` into `output`. The error is a sentence for the operator.
pub fn compile_file(input: &Path, output: &Path) -> Result<(), String> {
    let engine = engine::build_for_compiling().map_err(|e| format!("{e:#}"))?;
    let wasm = std::fs::read(input).map_err(|e| e.to_string())?;
    let code = engine.precompile_component(&wasm).map_err(|e| format!("{e:#}"))?;
    write_private(output, &code).map_err(|e| e.to_string())
}

/// Runs `__compile IN OUT`: lowers this process's priority and memory first.
pub fn child_main(input: &Path, output: &Path) -> i32 {
    let limit = rustix::process::Rlimit { current: Some(MEMORY_LIMIT), maximum: Some(MEMORY_LIMIT) };
    let lowered = rustix::process::setrlimit(rustix::process::Resource::Data, limit);
    let niced = rustix::process::nice(10);
    if let (Err(error), _) | (_, Err(error)) = (lowered, niced.map(|_| ())) {
        eprintln!("cannot lower the limits of the compiler: {error}");
    }
    match compile_file(input, output) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

async fn run_child(program: &Path, input: &Path, output: &Path) -> Result<(), String> {
    let child = tokio::process::Command::new(program)
        .arg(ARGUMENT)
        .args([input, output])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("cannot start the compiler: {e}"))?;
    let ended = tokio::time::timeout(TIME_LIMIT, child.wait_with_output()).await;
    let ended = ended.map_err(|_| format!("compiling took longer than {TIME_LIMIT:?}"))?;
    let ended = ended.map_err(|e| format!("cannot wait for the compiler: {e}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(format!("does not compile ({}): {}", ended.status, said.trim()))
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

fn key(engine: &Engine, wasm: &[u8]) -> String {
    use std::hash::{Hash, Hasher};
    let mut compatibility = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let digest = Sha256::new().chain_update(wasm).chain_update(compatibility.finish().to_le_bytes()).finalize();
    hex::encode(digest)
}

#[expect(unsafe_code, reason = "wasmtime trusts precompiled code; see the proof at the call")]
fn load(engine: &Engine, cached: &Path) -> Result<Component, String> {
    // SAFETY: the file lies in a folder of mode 0700 that this program made, was written by this program's own
    // compiler under a name that is the digest of its source, and is never written in place.
    unsafe { Component::deserialize_file(engine, cached) }.map_err(|e| format!("{e:#}"))
}
