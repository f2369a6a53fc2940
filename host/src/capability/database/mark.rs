//! Which database goes with a data folder. Files lie in the folder wherever the records are, and a sweep removes files
//! that no record names: beside another, empty database that would be all of them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The file in the data folder that says so.
const NAME: &str = "database";

/// Notes at the first start where the records of the data folder `data` are, and refuses any other place from then on.
/// `url` is that of PostgreSQL; without one it is SQLite.
///
/// The error is a sentence for the operator.
pub fn claim(data: &Path, url: Option<&str>) -> Result<(), String> {
    let (file, wanted) = (data.join(NAME), url.map_or_else(|| "sqlite".to_owned(), place));
    match fs::read_to_string(&file) {
        Ok(noted) if noted.trim() == wanted => Ok(()),
        Ok(noted) => Err(format!(
            "the records of the data folder {} are in {}, not in {wanted}: name that database, or another data folder; \
             if it only has a new address, change {}",
            data.display(),
            noted.trim(),
            file.display()
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            note(data, &file, &wanted).map_err(|error| format!("{} cannot be written: {error}", file.display()))
        }
        Err(error) => Err(format!("{} cannot be read: {error}", file.display())),
    }
}

/// Server and database, without who logs in.
fn place(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return "postgres".to_owned() };
    let socket = url.query_pairs().find(|(name, _)| name == "host").map(|(_, host)| host.into_owned());
    let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned).or(socket);
    let (host, port) = (host.unwrap_or_else(|| "localhost".to_owned()), url.port().unwrap_or(5432));
    format!("postgres {host}:{port}{}", url.path())
}

fn note(data: &Path, file: &Path, wanted: &str) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    let mut note = File::create(&unfinished)?;
    writeln!(note, "{wanted}")?;
    note.sync_all()?;
    fs::rename(&unfinished, file)?;
    File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f15_a_data_folder_stays_with_its_database() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, other) = ("postgres://a:b@db.example/fogbank", "postgres://a:b@db.example/other");
        claim(folder.path(), None).expect("the first start decides");
        claim(folder.path(), None).expect("the same again");
        let refused = claim(folder.path(), Some(one)).expect_err("another database");
        assert!(refused.contains("sqlite") && refused.contains("postgres db.example:5432/fogbank"), "{refused}");
        assert!(!refused.contains("a:b"), "{refused}");

        let folder = tempfile::tempdir().expect("folder");
        claim(folder.path(), Some(one)).expect("the first start decides");
        claim(folder.path(), Some("postgres://c:d@db.example:5432/fogbank?x=y")).expect("somebody else logs in");
        assert!(claim(folder.path(), Some(other)).is_err() && claim(folder.path(), None).is_err());
        assert_eq!(place("postgres:///name?host=/run/sock"), "postgres /run/sock:5432/name");
    }
}
