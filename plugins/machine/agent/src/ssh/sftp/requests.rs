//! The requests (section 6). Each answers with a message, with nothing (a status of success), or fails.

use super::attributes::{self, Wanted};
use super::files::{Handles, Open};
use super::{Failure, message};
use crate::ssh::wire::{Fields, Message};
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest piece that is read at a time.
const PIECE: u32 = 256 * 1024;
/// Entries in one answer to READDIR.
const ENTRIES: usize = 100;

const READ: u32 = 1;
const WRITE: u32 = 2;
const APPEND: u32 = 4;
const CREATE: u32 = 8;
const TRUNCATE: u32 = 16;
const EXCLUSIVE: u32 = 32;

/// Extensions of OpenSSH's PROTOCOL file (section 4) that are known here, with their versions.
pub const EXTENSIONS: [(&str, &str); 4] = [
    ("posix-rename@openssh.com", "1"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
];

type Answer = Result<Option<Message>, Failure>;

/// Carries a request out.
pub fn answer(kind: u8, id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    match kind {
        message::OPEN => open(id, fields, handles),
        message::CLOSE => done(handles.remove(fields.string()?)),
        message::READ => read(id, fields, handles),
        message::WRITE => write(fields, handles),
        message::OPENDIR => open_directory(id, fields, handles),
        message::READDIR => read_directory(id, fields, handles),
        message::STAT => attributes_of(id, &std::fs::metadata(path(fields)?)?),
        message::LSTAT => attributes_of(id, &std::fs::symlink_metadata(path(fields)?)?),
        message::FSTAT => attributes_of(id, &stat_open(handles.get(fields.string()?)?)?),
        message::SETSTAT => {
            let path = path(fields)?;
            done(Wanted::read(fields)?.apply(&path))
        }
        message::FSETSTAT => {
            let path = handles.path(fields.string()?)?;
            done(Wanted::read(fields)?.apply(&path))
        }
        message::REMOVE => done(std::fs::remove_file(path(fields)?)),
        message::RMDIR => done(std::fs::remove_dir(path(fields)?)),
        message::MKDIR => make_directory(fields),
        message::REALPATH => one_name(id, &real_path(&path(fields)?)?),
        message::READLINK => one_name(id, &std::fs::read_link(path(fields)?)?),
        message::RENAME => rename(fields),
        // OpenSSH's order, which all clients follow: the target first, then the link.
        message::SYMLINK => done(std::os::unix::fs::symlink(path(fields)?, path(fields)?)),
        message::EXTENDED => extended(id, fields, handles),
        _ => Err(Failure::Unsupported),
    }
}

fn done<E: Into<Failure>>(result: Result<(), E>) -> Answer {
    result.map(|()| None).map_err(Into::into)
}

/// A path; the empty one is the directory in which the session began.
fn path(fields: &mut Fields<'_>) -> Result<PathBuf, Failure> {
    let bytes = fields.string()?;
    Ok(if bytes.is_empty() { PathBuf::from(".") } else { PathBuf::from(OsStr::from_bytes(bytes)) })
}

fn open(id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    let (path, flags, wanted) = (path(fields)?, fields.u32()?, Wanted::read(fields)?);
    let has = |flag| flags & flag != 0;
    let mut options = OpenOptions::new();
    options.read(has(READ)).write(has(WRITE)).mode(wanted.mode.unwrap_or(0o666) & 0o7777);
    options.create(has(CREATE)).create_new(has(CREATE) && has(EXCLUSIVE)).truncate(has(TRUNCATE));
    let file = options.open(&path)?;
    let handle = handles.insert(Open::File { file, path, append: has(APPEND) })?;
    Ok(Some(Message::new(message::HANDLE).u32(id).string(handle)))
}

fn read(id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    let (file, _) = handles.file(fields.string()?)?;
    let (offset, length) = (fields.u64()?, fields.u32()?.min(PIECE));
    let mut data = vec![0; length as usize];
    let read = file.read_at(&mut data, offset)?;
    if read == 0 && length > 0 {
        return Err(Failure::End);
    }
    Ok(Some(Message::new(message::DATA).u32(id).string(&data[..read])))
}

fn write(fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    let (file, append) = handles.file(fields.string()?)?;
    let (offset, data) = (fields.u64()?, fields.string()?);
    let offset = if append { file.metadata()?.len() } else { offset };
    done(file.write_all_at(data, offset))
}

fn open_directory(id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    let path = path(fields)?;
    let entries = std::fs::read_dir(&path)?;
    let handle = handles.insert(Open::Directory { entries, path })?;
    Ok(Some(Message::new(message::HANDLE).u32(id).string(handle)))
}

fn read_directory(id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    let Open::Directory { entries, .. } = handles.get(fields.string()?)? else { return Err(Failure::BadMessage) };
    let mut names = Vec::new();
    for entry in entries.take(ENTRIES) {
        let entry = entry?;
        // An entry that went away meanwhile is none.
        if let Ok(metadata) = entry.metadata() {
            names.push((entry.file_name(), metadata));
        }
    }
    if names.is_empty() {
        return Err(Failure::End);
    }
    let head = Message::new(message::NAME).u32(id).u32(names.len() as u32);
    Ok(Some(names.iter().fold(head, |answer, (name, metadata)| {
        let long = attributes::long_name(&name.to_string_lossy(), metadata);
        attributes::write(answer.string(name.as_bytes()).string(long), metadata)
    })))
}

fn attributes_of(id: u32, metadata: &Metadata) -> Answer {
    Ok(Some(attributes::write(Message::new(message::ATTRS).u32(id), metadata)))
}

fn stat_open(open: &Open) -> std::io::Result<Metadata> {
    match open {
        Open::File { file, .. } => file.metadata(),
        Open::Directory { path, .. } => std::fs::metadata(path),
    }
}

fn make_directory(fields: &mut Fields<'_>) -> Answer {
    let (path, wanted) = (path(fields)?, Wanted::read(fields)?);
    done(std::fs::DirBuilder::new().mode(wanted.mode.unwrap_or(0o777) & 0o7777).create(path))
}

/// In version 3, RENAME does not replace a file.
fn rename(fields: &mut Fields<'_>) -> Answer {
    let (from, to) = (path(fields)?, path(fields)?);
    if std::fs::symlink_metadata(&to).is_ok() {
        return Err(std::io::Error::other("the target is there already").into());
    }
    done(std::fs::rename(from, to))
}

/// A path without links and dots. Its last part need not be there.
fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == std::io::ErrorKind::NotFound => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(parent.canonicalize()?.join(name))
        }
        (result, ..) => result,
    }
}

fn one_name(id: u32, path: &Path) -> Answer {
    let name = path.as_os_str().as_bytes();
    // No attributes: their flags are zero.
    Ok(Some(Message::new(message::NAME).u32(id).u32(1).string(name).string(name).u32(0)))
}

fn extended(id: u32, fields: &mut Fields<'_>, handles: &mut Handles) -> Answer {
    match fields.text()? {
        "posix-rename@openssh.com" => done(std::fs::rename(path(fields)?, path(fields)?)),
        "hardlink@openssh.com" => done(std::fs::hard_link(path(fields)?, path(fields)?)),
        "fsync@openssh.com" => done(handles.file(fields.string()?).map(|(file, _)| file).and_then(sync)),
        "expand-path@openssh.com" => {
            let path = path(fields)?;
            // The session begins in the home directory.
            one_name(id, &real_path(Path::new(".").join(path.strip_prefix("~").unwrap_or(&path)).as_path())?)
        }
        _ => Err(Failure::Unsupported),
    }
}

fn sync(file: &File) -> Result<(), Failure> {
    Ok(file.sync_all()?)
}
