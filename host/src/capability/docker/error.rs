//! Why something with the container engine did not work, one variant a cause.

use bollard::errors::Error as Engine;
use std::error::Error as _;
use std::io;

/// As `fogbank:docker/docker.error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DockerError {
    #[error("the container engine is not available: {0}")]
    Unavailable(String),
    #[error("there is no such thing at the container engine")]
    NotFound,
    #[error("the name is taken: {0}")]
    Conflict(String),
    #[error("it is in use: {0}")]
    InUse(String),
    #[error("the container does not run")]
    NotRunning,
    #[error("{0}")]
    NoImage(String),
    #[error("{0}")]
    NotAllowed(String),
    #[error("{0}")]
    Quota(String),
    #[error("the engine's disk has no room")]
    NoSpace,
    #[error("the container engine took too long")]
    Timeout,
    #[error("{0}")]
    Other(String),
}

impl DockerError {
    pub(super) fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }

    /// Success where the thing is not there, since it was to go.
    pub(super) fn unless_gone(self) -> Result<(), Self> {
        match self {
            Self::NotFound => Ok(()),
            error => Err(error),
        }
    }
}

impl From<Engine> for DockerError {
    fn from(error: Engine) -> Self {
        match error {
            Engine::DockerResponseServerError { status_code, message } => of_answer(status_code, message),
            Engine::RequestTimeoutError => Self::Timeout,
            Engine::SocketNotFoundError(path) => Self::Unavailable(format!("there is no {path}")),
            Engine::DockerStreamError { error } | Engine::DockerContainerWaitError { error, .. } => of_text(error),
            Engine::JsonDataError { message, .. } => Self::Other(format!("an answer that does not read: {message}")),
            other if is_of_the_connection(&other) => Self::Unavailable(innermost(&other)),
            other => Self::Other(other.to_string()),
        }
    }
}

/// What the engine said.
fn of_answer(status: u16, message: String) -> DockerError {
    match status {
        404 => DockerError::NotFound,
        409 if message.contains("is not running") || message.contains("is not paused") => DockerError::NotRunning,
        409 => DockerError::Conflict(message),
        _ => of_text(message),
    }
}

fn of_text(message: String) -> DockerError {
    match message.contains("no space left on device") {
        true => DockerError::NoSpace,
        false => DockerError::Other(message),
    }
}

/// Whether the error is about reaching the engine, not about what was asked.
fn is_of_the_connection(error: &Engine) -> bool {
    matches!(error, Engine::IOError { .. } | Engine::HyperResponseError { .. } | Engine::HyperLegacyError { .. })
}

/// The last cause, which says what happened: `connection refused`.
fn innermost(error: &Engine) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = match inner.downcast_ref::<io::Error>() {
            Some(error) => error.kind().to_string(),
            None => inner.to_string(),
        };
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> DockerError {
        Engine::DockerResponseServerError { status_code, message: message.into() }.into()
    }

    #[test]
    fn what_the_engine_says_has_a_cause() {
        assert_eq!(answer(404, "No such container: x"), DockerError::NotFound);
        assert_eq!(answer(409, "Container abc is not running"), DockerError::NotRunning);
        assert!(matches!(answer(409, "the name is already in use by container"), DockerError::Conflict(_)));
        assert_eq!(answer(500, "write /x: no space left on device"), DockerError::NoSpace);
        assert!(matches!(answer(500, "something"), DockerError::Other(_)));
    }

    #[test]
    fn f07_a_connection_that_fails_is_an_engine_that_is_gone() {
        let refused = Engine::IOError { err: io::ErrorKind::ConnectionRefused.into() };
        assert_eq!(DockerError::from(refused), DockerError::Unavailable("connection refused".into()));
    }
}
