//! F35: whichever byte is broken, the answer is a 4xx in Google's form, or the request still made sense.

use super::support::{Answer, Server, server};

/// What a byte is replaced with.
const BREAKS: [u8; 6] = [0, b' ', b'\n', b'\r', b':', 0xff];

#[tokio::test]
async fn f35_a_broken_byte_in_the_head_is_never_a_5xx() {
    let server = server("[limits]\nheader-timeout = \"2s\"").await;
    let good =
        b"POST /things/v1/echo/x?a=b HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(server.raw(good).await.expect("an answer").status, 200);
    for at in 0..good.len() {
        for byte in BREAKS {
            let mut broken = good.to_vec();
            broken[at] = byte;
            if let Some(answer) = server.raw(&broken).await {
                assert_sane(&answer, &broken);
            }
        }
    }
}

#[tokio::test]
async fn f35_a_request_cut_anywhere_is_no_5xx() {
    let server = server("").await;
    let good =
        b"POST /things/v1/echo/x HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    for end in 0..good.len() {
        if let Some(answer) = server.raw(&good[..end]).await {
            assert!((400..500).contains(&answer.status), "{answer:?}");
            answer.assert_error(answer.status);
        }
    }
}

#[tokio::test]
async fn f35_a_head_that_is_too_long_is_a_4xx_in_json() {
    let server = server("[limits]\nhead = \"8KiB\"").await;
    let long = "x".repeat(100_000);
    let header = format!("GET /things/v1/x HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
    let many = format!("GET /things/v1/x HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(1000));
    let url = format!("GET /things/v1/{long} HTTP/1.1\r\nHost: x\r\n\r\n");
    for request in [header, many, url] {
        let answer = server.raw(request.as_bytes()).await.expect("an answer");
        assert!((400..500).contains(&answer.status), "{}", answer.head);
        answer.assert_error(answer.status);
    }
}

#[tokio::test]
async fn f01_an_answer_that_looks_like_one_of_the_servers_own_is_not_touched() {
    let server = server("").await;
    let text = "HTTP/1.1 400 Bad Request";
    let answer = server.send("POST", "/things/v1/echo/x", "", text).await;
    assert_eq!(answer.json()["body"], text);
}

#[tokio::test]
async fn f35_a_broken_byte_in_a_batch_breaks_its_part_at_most() {
    let server = server("").await;
    let good = batch(&[
        "POST /things/v1/echo/x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
        "GET /things/v1/y",
    ]);
    assert_eq!(send(&server, &good).await.status, 200);
    for at in 0..good.len() {
        for byte in BREAKS {
            let mut broken = good.clone();
            broken[at] = byte;
            let answer = send(&server, &broken).await;
            assert_sane(&answer, &broken);
            assert!(!answer.body.contains("HTTP/1.1 5"), "{answer:?}\n{}", String::from_utf8_lossy(&broken));
        }
    }
    for end in 0..good.len() - 4 {
        send(&server, &good[..end]).await.assert_error(400);
    }
}

#[tokio::test]
async fn f37_each_part_of_a_batch_has_its_own_status_and_id() {
    let server = server("").await;
    server.gateway.tenants.create("blue", None).expect("made");
    let body =
        batch(&["GET /things/v1/a", "GET /nowhere", "garbage", "POST /things/v1/fail/trap", "POST /batch\r\n\r\nx"]);
    let answer = send_to(&server, "/_tenants/blue/batch/things/v1", &body).await;
    assert_eq!(answer.status, 200);
    let boundary = answer.header("content-type").and_then(|value| value.strip_prefix("multipart/mixed; boundary="));
    let boundary = format!("--{}", boundary.expect("a boundary"));
    let parts: Vec<&str> = answer.body.split(boundary.as_str()).filter(|part| part.contains("HTTP/1.1")).collect();
    let statuses = ["200", "404", "400", "500", "400"];
    assert_eq!(parts.len(), statuses.len(), "{answer:?}");
    for (index, (part, status)) in parts.iter().zip(statuses).enumerate() {
        assert!(part.contains(&format!("HTTP/1.1 {status} ")), "{part}");
        assert!(part.contains(&format!("Content-ID: <response-id+{index}>")), "{part}");
        assert!(
            part.contains(&format!(
                "content-length: {}",
                part.split("\r\n\r\n").nth(2).expect("body").trim_end_matches("\r\n").len()
            )),
            "{part}"
        );
    }
    assert!(parts[0].contains("\"tenant\":\"blue\""), "{}", parts[0]);
    let again = send_to(&server, "/_tenants/blue/batch/things/v1", &body).await;
    assert_eq!(again.status, 200);
}

/// A batch as gcloud writes it: bare line feeds, a quoted boundary.
fn batch(requests: &[&str]) -> Vec<u8> {
    let mut text = String::new();
    for (index, request) in requests.iter().enumerate() {
        let head = "Content-Type: application/http\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary";
        text.push_str(&format!("--===7330845974216740156==\n{head}\nContent-ID: <id+{index}>\n\n{request}\n"));
        text.push('\n');
    }
    text.push_str("--===7330845974216740156==--");
    text.into_bytes()
}

async fn send(server: &Server, body: &[u8]) -> Answer {
    send_to(server, "/batch", body).await
}

async fn send_to(server: &Server, path: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: multipart/mixed; boundary=\"===7330845974216740156==\"\r\n\r\n",
        body.len()
    );
    server.raw(&[head.as_bytes(), body].concat()).await.expect("an answer")
}

fn assert_sane(answer: &Answer, request: &[u8]) {
    assert!(answer.status < 500, "{answer:?}\n{}", String::from_utf8_lossy(request));
    if answer.status >= 400 {
        answer.assert_error(answer.status);
    }
}
