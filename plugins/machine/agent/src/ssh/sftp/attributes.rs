//! Attributes of files (section 5), and the long names of directories' entries.

use super::Failure;
use crate::clock;
use crate::ssh::wire::{Fields, Message};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use std::fs::{Metadata, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

const SIZE: u32 = 1;
const OWNER: u32 = 2;
const MODE: u32 = 4;
const TIMES: u32 = 8;
const EXTENDED: u32 = 0x8000_0000;

/// Attributes that a client wants a file to have.
#[derive(Debug, Default, PartialEq)]
pub struct Wanted {
    size: Option<u64>,
    owner: Option<(u32, u32)>,
    /// Permissions with the file's kind.
    pub mode: Option<u32>,
    /// Seconds of the last access and the last change.
    times: Option<(u32, u32)>,
}

impl Wanted {
    pub fn read(fields: &mut Fields<'_>) -> Result<Wanted, Failure> {
        let flags = fields.u32()?;
        let has = |flag| flags & flag != 0;
        let wanted = Wanted {
            size: if has(SIZE) { Some(fields.u64()?) } else { None },
            owner: if has(OWNER) { Some((fields.u32()?, fields.u32()?)) } else { None },
            mode: if has(MODE) { Some(fields.u32()?) } else { None },
            times: if has(TIMES) { Some((fields.u32()?, fields.u32()?)) } else { None },
        };
        if has(EXTENDED) {
            for _ in 0..fields.u32()? {
                fields.string()?;
                fields.string()?;
            }
        }
        Ok(wanted)
    }

    /// Gives a file these attributes.
    pub fn apply(&self, path: &Path) -> Result<(), Failure> {
        if let Some(size) = self.size {
            OpenOptions::new().write(true).open(path)?.set_len(size)?;
        }
        if let Some(mode) = self.mode {
            std::fs::set_permissions(path, Permissions::from_mode(mode & 0o7777))?;
        }
        if let Some((access, change)) = self.times {
            let time = |seconds: u32| Timespec { tv_sec: seconds.into(), tv_nsec: 0 };
            let times = Timestamps { last_access: time(access), last_modification: time(change) };
            rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?;
        }
        if let Some((uid, gid)) = self.owner {
            chown(path, Some(uid), Some(gid))?;
        }
        Ok(())
    }
}

/// Writes a file's attributes.
pub fn write(message: Message, metadata: &Metadata) -> Message {
    message
        .u32(SIZE | OWNER | MODE | TIMES)
        .u64(metadata.len())
        .u32(metadata.uid())
        .u32(metadata.gid())
        .u32(metadata.mode())
        .u32(metadata.atime() as u32)
        .u32(metadata.mtime() as u32)
}

/// An entry as `ls -l` shows it, for people.
pub fn long_name(name: &str, metadata: &Metadata) -> String {
    let mode = metadata.mode();
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o020_000 => 'c',
        0o060_000 => 'b',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '-',
    };
    let bits = "rwxrwxrwx".chars().enumerate();
    let bits: String = bits.map(|(bit, letter)| if mode & (0o400 >> bit) != 0 { letter } else { '-' }).collect();
    let time = clock::stamp(metadata.mtime());
    let (links, uid, gid, size) = (metadata.nlink(), metadata.uid(), metadata.gid(), metadata.len());
    format!("{kind}{bits} {links:>4} {uid:<8} {gid:<8} {size:>8} {} {name}", &time[..12])
}
