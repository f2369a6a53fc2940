//! Which statements a service may run: one at a time, on data, and nothing of the host's.
//!
//! This is the first fence and gives a clear message. Behind it stand the database's own: SQLite's authorizer, and the
//! rights of a PostgreSQL role.

mod known;
mod lexer;

use super::value::{Author, Backend};
use lexer::{Lexer, Token};

/// Names that begin so belong to the host.
pub const RESERVED: &str = "fogbank_";

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Whether it is an INSERT, UPDATE or DELETE, so that rows affected mean something.
    pub changes: bool,
    /// The highest parameter.
    pub params: u32,
}

/// Checks one statement of a service; the text says what is wrong, for the log.
pub fn check(sql: &str, backend: Backend) -> Result<Shape, String> {
    let mut lexer = Lexer::new(sql, backend);
    let first = match lexer.next().transpose()? {
        Some(Token::Word(word)) => word,
        _ => return Err("begins with no keyword".into()),
    };
    let mut shape = Shape { changes: changes(first), params: 0 };
    if !is_data(first, backend) {
        return Err(format!("{first} is not for services; SELECT, INSERT, UPDATE, DELETE and WITH are"));
    }
    let with = first.eq_ignore_ascii_case("WITH");
    let (mut depth, mut ended) = (0, false);
    for token in lexer {
        let token = token?;
        if ended && token != Token::Semicolon {
            return Err("has a second statement".into());
        }
        match token {
            Token::Semicolon => ended = true,
            Token::Param(0) => return Err("has a parameter $0".into()),
            Token::Param(number) => shape.params = shape.params.max(number),
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth -= 1,
            Token::Word(word) => {
                if backend == Backend::Postgres && !shape.changes && word.eq_ignore_ascii_case("INTO") && !with {
                    return Err("SELECT INTO makes a table".into());
                }
                shape.changes |= with && depth == 0 && changes(word);
                allowed_name(word, backend)?;
            }
            Token::Quoted(name) => allowed_name(name, backend)?,
            Token::Literal | Token::Symbol(_) => {}
        }
    }
    Ok(shape)
}

