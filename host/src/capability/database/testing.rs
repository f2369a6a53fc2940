//! A PostgreSQL server for tests: made in a temporary folder, reachable through a socket there, gone with the process
//! that asked for it.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Starts the server in front of which it stands, and ends it when its standard input ends, which it does with the
/// process of the test, however that ends.
const KEEPER: &str = r#"postgres -D "$1/data" -k "$1" -c listen_addresses= -c fsync=off -c max_connections=200 >"$1/log" 2>&1 &
read -r _
kill -INT $! 2>/dev/null
wait $!
rm -rf "$1""#;

static SERVER: OnceLock<Option<String>> = OnceLock::new();

/// The URL of a server's empty database, as its owner; started at the first call and shared by the whole process.
/// None where PostgreSQL is not installed, with a line that says so; a panic then where `FOGBANK_TEST_STRICT=1`.
pub fn postgres_url() -> Option<String> {
    let url = SERVER.get_or_init(|| match start() {
        Ok(url) => Some(url),
        Err(why) => {
            assert!(std::env::var("FOGBANK_TEST_STRICT").as_deref() != Ok("1"), "no PostgreSQL to test with: {why}");
            eprintln!("skipped on PostgreSQL: {why}");
            None
        }
    });
    url.clone()
}

fn start() -> Result<String, String> {
    let folder = tempfile::Builder::new().prefix("fogbank-pg-").tempdir().map_err(|error| error.to_string())?.keep();
    let account = account()?;
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).map_err(|error| error.to_string())?;
    if let Some((user, group)) = account {
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).map_err(|error| error.to_string())?;
    }
    let initialised = initialise(&folder, account);
    if initialised.is_err() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    initialised?;
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "sh"]).arg(&folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = as_account(&mut keeper, account).spawn().map_err(|error| format!("sh: {error}"))?;
    wait_until_ready(&folder)?;
    // The pipe stays open until the process ends.
    std::mem::forget(child);
    Ok(format!("postgres://owner:owner%20password@localhost/postgres?host={}", folder.display()))
}

fn initialise(folder: &Path, account: Option<(u32, u32)>) -> Result<(), String> {
    let password = folder.join("password");
    std::fs::write(&password, "owner password\n").map_err(|error| error.to_string())?;
    let mut initdb = Command::new("initdb");
    initdb.args(["--no-sync", "--no-instructions", "--username=owner", "--auth=scram-sha-256", "--locale=C.UTF-8"]);
    initdb.arg("--encoding=UTF8").arg("--pwfile").arg(&password).arg("-D").arg(folder.join("data")).current_dir(folder);
    let done = as_account(&mut initdb, account).output().map_err(|error| format!("initdb: {error}"))?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

/// The last line of the server's own note about itself says when it takes connections.
fn wait_until_ready(folder: &Path) -> Result<(), String> {
    let note = folder.join("data").join("postmaster.pid");
    let began = Instant::now();
    while !std::fs::read_to_string(&note).is_ok_and(|note| note.trim_end().ends_with("ready")) {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(std::fs::read_to_string(folder.join("log")).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// PostgreSQL does not run as root: then it is run as another account of this machine.
fn account() -> Result<Option<(u32, u32)>, String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let find = |wanted: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or_else(|| "no account to run it as".into())
}

fn as_account(command: &mut Command, account: Option<(u32, u32)>) -> &mut Command {
    match account {
        Some((user, group)) => command.uid(user).gid(group),
        None => command,
    }
}
