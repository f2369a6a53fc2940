//! An answer that begins before its end is known: `fogbank:http/responses`.

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

/// Chunks that may wait for a slow client before the service waits too.
const QUEUE: usize = 4;

/// The head of a streamed answer, and where its bytes come from. The answer ends when the channel does and the service
/// says `written`; where the service fails instead, the connection has to be broken off.
#[derive(Debug)]
pub struct StartedAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub chunks: mpsc::Receiver<Bytes>,
}

/// Where `start` leaves the head for whoever runs the call.
#[derive(Debug, Default)]
pub struct AnswerSlot {
    waiting: Option<oneshot::Sender<StartedAnswer>>,
}

impl AnswerSlot {
    /// A slot, and the end at which its head arrives.
    pub fn new() -> (Self, oneshot::Receiver<StartedAnswer>) {
        let (sender, receiver) = oneshot::channel();
        (Self { waiting: Some(sender) }, receiver)
    }

    /// Sends the head; none where it was sent before or nobody waits for one.
    pub fn start(&mut self, status: u16, headers: Vec<(String, String)>) -> Option<Writer> {
        let (sender, chunks) = mpsc::channel(QUEUE);
        self.waiting.take()?.send(StartedAnswer { status, headers, chunks }).ok()?;
        Some(Writer { chunks: sender })
    }
}

/// The bytes of a streamed answer, from the service's side.
#[derive(Debug)]
pub struct Writer {
    chunks: mpsc::Sender<Bytes>,
}

impl Writer {
    /// Hands over a chunk; waits while the client is slower. An error means that the client has left.
    pub async fn write(&self, chunk: Bytes) -> Result<(), Closed> {
        self.chunks.send(chunk).await.map_err(|_| Closed)
    }
}

/// The client has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_starts_once() {
        let (mut slot, head) = AnswerSlot::new();
        let writer = slot.start(200, vec![]).expect("first start");
        assert!(slot.start(200, vec![]).is_none());
        let mut answer = head.await.expect("head");
        writer.write(Bytes::from_static(b"x")).await.expect("open");
        drop(writer);
        assert_eq!(answer.chunks.recv().await.as_deref(), Some(&b"x"[..]));
        assert!(answer.chunks.recv().await.is_none());
    }

    #[tokio::test]
    async fn writing_to_a_client_that_left_is_an_error() {
        let (mut slot, head) = AnswerSlot::new();
        let writer = slot.start(200, vec![]).expect("start");
        drop(head);
        assert_eq!(writer.write(Bytes::from_static(b"x")).await, Err(Closed));
    }
}
