//! Borders: of chunks, delimiters, limits and lengths.

use std::collections::VecDeque;
use std::io::Write;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body::Body as _;
use http_body_util::{BodyExt, Full, StreamBody};

use super::{Body, BodyError, Limits, Source};

/// Chunks as given, then the end or an error.
struct Script(VecDeque<Result<Bytes, BodyError>>);

impl Source for Script {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        Poll::Ready(self.0.pop_front().transpose())
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

fn chunks(chunks: &[&str]) -> Body {
    Body::from_source(Script(chunks.iter().map(|c| Ok(Bytes::copy_from_slice(c.as_bytes()))).collect()))
}

fn one_by_one(text: &str) -> Body {
    Body::from_source(Script(text.bytes().map(|b| Ok(Bytes::from(vec![b]))).collect()))
}

async fn text(body: &mut Body) -> Result<String, BodyError> {
    body.read_to_end(1 << 20).await.map(|bytes| String::from_utf8(bytes.to_vec()).expect("text"))
}

#[tokio::test]
async fn reads_at_most_what_was_asked_and_counts_down() {
    let mut body = Body::from_bytes("abcdef");
    assert_eq!(body.length(), Some(6));
    assert_eq!(body.read(4).await, Ok(Some("abcd".into())));
    assert_eq!(body.length(), Some(2));
    assert_eq!(body.read(0).await, Ok(Some("e".into())));
    assert_eq!(body.read(100).await, Ok(Some("f".into())));
    assert_eq!(body.read(100).await, Ok(None));
    assert_eq!(body.length(), Some(0));
}

#[tokio::test]
async fn one_read_gives_at_most_a_mebibyte() {
    let mut body = Body::from_bytes(vec![7; super::MAX_READ + 1]);
    assert_eq!(body.read(usize::MAX).await.unwrap().unwrap().len(), super::MAX_READ);
    assert_eq!(body.read(usize::MAX).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_body_ends_at_once() {
    assert_eq!(Body::empty().length(), Some(0));
    assert_eq!(Body::empty().chunk().await, Ok(None));
    assert_eq!(text(&mut Body::empty()).await, Ok(String::new()));
    assert_eq!(text(&mut chunks(&["", "", ""])).await, Ok(String::new()));
}

#[tokio::test]
async fn read_to_end_keeps_its_limit_exactly() {
    assert_eq!(chunks(&["ab", "cd"]).read_to_end(4).await, Ok("abcd".into()));
    assert_eq!(chunks(&["ab", "cd"]).read_to_end(3).await, Err(BodyError::TooLarge(3)));
    assert_eq!(Body::from_bytes("abcd").read_to_end(3).await, Err(BodyError::TooLarge(3)));
    assert_eq!(Body::empty().read_to_end(0).await, Ok(Bytes::new()));
}

#[tokio::test]
async fn an_error_stays() {
    let mut body = Body::from_source(Script([Ok("ab".into()), Err(BodyError::Timeout)].into()));
    assert_eq!(body.chunk().await, Ok(Some("ab".into())));
    assert_eq!(body.chunk().await, Err(BodyError::Timeout));
    assert_eq!(body.chunk().await, Err(BodyError::Timeout));
}

#[tokio::test]
async fn parts_are_found_wherever_the_chunks_end() {
    let whole = "one--X two-- -X--X--X--Xfour--";
    for size in 1..=whole.len() {
        let cut: Vec<&str> = whole.as_bytes().chunks(size).map(|c| std::str::from_utf8(c).expect("ascii")).collect();
        let mut body = chunks(&cut);
        for part in ["one", " two-- -X", "", ""] {
            assert_eq!(text(&mut body.until(b"--X")).await.as_deref(), Ok(part), "chunks of {size}");
        }
        assert_eq!(text(&mut body).await.as_deref(), Ok("four--"), "chunks of {size}");
    }
}

#[tokio::test]
async fn a_delimiter_that_repeats_its_own_begin_is_found() {
    let mut body = one_by_one("aabaabaac!");
    assert_eq!(text(&mut body.until(b"aabaac")).await.as_deref(), Ok("aab"));
    assert_eq!(text(&mut body).await.as_deref(), Ok("!"));
}

#[tokio::test]
async fn a_part_without_its_delimiter_is_incomplete_and_so_is_the_rest() {
    let mut body = chunks(&["abc-", "-"]);
    let mut part = body.until(b"--X");
    assert_eq!(part.read(100).await, Ok(Some("abc".into())));
    assert_eq!(part.read(100).await, Err(BodyError::Incomplete));
    assert_eq!(part.read(100).await, Err(BodyError::Incomplete));
    assert_eq!(body.read(100).await, Err(BodyError::Incomplete));
}

#[tokio::test]
async fn a_part_that_is_dropped_is_passed_over() {
    for read in [0, 1, 3, 4] {
        let mut body = one_by_one("abcd--Xrest");
        let mut part = body.until(b"--X");
        for _ in 0..read {
            part.read(1).await.expect("a byte");
        }
        drop(part);
        assert_eq!(body.length(), None);
        assert_eq!(text(&mut body).await.as_deref(), Ok("rest"), "{read} bytes were read");
    }
    let mut body = chunks(&["abc-", "-Xrest"]);
    let mut part = body.until(b"--X");
    assert_eq!(part.read(9).await, Ok(Some("abc".into())));
    drop(part);
    assert_eq!(text(&mut body).await.as_deref(), Ok("rest"));
    let mut body = chunks(&["abc"]);
    drop(body.until(b"--X"));
    assert_eq!(text(&mut body).await, Err(BodyError::Incomplete));
}

#[tokio::test]
async fn a_body_waits_for_its_part_and_a_part_outlives_its_body() {
    let mut body = chunks(&["ab--Xcd"]);
    let mut part = body.until(b"--X");
    assert!(matches!(body.read(9).await, Err(BodyError::Other(_))));
    assert!(matches!(body.until(b"x").read(9).await, Err(BodyError::Other(_))));
    assert!(matches!(body.gunzip().read(9).await, Err(BodyError::Other(_))));
    assert_eq!(body.length(), None);
    drop(body);
    assert_eq!(text(&mut part).await.as_deref(), Ok("ab"));
}

#[tokio::test]
async fn a_part_gives_the_rest_back_as_soon_as_its_end_is_seen() {
    let mut body = Body::from_bytes("ab--Xcd");
    let mut part = body.until(b"--X");
    assert_eq!(text(&mut part).await.as_deref(), Ok("ab"));
    assert_eq!(body.length(), Some(2), "the part still lives");
    assert_eq!(text(&mut body).await.as_deref(), Ok("cd"));
}

#[tokio::test]
async fn parts_of_parts() {
    let mut body = one_by_one("a,b;c,d;e");
    let mut first = body.until(b";");
    assert_eq!(text(&mut first.until(b",")).await.as_deref(), Ok("a"));
    drop(first.until(b","));
    assert_eq!(text(&mut first).await, Err(BodyError::Incomplete));
    // The inner part failed at the outer one's end; the body itself goes on behind it.
    assert_eq!(text(&mut body.until(b";")).await.as_deref(), Ok("c,d"));
    assert_eq!(text(&mut body).await.as_deref(), Ok("e"));
}

#[tokio::test]
async fn delimiters_have_a_length() {
    assert!(matches!(Body::empty().until(b"").read(1).await, Err(BodyError::Other(_))));
    assert!(matches!(Body::empty().until(&[b'x'; 257]).read(1).await, Err(BodyError::Other(_))));
    let mut body = Body::from_bytes("x".repeat(300));
    assert_eq!(body.until(&[b'x'; 256]).read(1).await, Ok(None));
    assert_eq!(text(&mut body).await.expect("rest").len(), 44);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn gzip_is_decompressed_and_judged() {
    let content: Vec<u8> = (0..300_000u32).map(|n| ((n * n) >> 7) as u8).collect();
    let packed = gzip(&content);
    let mut body = Body::from_bytes(packed.clone());
    assert_eq!(body.gunzip().read_to_end(1 << 20).await.unwrap(), content);
    assert_eq!(body.read(1).await, Ok(None), "the rest was taken");
    let mut twice = gzip(b"a");
    twice.extend(gzip(b"b"));
    assert_eq!(text(&mut Body::from_bytes(twice).gunzip()).await.as_deref(), Ok("ab"));
    let cut = Bytes::from(packed).slice(..1000);
    let malformed = |result| matches!(result, Err(BodyError::Malformed(_)));
    assert!(malformed(Body::from_bytes(cut).gunzip().read_to_end(1 << 20).await));
    assert!(malformed(Body::from_bytes("not gzip at all").gunzip().read_to_end(1 << 20).await));
    let failing = Body::from_source(Script([Ok(gzip(b"a").into()), Err(BodyError::Timeout)].into())).gunzip();
    assert_eq!({ failing }.read_to_end(9).await, Err(BodyError::Timeout));
}

#[tokio::test]
async fn a_range_of_a_file_is_given_exactly() {
    let content: Vec<u8> = (0..600_001u32).map(|n| (n % 251) as u8).collect();
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&content).expect("disk");
    for (offset, length) in [(0, 600_001), (0, 0), (1, 262_144), (262_143, 262_145), (600_001, 0), (600_000, 1)] {
        let mut body = Body::from_file(file.try_clone().expect("handle"), offset as u64, length as u64);
        assert_eq!(body.length(), Some(length as u64));
        assert_eq!(body.read_to_end(1 << 20).await.unwrap(), content[offset..offset + length]);
    }
    let mut beyond = Body::from_file(file, 600_000, 2);
    assert_eq!(beyond.read_to_end(9).await, Err(BodyError::Incomplete));
}

fn limits(max_size: u64) -> Limits {
    Limits { max_size, idle: Duration::from_secs(5) }
}

#[tokio::test]
async fn f06_a_declared_and_an_undeclared_size_have_one_limit() {
    let declared = Full::new(Bytes::from("abcd"));
    let mut body = Body::from_http_body(declared.clone(), limits(3));
    assert_eq!(body.length(), Some(4));
    assert_eq!(body.chunk().await, Err(BodyError::TooLarge(3)));
    assert_eq!(text(&mut Body::from_http_body(declared, limits(4))).await.as_deref(), Ok("abcd"));
    let frames = ["ab", "cd"].map(|c| Ok::<_, BodyError>(http_body::Frame::data(Bytes::from(c))));
    let mut body = Body::from_http_body(StreamBody::new(futures_util::stream::iter(frames)), limits(3));
    assert_eq!(body.length(), None);
    assert_eq!(body.chunk().await, Ok(Some("ab".into())));
    assert_eq!(body.chunk().await, Err(BodyError::TooLarge(3)));
}

#[tokio::test]
async fn silence_is_a_timeout_but_not_the_readers_own() {
    let first = futures_util::stream::iter([Ok::<_, BodyError>(http_body::Frame::data(Bytes::from("ab")))]);
    let silent = first.chain(futures_util::stream::pending());
    let mut body =
        Body::from_http_body(StreamBody::new(silent), Limits { max_size: 100, idle: Duration::from_millis(60) });
    assert_eq!(body.chunk().await, Ok(Some("ab".into())));
    tokio::time::sleep(Duration::from_millis(120)).await;
    let asked = tokio::time::Instant::now();
    assert_eq!(body.chunk().await, Err(BodyError::Timeout));
    assert!(asked.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn an_answer_knows_its_size_and_passes_errors_on() {
    let mut answer = Body::from_bytes("abc").into_http_body();
    assert_eq!(answer.size_hint().exact(), Some(3));
    assert!(!answer.is_end_stream());
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
    assert!(answer.is_end_stream());
    assert!(answer.frame().await.is_none());
    assert!(Body::empty().into_http_body().is_end_stream());
    let mut broken = Body::failed(BodyError::Incomplete).into_http_body();
    assert_eq!(broken.size_hint().exact(), None);
    assert_eq!(broken.frame().await.unwrap().unwrap_err(), BodyError::Incomplete);
}
