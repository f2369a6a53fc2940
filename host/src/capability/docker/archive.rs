//! Files as the engine takes them: a tar archive.

use super::error::DockerError;
use bytes::Bytes;
use std::collections::BTreeSet;

/// A file to put into an image or a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Absolute.
    pub path: String,
    pub mode: u32,
    pub content: Bytes,
}

impl NewFile {
    /// Its path below `/`, without anything that is no plain name (F04).
    fn inside(&self) -> Result<&str, DockerError> {
        let inside = self.path.strip_prefix('/').unwrap_or_default();
        let plain = |name: &str| !name.is_empty() && name != "." && name != ".." && !name.contains('\0');
        match inside.split('/').all(plain) {
            true => Ok(inside),
            false => Err(DockerError::Other(format!("`{}` is no absolute path of a file", self.path))),
        }
    }
}

/// Whether folders above the files are in the archive. In a container that has them already they are not to be touched; the engine
/// makes those that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    Listed,
    Implied,
}

/// The files as an archive; they belong to root.
pub fn tar(files: &[NewFile], folders: Folders) -> Result<Bytes, DockerError> {
    let mut builder = tar::Builder::new(Vec::new());
    let failed = |error: std::io::Error| DockerError::Other(format!("no archive: {error}"));
    let mut listed = BTreeSet::new();
    for file in files {
        let path = file.inside()?;
        if folders == Folders::Listed {
            for (at, _) in path.match_indices('/').filter(|(at, _)| listed.insert(path[..*at].to_owned())) {
                let mut header = header(tar::EntryType::Directory, 0o755, 0);
                builder.append_data(&mut header, format!("{}/", &path[..at]), std::io::empty()).map_err(failed)?;
            }
        }
        let mut header = header(tar::EntryType::Regular, file.mode & 0o7777, file.content.len() as u64);
        builder.append_data(&mut header, path, &*file.content).map_err(failed)?;
    }
    builder.into_inner().map(Bytes::from).map_err(failed)
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn file(path: &str, mode: u32, text: &str) -> NewFile {
        NewFile { path: path.into(), mode, content: text.as_bytes().to_vec().into() }
    }

    #[test]
    fn an_archive_has_the_files_with_their_modes_and_root_as_owner() {
        let bytes = tar(&[file("/a/b/run", 0o755, "x"), file("/a/c", 0o600, "yz")], Folders::Listed).expect("made");
        let mut archive = tar::Archive::new(&*bytes);
        let mut seen = Vec::new();
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("read");
            let path = entry.path().expect("a path").display().to_string();
            assert_eq!(entry.header().uid().expect("a number"), 0);
            seen.push((path, entry.header().mode().expect("a mode"), text));
        }
        let expected = [("a/", 0o755, ""), ("a/b/", 0o755, ""), ("a/b/run", 0o755, "x"), ("a/c", 0o600, "yz")];
        assert_eq!(seen, expected.map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned())));
    }

    #[test]
    fn f04_a_path_cannot_leave_the_container() {
        for path in ["", "/", "a", "/a/../b", "/..", "/a//b", "/a/", "/./a", "/a\0b"] {
            assert!(tar(&[file(path, 0o644, "")], Folders::Implied).is_err(), "{path}");
        }
    }
}
