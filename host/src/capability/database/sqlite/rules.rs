//! What SQLite's authorizer lets each author do: <https://www.sqlite.org/c3ref/c_alter_table.html>.

use crate::capability::database::sql::RESERVED;
use crate::capability::database::value::Author;
use libsqlite3_sys as ffi;

/// Pragmas of a migration: deferring foreign keys while a table is rebuilt, and the checks that `ALTER TABLE` makes.
const MIGRATION_PRAGMAS: [&str; 4] = ["defer_foreign_keys", "quick_check", "integrity_check", "foreign_key_check"];

/// Whether `author` may do `action`, one of SQLite's authorizer codes, to the things named `first` and `second`.
pub fn allows(author: Author, action: i32, first: &str, second: &str) -> bool {
    if action == ffi::SQLITE_ATTACH || action == ffi::SQLITE_DETACH {
        return false;
    }
    match author {
        Author::Host => true,
        Author::Migration => migration_allows(action, first, second),
        Author::Service => service_allows(action, first, second),
    }
}

fn service_allows(action: i32, first: &str, second: &str) -> bool {
    match action {
        ffi::SQLITE_SELECT | ffi::SQLITE_RECURSIVE => true,
        ffi::SQLITE_READ => !is_reserved(first),
        ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => !is_reserved(first) && !is_schema(first),
        ffi::SQLITE_FUNCTION => is_harmless(second),
        _ => false,
    }
}

fn migration_allows(action: i32, first: &str, second: &str) -> bool {
    match action {
        ffi::SQLITE_TRANSACTION | ffi::SQLITE_SAVEPOINT => false,
        ffi::SQLITE_CREATE_TEMP_INDEX
        | ffi::SQLITE_CREATE_TEMP_TABLE
        | ffi::SQLITE_CREATE_TEMP_TRIGGER
        | ffi::SQLITE_CREATE_TEMP_VIEW
        | ffi::SQLITE_CREATE_VTABLE => false,
        ffi::SQLITE_PRAGMA => MIGRATION_PRAGMAS.contains(&first),
        ffi::SQLITE_FUNCTION => is_harmless(second),
        _ => !is_reserved(first) && !is_reserved(second),
    }
}

fn is_reserved(name: &str) -> bool {
    name.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
}

fn is_schema(name: &str) -> bool {
    name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

fn is_harmless(function: &str) -> bool {
    !["load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"]
        .iter()
        .any(|name| function.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_changes_data_only() {
        let may = |action, first, second| allows(Author::Service, action, first, second);
        assert!(may(ffi::SQLITE_INSERT, "objects", ""));
        assert!(may(ffi::SQLITE_READ, "objects", "name"));
        assert!(!may(ffi::SQLITE_INSERT, "sqlite_master", ""));
        assert!(!may(ffi::SQLITE_UPDATE, "Fogbank_migrations", "version"));
        assert!(!may(ffi::SQLITE_READ, "fogbank_operations", "id"));
        assert!(!may(ffi::SQLITE_FUNCTION, "", "Load_Extension"));
        for action in [ffi::SQLITE_CREATE_TABLE, ffi::SQLITE_PRAGMA, ffi::SQLITE_TRANSACTION, ffi::SQLITE_ATTACH] {
            assert!(!may(action, "a", ""), "{action}");
        }
    }

    #[test]
    fn a_migration_changes_the_schema_as_well() {
        let may = |action, first, second| allows(Author::Migration, action, first, second);
        assert!(may(ffi::SQLITE_CREATE_TABLE, "objects", ""));
        assert!(may(ffi::SQLITE_PRAGMA, "defer_foreign_keys", "on"));
        assert!(!may(ffi::SQLITE_PRAGMA, "journal_mode", "off"));
        assert!(!may(ffi::SQLITE_CREATE_TRIGGER, "mine", "fogbank_operations"));
        assert!(!may(ffi::SQLITE_TRANSACTION, "COMMIT", ""));
        assert!(!may(ffi::SQLITE_ATTACH, "/etc/passwd", ""));
    }

    #[test]
    fn nobody_attaches() {
        assert!(!allows(Author::Host, ffi::SQLITE_ATTACH, "x", ""));
    }
}
