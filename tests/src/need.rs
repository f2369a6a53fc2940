//! What a test needs from the machine. Missing, the test says so and passes, unless `FOGBANK_TEST_STRICT=1`: then it fails.

use std::path::PathBuf;

/// Whether missing tools are failures.
pub fn strict() -> bool {
    std::env::var_os("FOGBANK_TEST_STRICT").is_some_and(|value| value == "1")
}

/// The program's path, or none after saying that the test is skipped.
///
/// # Panics
/// When the tests are strict and the program is missing.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        skip(&format!("`{name}` is not on this machine"));
    }
    found
}

/// Says that a test is skipped, and why.
///
/// # Panics
/// When the tests are strict.
pub fn skip(why: &str) {
    assert!(!strict(), "FOGBANK_TEST_STRICT=1, and {why}");
    eprintln!("SKIPPED: {why}");
}
