//! `migrations/{sqlite,postgres}/NNNN_name.sql` beside the manifest.

use super::problem::Problems;
use crate::plugin::package::Package;

/// One step of a service's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Ascending, from the file's name.
    pub number: u32,
    /// What follows the number.
    pub name: String,
    pub sql: String,
}

/// The steps for each backend, in their order, with the same numbers in both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationFiles {
    pub sqlite: Vec<Migration>,
    pub postgres: Vec<Migration>,
}

/// Reads both folders.
pub(super) fn read(package: &dyn Package, problems: &mut Problems) -> MigrationFiles {
    let files =
        MigrationFiles { sqlite: folder(package, "sqlite", problems), postgres: folder(package, "postgres", problems) };
    let numbers = |steps: &[Migration]| steps.iter().map(|step| step.number).collect::<Vec<_>>();
    if numbers(&files.sqlite) != numbers(&files.postgres) {
        problems.add("migrations/sqlite and migrations/postgres do not have the same numbers");
    }
    files
}

fn folder(package: &dyn Package, backend: &str, problems: &mut Problems) -> Vec<Migration> {
    let folder = format!("migrations/{backend}");
    let names = package.list(&folder).unwrap_or_else(|error| {
        problems.add(format!("{folder} cannot be read: {error}"));
        vec![]
    });
    let mut steps: Vec<Migration> = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".sql")) {
        match step(package, &format!("{folder}/{name}"), name) {
            Ok(step) if steps.last().is_some_and(|last| last.number >= step.number) => {
                problems.add(format!("{folder}/{name}: number {} is taken", step.number));
            }
            Ok(step) => steps.push(step),
            Err(why) => problems.add(format!("{folder}/{name}: {why}")),
        }
    }
    steps
}

fn step(package: &dyn Package, path: &str, file: &str) -> Result<Migration, String> {
    let (number, name) = file.trim_end_matches(".sql").split_once('_').ok_or("call it NNNN_name.sql")?;
    if number.len() != 4 {
        return Err("call it NNNN_name.sql, with four digits".into());
    }
    let number = number.parse().map_err(|_| "call it NNNN_name.sql, with four digits")?;
    let bytes = package.read(path).map_err(|error| format!("cannot be read: {error}"))?.ok_or("is gone")?;
    let sql = String::from_utf8(bytes.into_owned()).map_err(|_| "is not UTF-8")?;
    Ok(Migration { number, name: name.to_owned(), sql })
}