fn changes(word: &str) -> bool {
    ["INSERT", "UPDATE", "DELETE", "REPLACE"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

fn is_data(word: &str, backend: Backend) -> bool {
    let replace = backend == Backend::Sqlite || !word.eq_ignore_ascii_case("REPLACE");
    let reads = ["SELECT", "WITH", "VALUES"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    reads || (changes(word) && replace)
}

/// Refuses the host's names, and on PostgreSQL the server's own functions and catalogs: they know of other schemas,
/// and can change a session's limits or run text as SQL.
fn allowed_name(name: &str, backend: Backend) -> Result<(), String> {
    if starts_with(name, RESERVED) {
        return Err(format!("names that begin with {RESERVED} are the host's"));
    }
    if backend == Backend::Sqlite {
        return Ok(());
    }
    let server = ["pg_", "lo_", "dblink", "set_config", "current_setting", "information_schema"];
    if server.iter().any(|prefix| starts_with(name, prefix)) || contains(name, "_to_xml") {
        return Err(format!("{name} is the server's"));
    }
    Ok(())
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn contains(name: &str, part: &str) -> bool {
    name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Checks a migration, which may have several statements. On SQLite the authorizer does it, statement by statement.
pub fn check_migration(sql: &str, backend: Backend) -> Result<(), String> {
    if backend == Backend::Sqlite {
        return Ok(());
    }
    let mut words: Vec<&str> = Vec::new();
    for token in Lexer::new(sql, backend).chain([Ok(Token::Semicolon)]) {
        match token? {
            Token::Semicolon => {
                check_schema_statement(&words)?;
                words.clear();
            }
            Token::Word(word) => {
                allowed_name(word, backend)?;
                words.push(word);
            }
            Token::Quoted(name) => allowed_name(name, backend)?,
            Token::Param(_) => return Err("has a parameter".into()),
            Token::Literal | Token::Symbol(_) => {}
        }
    }
    Ok(())
}

fn check_schema_statement(words: &[&str]) -> Result<(), String> {
    const ALLOWED: [&str; 12] = [
        "CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "COMMENT", "TRUNCATE", "REINDEX",
        "ANALYZE",
    ];
    const SHARED: [&str; 11] = [
        "ROLE",
        "USER",
        "GROUP",
        "DATABASE",
        "SYSTEM",
        "EXTENSION",
        "SERVER",
        "SCHEMA",
        "TABLESPACE",
        "PUBLICATION",
        "SUBSCRIPTION",
    ];
    let is_in = |word: &str, list: &[&str]| list.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    match words {
        [] => Ok(()),
        [first, ..] if !is_in(first, &ALLOWED) => Err(format!("{first} is not for migrations")),
        [first, second, ..] if is_in(first, &ALLOWED[..3]) && is_in(second, &SHARED) => {
            Err(format!("{first} {second} is not for migrations"))
        }
        _ => Ok(()),
    }
}

/// The author's own rules: what a statement of this author is, or why it may not run.
pub fn check_for(author: Author, sql: &str, backend: Backend) -> Result<Shape, String> {
    match author {
        Author::Service => known::check_once(sql, backend),
        // The host's statements are constants of this crate; their shape is all that is asked.
        Author::Host | Author::Migration => {
            let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            Ok(Shape { changes: changes(first), params: u32::MAX })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

    #[test]
    fn data_statements_are_allowed() {
        let statements = [
            ("SELECT a, ';' FROM t WHERE b = $2 AND c = $1 -- the end;", false, 2),
            ("insert into t (a) values ($1) on conflict (a) do update set a = excluded.a returning a;", true, 1),
            ("UPDATE t SET a = $1", true, 1),
            ("/* why */ DELETE FROM t", true, 0),
            ("WITH x AS (SELECT 1) SELECT * FROM x", false, 0),
            ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", true, 0),
        ];
        for backend in BOTH {
            for (sql, changes, params) in statements {
                assert_eq!(check(sql, backend), Ok(Shape { changes, params }), "{sql}");
            }
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let statements = [
            "",
            ";",
            "BEGIN",
            "begin immediate",
            "COMMIT",
            "ROLLBACK",
            "END",
            "SAVEPOINT a",
            "RELEASE a",
            "ABORT",
            "START TRANSACTION",
            "ATTACH 'x' AS y",
            "DETACH y",
            "PRAGMA query_only = 0",
            "VACUUM",
            "VACUUM INTO 'x'",
            "SET search_path = a",
            "RESET ALL",
            "COPY t TO '/tmp/x'",
            "DO $$ BEGIN END $$",
            "LISTEN a",
            "NOTIFY a",
            "CREATE TABLE t (a)",
            "DROP TABLE t",
            "ALTER TABLE t ADD a",
            "EXPLAIN SELECT 1",
            "PREPARE a AS SELECT 1",
            "EXECUTE a",
            "CALL a()",
            "GRANT a TO b",
            "LOCK TABLE t",
            "DISCARD ALL",
            "LOAD 'x'",
            "ANALYZE",
            "REINDEX",
            "SELECT 1; SELECT 2",
            "SELECT 1; -- a\n DELETE FROM t",
            "SELECT 1;; COMMIT",
            "(SELECT 1)",
            "SELECT $0",
            "SELECT * FROM fogbank_migrations",
            "DELETE FROM \"Fogbank_Operations\"",
            "INSERT INTO FOGBANK_x VALUES (1)",
            "SELECT 1 /*",
        ];
        for backend in BOTH {
            for sql in statements {
                assert!(check(sql, backend).is_err(), "{sql} on {backend:?}");
            }
        }
    }

    #[test]
    fn what_the_server_keeps_to_itself_is_refused() {
        let statements = [
            "SELECT set_config('statement_timeout', '0', false)",
            "SELECT * FROM pg_catalog.pg_class",
            "SELECT \"pg_sleep\"(9)",
            "SELECT query_to_xml('COMMIT', true, true, '')",
            "SELECT lo_create(0)",
            "SELECT U&\"set\\005fconfig\"('a', 'b', false)",
            "SELECT 1 INTO t",
            "SELECT pg_advisory_lock(1)",
            "SELECT * FROM information_schema.tables",
        ];
        for sql in statements {
            assert!(check(sql, Backend::Postgres).is_err(), "{sql}");
        }
    }

    #[test]
    fn migrations_change_the_schema_and_nothing_else() {
        let good = "CREATE TABLE a (b TEXT COLLATE \"C\"); CREATE INDEX c ON a (b);
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$; -- end";
        assert_eq!(check_migration(good, Backend::Postgres), Ok(()));
        for sql in [
            "CREATE TABLE a (b TEXT); COMMIT",
            "BEGIN; CREATE TABLE a (b TEXT)",
            "ALTER ROLE me PASSWORD 'x'",
            "SET search_path = x",
            "CREATE TABLE fogbank_x (a INT)",
            "DROP SCHEMA x CASCADE",
            "COPY a FROM '/etc/passwd'",
        ] {
            assert!(check_migration(sql, Backend::Postgres).is_err(), "{sql}");
        }
    }
}
