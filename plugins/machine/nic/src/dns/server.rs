//! The resolver's servers, and what they answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::forward::{Transport, Turn, forward};
use super::message::{Code, INTERNET, Malformed, Question, Record, failure, kind};
use crate::names::{self, Found, Place};
use crate::settings::Source;

/// Questions at once over UDP, and connections; what is more is dropped, and asked again by the client.
const AT_ONCE: usize = 512;
/// How long a client may keep a connection without a question.
const IDLE: Duration = Duration::from_secs(10);
/// Longest message over UDP (RFC 1035, 4.2.1), and over TCP.
const UDP_LIMIT: usize = 512;
const TCP_LIMIT: usize = 65535;

/// Serves UDP for ever.
pub async fn serve_udp(socket: UdpSocket, source: Arc<Source>) {
    let socket = Arc::new(socket);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut buffer = vec![0; 4096];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            // An ICMP error about an answer before.
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (message, socket, source) = (buffer[..length].to_vec(), socket.clone(), source.clone());
        tokio::spawn(async move {
            if let Some(answer) = answer(&message, Transport::Udp, &source).await {
                // A client that is gone needs none.
                socket.send_to(&answer, client).await.ok();
            }
            drop(place);
        });
    }
}

/// Serves TCP for ever.
pub async fn serve_tcp(listener: TcpListener, source: Arc<Source>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let place = places.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let source = source.clone();
                tokio::spawn(async move {
                    // An error is the client's, who has gone or sent half a message.
                    connection(stream, &source).await.ok();
                    drop(place);
                });
            }
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Answers the questions of a connection in order.
async fn connection(mut stream: TcpStream, source: &Source) -> io::Result<()> {
    loop {
        let message = timeout(IDLE, read(&mut stream)).await??;
        let Some(answer) = answer(&message, Transport::Tcp, source).await else { return Ok(()) };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?.to_be_bytes();
        timeout(IDLE, stream.write_all(&[&length[..], &answer].concat())).await??;
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// The answer to a message; none for what is no question.
async fn answer(message: &[u8], transport: Transport, source: &Source) -> Option<Vec<u8>> {
    let question = match Question::read(message) {
        Ok(question) => question,
        Err(Malformed::Answer(id, code)) => return Some(failure(id, code)),
        Err(Malformed::Silence) => return None,
    };
    let limit = if transport == Transport::Udp { UDP_LIMIT } else { TCP_LIMIT };
    let say = |code| question.answer(code, &[], limit);
    let Some(settings) = source.current() else { return Some(say(Code::ServerFailure)) };
    let place = match names::place(&question.name, &settings.configuration) {
        // Other classes are nobody's here.
        _ if question.class != INTERNET => Place::Outside,
        place => place,
    };
    let found = match place {
        Place::Known(found) => Ok(Some(found)),
        Place::Unknown => Ok(None),
        Place::Fogbank if is_host_name(&question.name) => names::ask(&question.name, &settings, source).await,
        Place::Fogbank => Ok(None),
        Place::Outside => {
            let Some(_turn) = Turn::take(&source.under_way, &question.name) else {
                return Some(say(Code::ServerFailure));
            };
            let answer = forward(message, &question, transport, &settings.resolvers, source.mark).await;
            return Some(answer.unwrap_or_else(|| say(Code::ServerFailure)));
        }
    };
    Some(match found {
        Ok(Some(found)) => question.answer(Code::NoError, &records(&question, &found), limit),
        Ok(None) => say(Code::NameError),
        Err(_) => say(Code::ServerFailure),
    })
}

/// What may stand in the path of a URL as it is.
fn is_host_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The records of the kind that was asked for; none when the name has others only (AAAA).
fn records(question: &Question, found: &Found) -> Vec<Record> {
    let addresses = found.addresses.iter().copied().map(Record::A);
    let names = found.names.iter().cloned().map(Record::Ptr);
    match question.kind {
        kind::A => addresses.collect(),
        kind::PTR => names.collect(),
        kind::ANY => addresses.chain(names).collect(),
        _ => Vec::new(),
    }
}
