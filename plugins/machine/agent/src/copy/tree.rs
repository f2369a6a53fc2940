//! Walks a tree: measures it, or copies it file by file.

use super::{attributes, contents};
use rustix::fs::{FileType, Mode};
use std::collections::HashMap;
use std::fs::{DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How much there is, or how much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Bytes of contents, without holes.
    pub bytes: u64,
    /// Files of all kinds, directories too.
    pub files: u64,
}

/// What failed, at which file.
#[derive(Debug)]
pub struct Error {
    path: PathBuf,
    cause: std::io::Error,
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.cause)
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    |cause| Error { path, cause }
}

/// `None` for a file that is gone: the tree may be in use while it is read.
fn unless_gone<T>(result: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Measures what is in a directory, within one file system.
///
/// # Errors
/// A part of it cannot be read.
pub fn measure(directory: &Path) -> Result<Counts, Error> {
    let device = std::fs::metadata(directory).map_err(at(directory))?.dev();
    let mut counts = Counts::default();
    let mut linked = HashMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let Some(entries) = unless_gone(std::fs::read_dir(&directory)).map_err(at(&directory))? else { continue };
        for entry in entries {
            let path = entry.map_err(at(&directory))?.path();
            let Some(metadata) = unless_gone(std::fs::symlink_metadata(&path)).map_err(at(&path))? else { continue };
            counts.files += 1;
            if metadata.is_dir() && metadata.dev() == device {
                waiting.push(path);
            } else if metadata.is_file() && linked.insert((metadata.dev(), metadata.ino()), ()).is_none() {
                counts.bytes += metadata.len().min(metadata.blocks() * 512);
            }
        }
    }
    Ok(counts)
}

/// Makes `to` a copy of `from`. `tell` hears of the progress after each file and each piece of a long one.
///
/// # Errors
/// Anything but a file that went away while it was to be copied.
pub fn copy(from: &Path, to: &Path, tell: &mut dyn FnMut(&Counts)) -> Result<Counts, Error> {
    let metadata = std::fs::metadata(from).map_err(at(from))?;
    DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(at(to))?;
    empty(to).map_err(at(to))?;
    let mounted = std::fs::metadata(to).map_err(at(to))?.dev();
    let mut copy = Copy { device: metadata.dev(), mounted, linked: HashMap::new(), counts: Counts::default(), tell };
    copy.directory(from, to, &metadata)?;
    // The answer "done" must outlive a crash of the host.
    let root = std::fs::File::open(to).map_err(at(to))?;
    rustix::fs::syncfs(&root).map_err(|error| at(to)(error.into()))?;
    Ok(copy.counts)
}

/// Removes all that is in a directory, but not the directory: it is where a volume is mounted, or the root of a machine. What is
/// mounted into it stays, and so does the way there. Whether nothing is left.
fn empty(directory: &Path) -> std::io::Result<bool> {
    let device = std::fs::metadata(directory)?.dev();
    let mut all = true;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let metadata = std::fs::symlink_metadata(&path)?;
        let removed = match metadata.is_dir() {
            true if metadata.dev() != device => false,
            true => empty(&path)? && gone(std::fs::remove_dir(&path))?,
            false => gone(std::fs::remove_file(&path))?,
        };
        all &= removed;
    }
    Ok(all)
}

/// False for what something is mounted on.
fn gone(removed: std::io::Result<()>) -> std::io::Result<bool> {
    match removed {
        Err(error) if error.kind() == ErrorKind::ResourceBusy => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// Makes a directory, save where it could not be removed.
fn made(directory: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        result => result,
    }
}

struct Copy<'a> {
    device: u64,
    /// The file system that is copied to.
    mounted: u64,
    /// Files with several names: the first copy of each.
    linked: HashMap<u64, PathBuf>,
    counts: Counts,
    tell: &'a mut dyn FnMut(&Counts),
}

