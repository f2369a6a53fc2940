//! Large uploads and downloads, in MiB a second.

use super::Scale;
use super::native::Native;
use super::report::{Report, median};
use bytes::Bytes;
use fogbank_tests::Server;
use futures_util::StreamExt as _;
use std::time::Instant;

/// Bytes of a chunk that is sent.
const CHUNK: usize = 256 << 10;

/// Uploads with both hashes, and downloads, each in turns with its baseline.
pub async fn measure(report: &mut Report, scale: Scale) {
    let server = Server::start();
    server.client().bucket("bench-transfers").await;
    let folder = tempfile::tempdir_in(server.data()).expect("a temporary folder on the same disk");
    let native = Native::start(folder.path(), None);
    for &size in scale.sizes {
        let (mut up, mut native_up, mut down, mut native_down) = (vec![], vec![], vec![], vec![]);
        write_file(&folder.path().join("object"), size);
        let media = "/upload/storage/v1/b/bench-transfers/o?uploadType=media&name=object";
        for _ in 0..scale.rounds {
            native_up.push(upload(&format!("{}/upload", native.base()), size).await);
            up.push(upload(&format!("{}{media}", server.base()), size).await);
            native_down.push(download(&format!("{}/object", native.base())).await);
            let object = format!("{}/storage/v1/b/bench-transfers/o/object?alt=media", server.base());
            down.push(download(&object).await);
        }
        let mib = size >> 20;
        report.rate(&format!("upload of {mib} MiB, md5 and crc32c"), "MiB/s", median(up), median(native_up));
        report.rate(&format!("download of {mib} MiB"), "MiB/s", median(down), median(native_down));
    }
}

fn write_file(path: &std::path::Path, size: u64) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("a temporary file");
    let chunk = vec![0x5a; CHUNK];
    for _ in 0..size / CHUNK as u64 {
        file.write_all(&chunk).expect("room on the disk");
    }
}

async fn upload(url: &str, size: u64) -> f64 {
    let chunk = Bytes::from(vec![0x5a; CHUNK]);
    let chunks =
        futures_util::stream::iter((0..size / CHUNK as u64).map(move |_| Ok::<_, std::io::Error>(chunk.clone())));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.post(url).header("content-length", size).body(reqwest::Body::wrap_stream(chunks));
    let began = Instant::now();
    let response = request.send().await.expect("an answer");
    assert!(response.status().is_success(), "{:?}", response.text().await);
    response.bytes().await.expect("a whole answer");
    (size >> 20) as f64 / began.elapsed().as_secs_f64()
}

async fn download(url: &str) -> f64 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let began = Instant::now();
    let response = client.get(url).send().await.expect("an answer");
    assert!(response.status().is_success());
    let (mut chunks, mut size) = (response.bytes_stream(), 0u64);
    while let Some(chunk) = chunks.next().await {
        size += chunk.expect("a whole answer").len() as u64;
    }
    (size >> 20) as f64 / began.elapsed().as_secs_f64()
}
