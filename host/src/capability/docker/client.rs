//! The way to the engine: whether it answers, and calls that end whatever it does (F07).
//!
//! The watcher finds out whether the engine is there ([`Client::look`]) and says so to everybody else: a call to an engine that is
//! known to be gone ends at once. While calls are under way the engine is asked for a sign of life again and again; one that
//! stays silent for [`DockerLimits::patience`] is gone, for those who wait for it as well.

use super::config::DockerLimits;
use super::error::DockerError;
use bollard::Docker;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How long a call waits for the first word about the engine after the start.
const FIRST_WORD: Duration = Duration::from_millis(900);

/// How often the engine is asked for a sign of life while a call is under way.
const PULSE: Duration = Duration::from_millis(200);

/// How often it is asked while nothing is under way.
const SLOW_PULSE: Duration = Duration::from_secs(5);

/// How long the engine may take to say which version it is: it may be starting.
const HELLO: Duration = Duration::from_secs(2);

/// What is known of the engine.
#[derive(Clone)]
pub enum Health {
    /// Nobody has asked yet.
    Unknown,
    Up(Docker),
    /// A sentence that says why.
    Down(Arc<str>),
}

/// See the module.
pub struct Client {
    host: String,
    pub limits: DockerLimits,
    health: watch::Sender<Health>,
    under_way: AtomicUsize,
    /// A call has begun.
    begun: Notify,
    heard: Mutex<Instant>,
    /// Counts calls, for tests.
    calls: AtomicU64,
}

