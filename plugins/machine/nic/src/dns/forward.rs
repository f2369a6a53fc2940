//! Questions that resolvers of the internet answer: handed on as they came, and the answers back.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::timeout;

use super::message::Question;

/// Port of DNS.
const PORT: u16 = 53;
/// How long one resolver may take over UDP, and over TCP; clients ask again after five seconds.
const UDP_ANSWER: Duration = Duration::from_secs(2);
const TCP_ANSWER: Duration = Duration::from_secs(5);
/// Times that all resolvers are asked.
const ROUNDS: usize = 2;

/// How a client asked, and so how it is asked on its behalf: an answer that is too long for UDP comes cut to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// Questions that are being forwarded, and how often each: Docker's resolver may be told to ask us what we ask it.
pub type UnderWay = Mutex<HashMap<String, usize>>;

/// Equal questions at once; more are a loop.
const EQUAL: usize = 64;

/// A question that is being forwarded, as long as this lives.
pub struct Turn<'under_way> {
    under_way: &'under_way UnderWay,
    name: String,
}

impl<'under_way> Turn<'under_way> {
    /// Counts the question; none when it goes round in circles.
    pub fn take(under_way: &'under_way UnderWay, name: &str) -> Option<Turn<'under_way>> {
        let mut counts = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(name.to_owned()).or_default();
        if *count >= EQUAL {
            return None;
        }
        *count += 1;
        Some(Turn { under_way, name: name.to_owned() })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut counts = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
    }
}

/// The first answer of `resolvers`; none when none of them gives one.
pub async fn forward(
    message: &[u8],
    question: &Question,
    transport: Transport,
    resolvers: &[Ipv4Addr],
    mark: u32,
) -> Option<Vec<u8>> {
    for resolver in resolvers.iter().cycle().take(resolvers.len() * ROUNDS) {
        let resolver = SocketAddr::from((*resolver, PORT));
        let answer = match transport {
            Transport::Udp => timeout(UDP_ANSWER, over_udp(message, question, resolver, mark)).await,
            Transport::Tcp => timeout(TCP_ANSWER, over_tcp(message, resolver, mark)).await,
        };
        if let Ok(Ok(answer)) = answer
            && question.is_answered_by(&answer)
        {
            return Some(answer);
        }
    }
    None
}

/// Waits for an answer to this very question; a socket of its own has a random port, which makes answers hard to forge.
async fn over_udp(message: &[u8], question: &Question, resolver: SocketAddr, mark: u32) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    SockRef::from(&socket).set_mark(mark)?;
    socket.connect(resolver).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if question.is_answered_by(&buffer[..length]) {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

async fn over_tcp(message: &[u8], resolver: SocketAddr, mark: u32) -> io::Result<Vec<u8>> {
    let socket = TcpSocket::new_v4()?;
    SockRef::from(&socket).set_mark(mark)?;
    let mut stream = socket.connect(resolver).await?;
    let length = u16::try_from(message.len()).map_err(io::Error::other)?.to_be_bytes();
    stream.write_all(&[&length[..], message].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_comes_back_is_not_asked_for_ever() {
        let under_way = UnderWay::default();
        let turns: Vec<_> = (0..EQUAL).map(|_| Turn::take(&under_way, "example.com").unwrap()).collect();
        assert!(Turn::take(&under_way, "example.com").is_none());
        assert!(Turn::take(&under_way, "example.org").is_some());
        drop(turns);
        assert!(under_way.lock().unwrap().is_empty());
    }
}
