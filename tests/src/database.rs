//! PostgreSQL databases, one for each data folder, where `FOGBANK_TEST_DATABASE` names a server.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::Command;

/// The URL of a database on the test run's PostgreSQL server that belongs to `data` alone; made where it is not there. None where
/// the tests run on SQLite.
pub fn of_folder(data: &Path) -> Option<String> {
    let server = server()?;
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let name = format!("fogbank_test_{:016x}", hasher.finish());
    let output = psql(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || error.contains("already exists"), "{error}");
    Some(on(&server, &name))
}

/// The URL that the test run was given; none where it uses SQLite.
pub fn server() -> Option<String> {
    std::env::var("FOGBANK_TEST_DATABASE").ok().filter(|url| !url.is_empty())
}

/// Runs one statement with `psql` and gives what it printed, without headings.
///
/// # Panics
/// When it fails.
pub fn ask(url: &str, sql: &str) -> String {
    let output = psql(url, sql);
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

fn psql(url: &str, sql: &str) -> std::process::Output {
    Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().expect("psql runs")
}

/// The same server, another database. The URL's path is the database's name.
fn on(server: &str, name: &str) -> String {
    let (head, query) = server.split_once('?').map_or((server, None), |(head, query)| (head, Some(query)));
    let base = head.rsplit_once('/').expect("a URL has a path").0;
    match query {
        Some(query) => format!("{base}/{name}?{query}"),
        None => format!("{base}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server() {
        assert_eq!(on("postgres://u@127.0.0.1:5433/postgres", "x"), "postgres://u@127.0.0.1:5433/x");
        assert_eq!(on("postgres:///postgres?host=/tmp/s", "x"), "postgres:///x?host=/tmp/s");
    }
}
