use super::support::server;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

#[tokio::test]
async fn f31_a_stopping_server_finishes_what_is_in_hand_and_takes_nothing_new() {
    let server = server("").await;
    let idle = TcpStream::connect(server.address).await.expect("connects");
    let began = Instant::now();
    let (answer, ()) = tokio::join!(server.send("POST", "/things/v1/fail/slow", "", ""), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.cancel();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(TcpStream::connect(server.address).await.is_err(), "a stopped server takes no connections");
    });
    assert_eq!(answer.status, 200);
    assert_eq!(server.task.await.expect("ended"), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(idle);
}

#[tokio::test]
async fn f31_what_takes_too_long_is_cut_off() {
    let server = server("[limits]\ndrain = \"20ms\"").await;
    let request = "POST /things/v1/fail/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    let (answer, ()) = tokio::join!(server.raw(request.as_bytes()), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.cancel();
    });
    assert!(answer.is_none(), "{answer:?}");
    assert_eq!(server.task.await.expect("ended"), 1);
}

#[tokio::test]
async fn a_client_that_sends_no_head_is_let_go() {
    let server = server("[limits]\nheader-timeout = \"100ms\"").await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let mut byte = [0_u8; 1];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte);
    let read = tokio::time::timeout(Duration::from_secs(5), read).await.expect("an end");
    assert_eq!(read.unwrap_or(0), 0);
}
