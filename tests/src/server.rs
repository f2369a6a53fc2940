//! The real binary, started for one test.

use crate::client::Client;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to listen; the first start compiles the services.
const START: Duration = Duration::from_secs(180);

/// How to start a server.
#[derive(Debug, Default, Clone)]
pub struct Options {
    args: Vec<String>,
    env: Vec<(String, String)>,
    data: Option<PathBuf>,
    own_database: bool,
    ephemeral: bool,
}

impl Options {
    /// A server with the embedded services and default settings, plus what the test run was told
    /// (`FOGBANK_TEST_DATABASE`: a PostgreSQL server).
    pub fn new() -> Self {
        Self::default()
    }

    /// On SQLite whatever the test run was told, or with a `--database` among the arguments.
    #[must_use]
    pub fn own_database(mut self) -> Self {
        self.own_database = true;
        self
    }

    /// The services in a folder, beside the embedded ones.
    #[must_use]
    pub fn plugins(self, plugins: &crate::guests::Plugins) -> Self {
        self.arg("--plugins").arg(plugins.arg())
    }

    /// One more argument of the command line.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// An environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// A data folder that outlives the server.
    #[must_use]
    pub fn data(mut self, folder: &Path) -> Self {
        self.data = Some(folder.to_path_buf());
        self
    }
}

/// A running server; killed when it is dropped.
pub struct Server {
    child: Child,
    base: String,
    log: Arc<Mutex<String>>,
    data: PathBuf,
    _folder: Option<TempDir>,
}

impl Server {
    /// A server with default options.
    pub fn start() -> Self {
        Self::with(Options::new())
    }

    /// A server with these options, once it listens.
    ///
    /// # Panics
    /// When it does not come up; with its log.
    pub fn with(options: Options) -> Self {
        match Self::try_with(options) {
            Ok(server) => server,
            Err(log) => panic!("the server did not come up:\n{log}"),
        }
    }

    /// As [`Server::with`], with data that the server itself removes at its end.
    ///
    /// # Panics
    /// When it does not come up; with its log.
    pub fn ephemeral(mut options: Options) -> Self {
        options.ephemeral = true;
        Self::with(options)
    }

    /// As [`Server::with`]; the error is the exit status and the log of a server that ended.
    pub fn try_with(options: Options) -> Result<Self, String> {
        let folder = options.data.is_none().then(|| TempDir::with_prefix("fogbank-test-").expect("temporary folder"));
        let data = options.data.unwrap_or_else(|| folder.as_ref().expect("made above").path().to_path_buf());
        let database = if options.own_database { None } else { crate::database::of_folder(&data) };
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"]);
        match options.ephemeral {
            true => command.arg("--ephemeral"),
            false => command.arg("--data").arg(&data),
        };
        let mut child = command
            .args(database.iter().flat_map(|url| ["--database", url]))
            .args(&options.args)
            .envs(options.env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts: build it with `cargo build --release`");
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stderr.take().expect("piped"), Arc::clone(&log));
        let (sender, listening) = std::sync::mpsc::channel();
        let output = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(base) = line.strip_prefix("FOGBANK_LISTENING ") {
                    let _ = sender.send(base.trim().to_string());
                }
            }
        });
        match listening.recv_timeout(START) {
            Ok(base) => Ok(Self { child, base, log, data, _folder: folder }),
            Err(_) => {
                let _ = child.kill();
                let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                std::thread::sleep(Duration::from_millis(50));
                let log = log.lock().expect("log").clone();
                Err(format!("{status}\n{log}"))
            }
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A client with the administrator's token, of a server that has authentication on.
    pub fn operator(&self) -> Client {
        let token = std::fs::read_to_string(self.data.join("administrator-token")).expect("authentication is on");
        self.client().with_token(token.trim())
    }

    /// An access token for `user` (`user:ann@example.com`), made by the administrator.
    pub async fn token(&self, user: &str) -> String {
        let wanted = serde_json::json!({ "user": user, "project": "demo-project" });
        let made = self.operator().post("/auth/tokens", wanted).await.expect(200).json();
        made["access_token"].as_str().expect("a token").to_owned()
    }

    /// A client with an access token of `user`.
    pub async fn as_user(&self, user: &str) -> Client {
        self.client().with_token(&self.token(user).await)
    }

    /// A client of this server.
    pub fn client(&self) -> Client {
        Client::new(&self.base)
    }

    /// Makes the tenant `name` and gives a client of it.
    pub async fn tenant(&self, name: &str) -> Client {
        self.client().post("/_fogbank/tenants", serde_json::json!({ "name": name })).await.expect_success();
        self.client().tenant(name)
    }

    /// `fogbank tenant COMMAND NAME`, aimed at this server.
    pub async fn tenant_command(&self, verb: &str, name: &str) {
        let (verb, name, data) = (verb.to_owned(), name.to_owned(), self.data.clone());
        let output = tokio::task::spawn_blocking(move || {
            command(&["tenant", "--data"]).arg(data).args([verb, name]).output().expect("the binary runs")
        });
        let output = output.await.expect("it ran");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Empties a tenant.
    pub async fn tenant_reset(&self, name: &str) {
        let path = format!("/_fogbank/tenants/{name}/reset");
        self.client().post(&path, serde_json::json!({})).await.expect_success();
    }

    /// Moves the clock of a tenant forward.
    pub async fn advance(&self, tenant: &str, by: Duration) {
        let body = serde_json::json!({ "advance-ms": by.as_millis() as u64 });
        self.client().post(&format!("/_fogbank/tenants/{tenant}/clock"), body).await.expect(200);
    }

    /// As [`Server::advance`], where authentication is on.
    pub async fn advance_as_operator(&self, tenant: &str, by: Duration) {
        let body = serde_json::json!({ "advance-ms": by.as_millis() as u64 });
        self.operator().post(&format!("/_fogbank/tenants/{tenant}/clock"), body).await.expect(200);
    }

    /// Sets the clock of a tenant back to the machine's, where authentication is on.
    pub async fn reset_clock(&self, tenant: &str) {
        let body = serde_json::json!({ "reset": true });
        self.operator().post(&format!("/_fogbank/tenants/{tenant}/clock"), body).await.expect(200);
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// The log once it contains `text`, which may come a little later than the answer.
    ///
    /// # Panics
    /// When it does not come within ten seconds.
    #[track_caller]
    pub fn log_with(&self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "`{text}` is not in the log:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended by itself; none when it has not within `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> Option<std::process::ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("child") {
                return Some(status);
            }
            if began.elapsed() > limit {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{}", self.log());
        }
    }
}

fn collect(stream: impl std::io::Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = into.lock().expect("log");
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// The binary with some arguments, in an environment without settings of whoever runs the tests. What was compiled is kept for the
/// next server, since most tests are not about that.
pub fn command(args: &[&str]) -> Command {
    let cache =
        std::env::var_os("FOGBANK_TEST_CACHE").map_or_else(|| crate::top().join("target/test-cache"), PathBuf::from);
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FOGBANK_")) {
        command.env_remove(name);
    }
    command.args(args).env("FOGBANK_CACHE", cache);
    command
}

/// The binary under test: `FOGBANK_BIN`, or the one beside the tests in the target folder.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("FOGBANK_BIN") {
        return named.into();
    }
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().find(|folder| folder.join("fogbank").is_file());
    profile.expect("build the binary first: cargo build --release").join("fogbank")
}
