//! Containers, networks and volumes of a container engine: those of the service's domain in its tenant, and no others.
//!
//! Names are the service's own. What makes a thing gives what is there already when it is as asked for, so that a step may be done
//! twice; what removes a thing is fine where it is gone.

use crate::bindings::fogbank::docker::docker as wit;
use crate::body::Body;
use crate::error::{Code, Error as Failure};

pub use wit::{
    Backend, Container as Shown, Content, Endpoint, Error, File, Forward, ImageOf as Image, Limits, Mount, Network,
    Networking, NewContainer, Outcome, State,
};

/// What the engine answers. `?` in a handler turns the error into one for the client.
pub type Result<T> = std::result::Result<T, Error>;

/// What stands behind this: an engine, or nothing, by the operator's decision.
pub fn backend() -> Backend {
    wit::get_backend()
}

/// Whether there is an engine to make things with; otherwise the service keeps records.
pub fn has_engine() -> bool {
    backend() == Backend::Engine
}

/// Whether the engine answers now, as last heard; never waits for it.
///
/// Errors: `unavailable`, with a sentence.
pub fn available() -> Result<()> {
    wit::available()
}

// === Files ===

/// A file of bytes, with a mode as in `0o644`. `path` is absolute.
pub fn file(path: impl Into<String>, mode: u32, bytes: impl Into<Vec<u8>>) -> File {
    File { path: path.into(), mode, content: Content::Bytes(bytes.into()) }
}

/// A file with the content of an asset of the manifest, which does not pass through the service's memory.
pub fn asset(path: impl Into<String>, mode: u32, asset: impl Into<String>) -> File {
    File { path: path.into(), mode, content: Content::Asset(asset.into()) }
}

// === Images ===

/// The engine's name of the image that the operator puts in the place of `name` (`debian-12`), pulled where `pull` says so and the
/// operator allows it.
///
/// Errors: `not-allowed`; `no-image`, with how to get it.
pub fn ensure_image(name: &str, pull: bool) -> Result<String> {
    wit::ensure_image(name, pull)
}

/// Makes an image of the domain's from files alone.
///
/// Errors: `no-space`, the engine's.
pub fn import_image(name: &str, files: &[File]) -> Result<()> {
    wit::import_image(name, files)
}

/// Makes an image of the domain's from the file system of a container, which is paused meanwhile.
///
/// Errors: `not-found`, `no-space`, the engine's.
pub fn commit(container: &str, image: &str) -> Result<()> {
    wit::commit(container, image)
}

/// The size in bytes of an image of the domain's; none where there is no such image.
///
/// Errors: the engine's.
pub fn image_size(image: &str) -> Result<Option<u64>> {
    wit::image_size(image)
}

/// Removes an image of the domain's; fine where it is not there.
///
/// Errors: `in-use` while a container was made from it.
pub fn remove_image(image: &str) -> Result<()> {
    wit::remove_image(image)
}

// === Networks and volumes ===

/// Makes a bridge in a range that the host chooses.
///
/// Errors: `conflict`; `other` where the pool has no range left.
pub fn create_network(name: &str) -> Result<Network> {
    wit::create_network(name)
}

/// The network's range and gateway.
///
/// Errors: `not-found`.
pub fn get_network(name: &str) -> Result<Network> {
    wit::get_network(name)
}

/// Removes a network; fine where it is not there.
///
/// Errors: `in-use` while a container is connected.
pub fn remove_network(name: &str) -> Result<()> {
    wit::remove_network(name)
}

/// Connects a container to one more network; fine where it is connected.
///
/// Errors: `not-found`.
pub fn connect(container: &str, network: &str) -> Result<()> {
    wit::connect(container, network)
}

/// Disconnects a container; fine where it is not connected.
///
/// Errors: `not-found`.
pub fn disconnect(container: &str, network: &str) -> Result<()> {
    wit::disconnect(container, network)
}

