//! Copies what is in a file, and leaves its holes out.

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::Result;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Largest piece between two words of progress.
const PIECE: u64 = 8 << 20;

/// Copies a file into a new one. `tell` hears how many bytes each piece had.
///
/// # Errors
/// It cannot be read or written.
pub fn copy(source: &File, to: &Path, tell: &mut dyn FnMut(u64)) -> Result<()> {
    let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let length = source.metadata()?.len();
    let mut position = 0;
    while let Some((begin, end)) = data(source, position, length)? {
        position = begin;
        while position < end {
            let copied = piece(source, &target, position, (end - position).min(PIECE))?;
            if copied == 0 {
                // The file became shorter while it was copied.
                break;
            }
            position += copied;
            tell(copied);
        }
        position = end;
    }
    target.set_len(length)
}

/// The next run of data at or after a position.
fn data(source: &File, position: u64, length: u64) -> Result<Option<(u64, u64)>> {
    if position >= length {
        return Ok(None);
    }
    let begin = match seek(source, SeekFrom::Data(position)) {
        Ok(begin) => begin,
        Err(Errno::NXIO) => return Ok(None),
        // A file system that knows no holes.
        Err(Errno::INVAL | Errno::NOTSUP) => return Ok(Some((position, length))),
        Err(error) => return Err(error.into()),
    };
    let end = seek(source, SeekFrom::Hole(begin))?.min(length);
    Ok((begin < end).then_some((begin, end)))
}

/// Copies a piece within the kernel where that works, else through memory.
fn piece(source: &File, target: &File, position: u64, length: u64) -> Result<u64> {
    let (mut from, mut to) = (position, position);
    match rustix::fs::copy_file_range(source, Some(&mut from), target, Some(&mut to), length as usize) {
        Ok(copied) if copied > 0 => return Ok(copied as u64),
        Ok(_) | Err(Errno::XDEV | Errno::NOSYS | Errno::INVAL | Errno::NOTSUP | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let mut buffer = vec![0; length.min(1 << 20) as usize];
    let read = source.read_at(&mut buffer, position)?;
    target.write_all_at(&buffer[..read], position)?;
    Ok(read as u64)
}
