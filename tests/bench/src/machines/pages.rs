//! F13: an item of a page costs what it costs where there are few.

use super::{INSTANCES, Scale, done, machine};
use crate::load::{Shot, latency};
use crate::report::{Report, median};
use fogbank_tests::Server;
use fogbank_tests::server::Options;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Instances of the two projects, and how many of them a page has.
const FEW: u64 = 100;
const MANY: u64 = 10_000;
const PAGE: u64 = 500;

/// Pages from the middle of 10,000, against all of 100: one of 500 as the time for 100 items, and one of 100.
pub async fn measure(report: &mut Report, scale: Scale) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = || Options::new().data(folder.path()).arg("--compute").arg("metadata");
    {
        let mut server = Server::with(options());
        let client = server.client();
        for project in ["bench", "bench-small"] {
            let path = INSTANCES.replace("/bench/", &format!("/{project}/"));
            let operation = client.post(&path, machine("seed")).await.expect(200).json();
            done(&client, &operation).await;
        }
        server.terminate();
        server.ended_within(std::time::Duration::from_secs(30));
    }
    let file = folder.path().join("tenants/default/compute/db.sqlite");
    fill(&file, "bench", MANY).await;
    fill(&file, "bench-small", FEW).await;
    let server = Server::with(options());
    let small = Shot::get(&format!("{}?maxResults={FEW}", INSTANCES.replace("/bench/", "/bench-small/")));
    let middle = middle(&server).await;
    let large = [PAGE, FEW].map(|size| Shot::get(&middle.replace(&format!("={PAGE}&"), &format!("={size}&"))));
    let (mut measured, mut baseline) = ([vec![], vec![]], vec![]);
    for _ in 0..(4 * scale.rounds + 1) {
        baseline.push(latency(server.base(), &small, 5).await);
        for (shot, measured) in large.iter().zip(&mut measured) {
            measured.push(latency(server.base(), shot, 5).await);
        }
    }
    let [of_page, of_few] = measured.map(median);
    let baseline = median(baseline);
    let per_item = of_page / (PAGE / FEW) as f64;
    let what = format!("{FEW} items of a page of {PAGE} of {MANY} instances, against a page of {FEW} of {FEW}");
    report.time(&what, per_item, baseline);
    report.time(&format!("a page of {FEW} of {MANY} instances, against one of {FEW} of {FEW}"), of_few, baseline);
}

/// The path of the page that begins in the middle of the large project.
async fn middle(server: &Server) -> String {
    let first = format!("{INSTANCES}?maxResults={PAGE}");
    let mut path = first.clone();
    for _ in 0..MANY / PAGE / 2 {
        let page = server.client().get(&path).await.expect(200).json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(PAGE as usize), "a page is full");
        path = format!("{first}&pageToken={}", fogbank_tests::encode(page["nextPageToken"].as_str().expect("a token")));
    }
    path
}

/// Copies the project's one instance, with its links, until there are `count`.
async fn fill(file: &std::path::Path, project: &str, count: u64) {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.expect("the database");
    let numbers =
        format!("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count})");
    let seed = format!("projects/{project}/zones/us-central1-a/instances/seed");
    let rows = format!(
        "{numbers} INSERT INTO resource (path, project, collection, scope, name, id, created_ms, body) \
         SELECT printf('%s-%06d', path, n), project, collection, scope, printf('%s-%06d', name, n), id + n, created_ms, body \
         FROM numbers, resource WHERE path = '{seed}'"
    );
    let links = format!(
        "{numbers} INSERT INTO link (source, target) SELECT printf('%s-%06d', source, n), target FROM numbers, link \
         WHERE source = '{seed}'"
    );
    for sql in [rows, links, "ANALYZE".to_owned()] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.expect("rows");
    }
    pool.close().await;
}