/// Makes a volume.
///
/// Errors: `conflict`.
pub fn create_volume(name: &str) -> Result<()> {
    wit::create_volume(name)
}

/// Removes a volume and what is on it; fine where it is not there.
///
/// Errors: `in-use` while a container has it.
pub fn remove_volume(name: &str) -> Result<()> {
    wit::remove_volume(name)
}

/// Names of all volumes of the domain.
///
/// Errors: the engine's.
pub fn list_volumes() -> Result<Vec<String>> {
    wit::list_volumes()
}

// === Containers ===

/// No limit at all.
pub const UNLIMITED: Limits = Limits { memory_bytes: 0, cpu_millis: 0, processes: 0 };

/// A container without networks, mounts or limits, to be completed with `..`.
pub fn new_container(name: impl Into<String>, image: Image) -> NewContainer {
    NewContainer {
        name: name.into(),
        image,
        command: Vec::new(),
        environment: Vec::new(),
        labels: Vec::new(),
        hostname: None,
        networking: Networking::None,
        dns: Vec::new(),
        dns_search: Vec::new(),
        mounts: Vec::new(),
        files: Vec::new(),
        limits: UNLIMITED,
        administers_network: false,
        stop_signal: None,
        stop_seconds: 10,
    }
}

/// Makes a container and does not start it. One of that name that is as asked for stays, also where it runs; one that differs is
/// replaced, unless it runs.
///
/// Errors: `conflict`, `no-image`, `not-allowed`, `quota`.
pub fn create(spec: &NewContainer) -> Result<()> {
    wit::create_container(spec)
}

/// Starts a container; fine where it runs.
///
/// Errors: `not-found`; `other` where the engine cannot run it, with its reason.
pub fn start(name: &str) -> Result<()> {
    wit::start_container(name)
}

/// Asks a container to end, and ends it when its seconds are over; fine where it does not run.
///
/// Errors: `not-found`.
pub fn stop(name: &str) -> Result<()> {
    wit::stop_container(name)
}

/// Sends a signal (`SIGKILL`).
///
/// Errors: `not-found`, `not-running`.
pub fn kill(name: &str, signal: &str) -> Result<()> {
    wit::kill_container(name, signal)
}

/// Freezes a container; fine where it is paused.
///
/// Errors: `not-found`, `not-running`.
pub fn pause(name: &str) -> Result<()> {
    wit::pause_container(name)
}

/// Thaws a container; fine where it runs.
///
/// Errors: `not-found`, `not-running`.
pub fn unpause(name: &str) -> Result<()> {
    wit::unpause_container(name)
}

/// Ends and removes a container; fine where it is not there.
///
/// Errors: the engine's.
pub fn remove(name: &str) -> Result<()> {
    wit::remove_container(name)
}

/// Waits for a container's end, at most for so many milliseconds: its exit code.
///
/// Errors: `not-found`, `timeout`.
pub fn wait(name: &str, timeout_ms: u64) -> Result<i32> {
    wit::wait_container(name, timeout_ms)
}

/// Changes the limits of a container, also while it runs.
///
/// Errors: `not-found`.
pub fn set_limits(name: &str, limits: Limits) -> Result<()> {
    wit::set_limits(name, limits)
}

/// The states of containers as last heard of, in this order; none for what is not there. Does not wait for the engine.
///
/// Errors: `unavailable`.
pub fn states(names: &[String]) -> Result<Vec<Option<Shown>>> {
    wit::states(names)
}

/// The state of one container; see [`states`].
///
/// Errors: `unavailable`.
pub fn state(name: &str) -> Result<Option<Shown>> {
    Ok(wit::states(&[name.to_owned()])?.pop().flatten())
}

/// The containers of the domain whose names begin with `prefix`, as last heard of, by name.
///
/// Errors: `unavailable`.
pub fn list(prefix: &str) -> Result<Vec<Shown>> {
    wit::list_containers(prefix)
}