impl Copy<'_> {
    fn directory(&mut self, from: &Path, to: &Path, metadata: &Metadata) -> Result<(), Error> {
        // What is mounted into the tree is not part of it.
        let entries =
            if metadata.dev() == self.device { unless_gone(std::fs::read_dir(from)).map_err(at(from))? } else { None };
        for entry in entries.into_iter().flatten() {
            let entry = entry.map_err(at(from))?;
            self.file(&entry.path(), &to.join(entry.file_name()))?;
        }
        // Last, since filling a directory changes its times, and its mode may not let it be filled.
        attributes::copy(from, to, metadata).map_err(at(to))
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        let Some(metadata) = unless_gone(std::fs::symlink_metadata(from)).map_err(at(from))? else { return Ok(()) };
        // What is mounted over the place stands there and not the copy.
        if std::fs::symlink_metadata(to).is_ok_and(|there| there.dev() != self.mounted || !there.is_dir()) {
            return Ok(());
        }
        if metadata.is_dir() {
            made(to).map_err(at(to))?;
            self.directory(from, to, &metadata)?;
        } else if !self.link(to, &metadata)? {
            if !self.single(from, to, &metadata)? {
                return Ok(());
            }
            attributes::copy(from, to, &metadata).map_err(at(to))?;
            if metadata.nlink() > 1 {
                self.linked.insert(metadata.ino(), to.to_owned());
            }
        }
        self.counts.files += 1;
        (self.tell)(&self.counts);
        Ok(())
    }

    /// Another name of a file that is copied already. False if it is not.
    fn link(&self, to: &Path, metadata: &Metadata) -> Result<bool, Error> {
        let Some(first) = self.linked.get(&metadata.ino()) else { return Ok(false) };
        std::fs::hard_link(first, to).map_err(at(to))?;
        Ok(true)
    }

    /// A file that is no directory. False if it is gone.
    fn single(&mut self, from: &Path, to: &Path, metadata: &Metadata) -> Result<bool, Error> {
        if metadata.is_symlink() {
            let Some(target) = unless_gone(std::fs::read_link(from)).map_err(at(from))? else { return Ok(false) };
            std::os::unix::fs::symlink(target, to).map_err(at(to))?;
        } else if metadata.is_file() {
            let Some(source) = unless_gone(std::fs::File::open(from)).map_err(at(from))? else { return Ok(false) };
            let (counts, tell) = (&mut self.counts, &mut self.tell);
            contents::copy(&source, to, &mut |bytes| {
                counts.bytes += bytes;
                tell(counts);
            })
            .map_err(at(to))?;
        } else {
            // Pipes, sockets, devices.
            let kind = FileType::from_raw_mode(metadata.mode());
            rustix::fs::mknodat(rustix::fs::CWD, to, kind, Mode::from_raw_mode(0o600), metadata.rdev())
                .map_err(|error| at(to)(error.into()))?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Directory {
            let path = std::env::temp_dir().join(format!("agent-copy-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("from/dir")).unwrap();
            Directory(path)
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.join(path)
        }

        fn copy(&self) -> Counts {
            copy(&self.path("from"), &self.path("to"), &mut |_| {}).unwrap()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn modes_times_and_links_are_kept() {
        let directory = Directory::new("kept");
        fs::write(directory.path("from/dir/file"), "text").unwrap();
        fs::hard_link(directory.path("from/dir/file"), directory.path("from/other")).unwrap();
        symlink("nowhere/at all", directory.path("from/link")).unwrap();
        fs::set_permissions(directory.path("from/dir/file"), fs::Permissions::from_mode(0o4751)).unwrap();
        fs::set_permissions(directory.path("from/dir"), fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(directory.copy(), Counts { bytes: 4, files: 4 });
        assert_eq!(fs::read_link(directory.path("to/link")).unwrap(), Path::new("nowhere/at all"));
        assert_eq!(fs::read(directory.path("to/other")).unwrap(), b"text");
        for path in ["dir", "dir/file", "link", "other"] {
            let [from, to] = ["from", "to"].map(|root| fs::symlink_metadata(directory.path(root).join(path)).unwrap());
            assert_eq!(from.mode(), to.mode(), "{path}");
            assert_eq!((from.mtime(), from.mtime_nsec()), (to.mtime(), to.mtime_nsec()), "{path}");
            assert_eq!((from.uid(), from.gid()), (to.uid(), to.gid()), "{path}");
        }
        let inode = |path| fs::metadata(directory.path(path)).unwrap().ino();
        assert_eq!(inode("to/other"), inode("to/dir/file"));
    }

    #[test]
    fn holes_stay_holes() {
        let directory = Directory::new("holes");
        let file = fs::File::create(directory.path("from/sparse")).unwrap();
        file.set_len(64 << 20).unwrap();
        file.write_all_at(b"middle", 32 << 20).unwrap();
        drop(file);
        directory.copy();
        let copied = fs::metadata(directory.path("to/sparse")).unwrap();
        assert_eq!(copied.len(), 64 << 20);
        assert!(copied.blocks() * 512 < 1 << 20);
        let mut middle = [0; 6];
        fs::File::open(directory.path("to/sparse")).unwrap().read_exact_at(&mut middle, 32 << 20).unwrap();
        assert_eq!(&middle, b"middle");
        assert!(measure(&directory.path("to")).unwrap().bytes < 1 << 20);
    }

    #[test]
    fn a_copy_can_be_repeated_over_the_rest_of_another() {
        let directory = Directory::new("repeated");
        fs::write(directory.path("from/dir/file"), "text").unwrap();
        fs::create_dir_all(directory.path("to/old/deep")).unwrap();
        fs::write(directory.path("to/dir"), "in the way").unwrap();
        let first = directory.copy();
        assert_eq!(directory.copy(), first);
        assert!(!directory.path("to/old").exists());
        assert_eq!(measure(&directory.path("to")).unwrap(), first);
    }

    #[test]
    fn pipes_are_copied_and_not_read() {
        let directory = Directory::new("pipes");
        let pipe = directory.path("from/pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        directory.copy();
        let kind = fs::metadata(directory.path("to/pipe")).unwrap().mode() & 0o170_000;
        assert_eq!(kind, 0o010_000);
    }

    #[test]
    fn what_cannot_be_removed_is_copied_into() {
        let directory = Directory::new("mounted");
        assert!(!gone(Err(ErrorKind::ResourceBusy.into())).unwrap());
        fs::create_dir(directory.path("from/dir/way")).unwrap();
        fs::create_dir_all(directory.path("to/dir/way")).unwrap();
        made(&directory.path("to/dir/way")).unwrap();
        assert!(made(&directory.path("to/dir/way/none/at/all")).is_err());
        assert!(empty(&directory.path("to")).unwrap());
        assert_eq!(directory.copy().files, 2);
    }

    #[test]
    fn a_tree_that_is_not_there_is_an_error() {
        let error = measure(Path::new("/no/such/tree")).unwrap_err();
        assert!(error.to_string().starts_with("/no/such/tree: "));
    }
}
