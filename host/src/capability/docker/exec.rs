//! Commands in running containers, and what containers printed.

use super::Docker;
use super::error::DockerError;
use super::names::Owner;
use crate::capability::http::body::Source;
use crate::capability::http::{Body, BodyError};
use bollard::container::LogOutput;
use bollard::errors::Error as Engine;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

/// What is kept of each stream.
const MOST: usize = 1 << 20;

/// How often the engine is asked for an exit code that it does not know yet.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: u32 = 200;

/// A command to run.
#[derive(Debug, Clone)]
pub struct Command {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub stdin: Vec<u8>,
    pub timeout: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub exit_code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Docker {
    /// Runs a command in a running container and waits for its end.
    pub async fn exec(&self, owner: &Owner, container: &str, command: Command) -> Result<Outcome, DockerError> {
        let id = self.id_of(owner, container).await?;
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: Some(command.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: Some(command.arguments),
            ..Default::default()
        };
        let (limit, stdin) = (command.timeout, command.stdin);
        let run = |engine: bollard::Docker| async move {
            let created = engine.create_exec(&id, options).await.map_err(of_exec)?;
            let started = engine.start_exec(&created.id, None).await.map_err(of_exec)?;
            let StartExecResults::Attached { output, mut input } = started else {
                return Err(DockerError::other("the command was not attached"));
            };
            let send = async {
                // A command that does not read to the end is no failure of ours.
                if let Err(error) = input.write_all(&stdin).await {
                    tracing::debug!(%error, "a command did not read all of its input");
                }
                let _ = input.shutdown().await;
            };
            let (gathered, ()) = tokio::join!(gather(output), send);
            let (stdout, stderr) = gathered?;
            Ok(Outcome { exit_code: exit_code(&engine, &created.id).await?, stdout, stderr })
        };
        self.client.call(limit, run).await
    }

    /// What a container printed, both streams in their order.
    pub async fn logs(&self, owner: &Owner, container: &str) -> Result<Body, DockerError> {
        let id = self.id_of(owner, container).await?;
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let idle = self.config.limits.call;
        let begin = |engine: bollard::Docker| async move {
            let mut logs = engine.logs(&id, Some(options)).boxed();
            // The first piece tells whether there is such a container.
            let first = logs.next().await.transpose()?;
            Ok(Logs { first, rest: logs, idle, timer: None })
        };
        self.client.quick(begin).await.map(Body::from_source)
    }
}

/// The engine says of a container that is paused or stopped that it conflicts.
fn of_exec(error: Engine) -> DockerError {
    match DockerError::from(error) {
        DockerError::Conflict(_) => DockerError::NotRunning,
        error => error,
    }
}

/// Both streams to their ends, as much of each as is kept.
async fn gather(
    mut output: impl Stream<Item = Result<LogOutput, Engine>> + Unpin,
) -> Result<(Vec<u8>, Vec<u8>), DockerError> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some(piece) = output.next().await {
        let (kept, message) = match piece? {
            LogOutput::StdErr { message } => (&mut stderr, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (&mut stdout, message)
            }
        };
        let room = MOST - kept.len();
        kept.extend_from_slice(&message[..message.len().min(room)]);
    }
    Ok((stdout, stderr))
}

/// The streams may end before the engine has seen the command's end.
async fn exit_code(engine: &bollard::Docker, id: &str) -> Result<i32, DockerError> {
    for _ in 0..LOOKS {
        let exec = engine.inspect_exec(id).await?;
        if exec.running != Some(true)
            && let Some(code) = exec.exit_code
        {
            return Ok(i32::try_from(code).unwrap_or(i32::MAX));
        }
        sleep(LOOK).await;
    }
    Err(DockerError::Timeout)
}

/// A container's output as a body.
struct Logs {
    first: Option<LogOutput>,
    rest: BoxStream<'static, Result<LogOutput, Engine>>,
    /// How long a piece may take.
    idle: Duration,
    timer: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Source for Logs {
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Ok(Some(first.into_bytes())));
        }
        if let Poll::Ready(piece) = self.rest.poll_next_unpin(context) {
            self.timer = None;
            let piece = piece.transpose().map_err(|error| BodyError::other(error.to_string()));
            return Poll::Ready(piece.map(|piece| piece.map(LogOutput::into_bytes)));
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.idle)));
        timer.as_mut().poll(context).map(|()| Err(BodyError::Timeout))
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_command_that_prints_without_end_fills_no_memory() {
        let piece = || Ok(LogOutput::StdOut { message: Bytes::from(vec![b'x'; 300_000]) });
        let errors = || Ok(LogOutput::StdErr { message: Bytes::from_static(b"oh") });
        let (stdout, stderr) =
            gather(stream::iter([piece(), errors(), piece(), piece(), piece(), piece()])).await.expect("read");
        assert_eq!((stdout.len(), &*stderr), (MOST, b"oh".as_slice()));
    }

    #[tokio::test]
    async fn output_that_stands_still_is_an_error() {
        let rest = stream::pending().boxed();
        let mut body = Body::from_source(Logs { first: None, rest, idle: Duration::from_millis(5), timer: None });
        assert_eq!(timeout(Duration::from_secs(5), body.chunk()).await.expect("in time"), Err(BodyError::Timeout));
    }
}
