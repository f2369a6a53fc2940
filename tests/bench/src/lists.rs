//! F13: a page of a large bucket costs what a page of a small one costs.

use super::Scale;
use super::load::{Shot, latency};
use super::report::Report;
use fogbank_tests::Server;
use fogbank_tests::server::Options;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A page of 1000 objects, from the middle of each bucket.
pub async fn measure(report: &mut Report, scale: Scale) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    {
        let mut server = Server::with(Options::default().data(folder.path()));
        for bucket in ["bench-small", "bench-large"] {
            server.client().bucket(bucket).await;
            server.client().upload(bucket, "object", "content").await.expect(200);
        }
        server.terminate();
        server.ended_within(std::time::Duration::from_secs(30));
    }
    fill(&folder.path().join("tenants/default/storage/db.sqlite"), "bench-small", 1000).await;
    fill(&folder.path().join("tenants/default/storage/db.sqlite"), "bench-large", scale.objects).await;
    let server = Server::with(Options::default().data(folder.path()));
    let page = |bucket: &str, from: u64| {
        Shot::get(&format!("/storage/v1/b/{bucket}/o?maxResults=1000&startOffset=object-{from:09}"))
    };
    let small = latency(server.base(), &page("bench-small", 0), 15).await;
    let large = latency(server.base(), &page("bench-large", scale.objects / 2), 15).await;
    report.time(&format!("1000 of {} objects against 1000 of 1000", scale.objects), large, small);
}

/// Copies the bucket's one row until it has `count` of them: a million uploads would take longer than the rest.
async fn fill(file: &std::path::Path, bucket: &str, count: u64) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.expect("the database");
    let columns = sqlx::query_scalar::<_, String>("SELECT group_concat(name, ',') FROM pragma_table_info('objects')");
    let columns = columns.fetch_one(&pool).await.expect("columns");
    let values: Vec<String> = columns
        .split(',')
        .map(|column| match column {
            "name" => "printf('object-%09d', n)".to_string(),
            column => format!("o.{column}"),
        })
        .collect();
    let sql = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count}) \
         INSERT INTO objects ({columns}) SELECT {} FROM numbers, objects o JOIN buckets b ON b.id = o.bucket \
         WHERE b.name = '{bucket}' AND o.name = 'object'",
        values.join(",")
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.expect("rows");
    sqlx::query("ANALYZE").execute(&pool).await.expect("statistics");
    pool.close().await;
}
