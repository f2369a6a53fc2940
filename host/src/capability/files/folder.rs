//! Folders and files below a store's folder, private to the user that runs the host (0700, 0600).

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, OpenOptions, OpenOptionsExt};
use std::fs::File;
use std::io;

/// A link is never followed: every name in a store's folder is a file that we made there.
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
}

/// A new, empty file that can be written and read.
pub(super) fn create(folder: &Dir, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    Ok(folder.open_with(name, no_follow(&mut options))?.into_std())
}

/// The file `name`, to be read.
pub(super) fn open(folder: &Dir, name: &str) -> io::Result<File> {
    regular(folder.open_with(name, no_follow(OpenOptions::new().read(true))))
}

/// The file `name`, to be written and read.
pub(super) fn open_for_writing(folder: &Dir, name: &str) -> io::Result<File> {
    regular(folder.open_with(name, no_follow(OpenOptions::new().read(true).write(true))))
}

/// Something that is not a file, or a link to anywhere, is as good as nothing.
fn regular(opened: io::Result<cap_std::fs::File>) -> io::Result<File> {
    let absent = || io::Error::from(io::ErrorKind::NotFound);
    let file = opened.map_err(|error| match (error.raw_os_error(), error.kind()) {
        (Some(libc::ELOOP | libc::ENOTDIR | libc::EXDEV | libc::EISDIR | libc::ENXIO), _) => absent(),
        // cap-std's own refusal of a path that leads outside.
        (None, io::ErrorKind::PermissionDenied) => absent(),
        _ => error,
    })?;
    if file.metadata()?.is_file() { Ok(file.into_std()) } else { Err(absent()) }
}

/// The folder `name`, made where it is absent. Says whether it was.
pub(super) fn ensure(parent: &Dir, name: &str) -> io::Result<(Dir, bool)> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    let made = match parent.create_dir_with(name, &builder) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error),
    };
    Ok((parent.open_dir(name)?, made))
}

/// Names in a folder that are text; others are not ours.
pub(super) fn names(folder: &Dir) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in folder.entries()? {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}
