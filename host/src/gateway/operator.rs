//! The operator's token: whoever can read the data folder may do everything.

use rand::RngExt;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file of the data folder that holds the token, readable by its owner alone.
pub const FILE: &str = "administrator-token";

/// The digest of the operator's token.
pub struct OperatorToken([u8; 32]);

impl OperatorToken {
    /// Reads the token of a data folder; makes one at first.
    pub fn of(data: &Path) -> io::Result<Self> {
        let path = file(data);
        let token = match std::fs::read_to_string(&path) {
            Ok(token) => token.trim().to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
            Err(error) => return Err(error),
        };
        match token.is_empty() {
            true => Err(io::Error::other(format!("{} is empty", path.display()))),
            false => Ok(Self(Sha256::digest(token.as_bytes()).into())),
        }
    }

    /// Whether `token` is the operator's. Digests are compared, so that the time taken says nothing about the token.
    pub fn matches(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        digest == self.0
    }
}

/// Where the token of a data folder is.
pub fn file(data: &Path) -> PathBuf {
    data.join(FILE)
}

fn make(path: &Path) -> io::Result<String> {
    let secret: [u8; 32] = rand::rng().random();
    let token = format!("fbadm_{}", hex::encode(secret));
    let unfinished = path.with_extension("new");
    let _ = std::fs::remove_file(&unfinished);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn f28_the_token_stays_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let first = OperatorToken::of(folder.path()).expect("made");
        let token = std::fs::read_to_string(file(folder.path())).expect("file");
        assert!(first.matches(token.trim()));
        assert!(OperatorToken::of(folder.path()).expect("read").matches(token.trim()));
        assert!(!first.matches("") && !first.matches("fbadm_"));
        let mode = std::fs::metadata(file(folder.path())).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