/// Puts files into a container, running or not.
///
/// Errors: `not-found`, `no-space`.
pub fn put_files(container: &str, files: &[File]) -> Result<()> {
    wit::put_files(container, files)
}

/// A command for [`exec`].
#[derive(Debug, Clone)]
pub struct Command(wit::Command);

impl Command {
    /// A program and its arguments, which have 30 seconds.
    pub fn new<S: Into<String>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self(wit::Command { arguments, environment: Vec::new(), stdin: Vec::new(), timeout_ms: 30_000 })
    }

    /// What it reads from its standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.stdin = bytes.into();
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.environment.push((name.to_owned(), value.into()));
        self
    }

    /// How long it may take, in milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, millis: u64) -> Self {
        self.0.timeout_ms = millis;
        self
    }
}

/// Runs a command in a running container and waits for its end.
///
/// Errors: `not-found`, `not-running`, `timeout`.
pub fn exec(container: &str, command: &Command) -> Result<Outcome> {
    wit::exec(container, &command.0)
}

/// What a container printed, as far as the engine kept it.
///
/// Errors: `not-found`.
pub fn logs(container: &str) -> Result<Body> {
    wit::logs(container).map(Body::from)
}

// === Ways between the host and containers ===

/// The host forwards exactly these TCP ports to the container from now on; for each why it does not work, or none. To be said again
/// when the host has started ([`crate::Work::Containers`] with no names).
///
/// Errors: `not-found`.
pub fn set_forwards(container: &str, forwards: &[Forward]) -> Result<Vec<Option<String>>> {
    wit::set_forwards(container, forwards)
}

/// How a container calls its service.
///
/// Errors: `not-found`; `other` where the host cannot be reached from containers.
pub fn endpoint(container: &str) -> Result<Endpoint> {
    wit::get_endpoint(container)
}

/// The container of the domain that sent the request at hand, if one did.
pub fn calling_container() -> Option<String> {
    wit::calling_container()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(why) => Self::unavailable(format!("The container engine is not available: {why}.")),
            Error::NotFound => Self::not_found("The container, network, volume or image does not exist."),
            Error::Conflict(what) => Self::new(
                Code::AlreadyExists,
                "conflict",
                format!("The name is taken at the container engine: {what}."),
            ),
            Error::InUse(what) => {
                Self::new(Code::FailedPrecondition, "resourceInUse", format!("It is in use: {what}."))
            }
            Error::NotRunning => Self::precondition("The container does not run."),
            Error::NoImage(how) => Self::new(Code::InvalidArgument, "imageNotFound", how),
            Error::NotAllowed(why) => Self::new(Code::PermissionDenied, "forbidden", why),
            Error::Quota(why) => Self::new(Code::ResourceExhausted, "quotaExceeded", why),
            Error::NoSpace => {
                Self::new(Code::InsufficientStorage, "insufficientStorage", "There is no room on the engine's disk.")
            }
            Error::Timeout => Self::deadline("The container engine took too long."),
            Error::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f07_an_engine_that_is_gone_is_503_and_says_so() {
        let failure = Failure::from(Error::Unavailable("/var/run/docker.sock: no such file".into()));
        assert_eq!((failure.http_status(), failure.code()), (503, Code::Unavailable));
        assert!(failure.message().contains("docker.sock"));
    }

    #[test]
    fn f07b_f18_errors_name_the_image_and_the_limit() {
        let failure = Failure::from(Error::NoImage("There is no image `debian:12`: `docker pull debian:12`.".into()));
        assert!(failure.http_status() == 400 && failure.message().contains("docker pull debian:12"));
        let failure = Failure::from(Error::Quota("The tenant may have 8 containers.".into()));
        assert!(failure.http_status() == 429 && failure.message().contains('8'));
    }

    #[test]
    fn a_new_container_asks_for_nothing_by_itself() {
        let new = new_container("a", Image::Own("x".into()));
        assert!(matches!(new.networking, Networking::None) && !new.administers_network && new.mounts.is_empty());
    }
}