/// Where the engine is: what was configured, `DOCKER_HOST`, or the usual socket.
pub fn host(configured: Option<&str>) -> String {
    let named = configured.map(str::to_owned).or_else(|| std::env::var("DOCKER_HOST").ok());
    named.filter(|host| !host.is_empty()).unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// A way to the engine at `host`, which need not be there.
fn way_to(host: &str) -> Result<Docker, DockerError> {
    // Each call has a limit of its own; this one only bounds what has none.
    const LONGEST_SECONDS: u64 = 3600;
    let version = bollard::API_DEFAULT_VERSION;
    let docker = match host.split_once("://") {
        #[cfg(unix)]
        Some(("unix", path)) => Docker::connect_with_unix(path, LONGEST_SECONDS, version),
        Some(("tcp" | "http", _)) => Docker::connect_with_http(host, LONGEST_SECONDS, version),
        _ => return Err(DockerError::Unavailable(format!("`{host}` is neither unix:///PATH nor tcp://HOST:PORT"))),
    };
    docker.map_err(DockerError::from)
}

/// Asks the engine at `host` which version it is, at most for `limit`; the error is a sentence for the operator.
pub async fn ask(host: &str, limit: Duration) -> Result<String, String> {
    let asked = async {
        let docker = way_to(host)?.negotiate_version().await?;
        let version = docker.version().await?;
        Ok::<_, DockerError>(version.version.unwrap_or_default())
    };
    match timeout(limit, asked).await {
        Ok(answer) => answer.map_err(|error| format!("{host}: {}", reason(&error))),
        Err(_) => Err(format!("{host}: no answer in {limit:?}")),
    }
}

/// The error without what everybody says around it.
fn reason(error: &DockerError) -> String {
    match error {
        DockerError::Unavailable(why) => why.clone(),
        error => error.to_string(),
    }
}

impl Client {
    /// A client of the engine at `host`, about which nothing is known yet.
    pub fn new(host: String, limits: DockerLimits) -> Self {
        Self {
            host,
            limits,
            health: watch::Sender::new(Health::Unknown),
            under_way: AtomicUsize::new(0),
            begun: Notify::new(),
            heard: Mutex::new(Instant::now()),
            calls: AtomicU64::new(0),
        }
    }

    /// What is known of the engine.
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// Whether the engine answers, as last heard.
    pub fn available(&self) -> Result<(), DockerError> {
        match self.health() {
            Health::Up(_) => Ok(()),
            Health::Down(why) => Err(DockerError::Unavailable(why.to_string())),
            Health::Unknown => Err(DockerError::Unavailable(format!("{} has not been asked yet", self.host))),
        }
    }

    /// Waits until it is known whether the engine answers, for as long as one may be silent.
    pub async fn first_word(&self) {
        let mut health = self.health.subscribe();
        // Whoever asks before there is an answer is told so.
        let _ = timeout(self.limits.patience, health.wait_for(|health| !matches!(health, Health::Unknown))).await;
    }

    /// Connects and agrees on a version. Changes nothing that others see.
    pub async fn look(&self) -> Result<Docker, DockerError> {
        let host = &self.host;
        let silent = || DockerError::Unavailable(format!("{host} does not answer"));
        let docker = way_to(host).map_err(|error| self.named(error))?;
        timeout(self.limits.patience, docker.ping())
            .await
            .map_err(|_| silent())?
            .map_err(|error| self.named(error.into()))?;
        let agreed = timeout(HELLO, docker.negotiate_version()).await.map_err(|_| silent())?;
        let docker = agreed.map_err(|error| self.named(error.into()))?;
        self.hear();
        Ok(docker)
    }

    fn named(&self, error: DockerError) -> DockerError {
        DockerError::Unavailable(format!("{}: {}", self.host, reason(&error)))
    }

    /// The engine answers.
    pub fn is_up(&self, docker: Docker) {
        self.hear();
        self.health.send_replace(Health::Up(docker));
    }

    /// The engine does not answer; whether that is news.
    pub fn is_down(&self, why: &DockerError) -> bool {
        let why: Arc<str> = reason(why).into();
        let news = !matches!(&*self.health.borrow(), Health::Down(known) if *known == why);
        self.health.send_replace(Health::Down(why));
        news
    }

    /// Until the engine does not answer: why.
    pub async fn went_down(&self) -> Arc<str> {
        let mut health = self.health.subscribe();
        loop {
            if let Health::Down(why) = &*health.borrow_and_update() {
                return Arc::clone(why);
            }
            // The sender lives as long as `self`.
            let _ = health.changed().await;
        }
    }

    /// Something came from the engine.
    pub fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silent_for(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The engine, if it answers as last heard; right after the start it may take a moment until something is heard.
    pub async fn known(&self) -> Result<Docker, DockerError> {
        let mut health = self.health.subscribe();
        let known = timeout(FIRST_WORD, health.wait_for(|health| !matches!(health, Health::Unknown))).await;
        match known.map(|known| known.map(|known| known.clone())) {
            Ok(Ok(Health::Up(docker))) => Ok(docker),
            _ => self.available().and(Err(DockerError::Unavailable("it has just gone".into()))),
        }
    }

    /// Does `work` with the engine, at most for `limit`, and not longer than the engine is there.
    pub async fn call<T, F>(&self, limit: Duration, work: impl FnOnce(Docker) -> F) -> Result<T, DockerError>
    where
        F: Future<Output = Result<T, DockerError>>,
    {
        let docker = self.known().await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let _under_way = UnderWay::begin(self);
        let outcome = tokio::select! {
            outcome = timeout(limit, work(docker)) => outcome.unwrap_or(Err(DockerError::Timeout)),
            why = self.went_down() => return Err(DockerError::Unavailable(why.to_string())),
        };
        if !matches!(outcome, Err(DockerError::Timeout | DockerError::Unavailable(_))) {
            self.hear();
        }
        outcome.map_err(|error| match error {
            error @ DockerError::Unavailable(_) => self.named(error),
            error => error,
        })
    }

    /// As [`Client::call`], with the limit of one call.
    pub async fn quick<T, F>(&self, work: impl FnOnce(Docker) -> F) -> Result<T, DockerError>
    where
        F: Future<Output = Result<T, DockerError>>,
    {
        self.call(self.limits.call, work).await
    }

    /// Asks the engine for signs of life, often while calls are under way; returns when it gives none.
    pub async fn feel_the_pulse(&self, docker: &Docker) -> DockerError {
        loop {
            if self.under_way.load(Ordering::Acquire) == 0 {
                let _ = timeout(SLOW_PULSE, self.begun.notified()).await;
            }
            tokio::time::sleep(PULSE).await;
            match timeout(self.limits.patience, docker.ping()).await {
                Ok(Ok(_)) => self.hear(),
                Ok(Err(error)) => return self.named(error.into()),
                // Another answer came meanwhile: the machine is slow, and the engine is there.
                Err(_) if self.silent_for() < self.limits.patience => {}
                Err(_) => return DockerError::Unavailable(format!("{} does not answer", self.host)),
            }
        }
    }
}

/// A call under way.
struct UnderWay<'a>(&'a Client);

impl<'a> UnderWay<'a> {
    fn begin(client: &'a Client) -> Self {
        client.under_way.fetch_add(1, Ordering::AcqRel);
        client.begun.notify_one();
        Self(client)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(host: &str) -> Client {
        Client::new(host.to_owned(), DockerLimits::default())
    }

    #[tokio::test]
    async fn f07_an_engine_that_is_not_there_is_named() {
        let gone = client("unix:///nowhere/docker.sock");
        let why = gone.look().await.expect_err("not there").to_string();
        assert!(why.contains("/nowhere/docker.sock"), "{why}");
        let strange = client("ftp://x").look().await.expect_err("no such way").to_string();
        assert!(strange.contains("ftp://x"), "{strange}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn f07_an_engine_that_says_nothing_is_gone_within_a_second() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("docker.sock");
        let _listener = tokio::net::UnixListener::bind(&path).expect("a socket");
        let began = Instant::now();
        assert!(client(&format!("unix://{}", path.display())).look().await.is_err());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn f07_a_call_ends_when_the_engine_goes() {
        let client = client("unix:///nowhere/docker.sock");
        client.is_up(Docker::connect_with_http("http://127.0.0.1:9", 1, bollard::API_DEFAULT_VERSION).expect("a way"));
        let call = client.quick(|_| std::future::pending::<Result<(), DockerError>>());
        let goes = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            client.is_down(&DockerError::Unavailable("stopped".into()))
        };
        let (outcome, news) = tokio::join!(call, goes);
        assert_eq!((outcome, news), (Err(DockerError::Unavailable("stopped".into())), true));
        assert!(client.quick(|_| async { Ok(()) }).await.is_err(), "and the next one ends at once");
    }

    #[tokio::test]
    async fn a_call_has_a_limit() {
        let client = client("unix:///nowhere/docker.sock");
        client.is_up(Docker::connect_with_http("http://127.0.0.1:9", 1, bollard::API_DEFAULT_VERSION).expect("a way"));
        let slow = client.call(Duration::from_millis(5), |_| std::future::pending::<Result<(), DockerError>>());
        assert_eq!(slow.await, Err(DockerError::Timeout));
    }
}
