//! Open files and directories of a client, by the handles that it was given.

use super::Failure;
use std::collections::HashMap;
use std::fs::{File, ReadDir};
use std::path::PathBuf;

/// Most that a client may have open.
const MOST: usize = 1000;

pub enum Open {
    File { file: File, path: PathBuf, append: bool },
    Directory { entries: ReadDir, path: PathBuf },
}

#[derive(Default)]
pub struct Handles {
    open: HashMap<u64, Open>,
    next: u64,
}

impl Handles {
    /// Keeps something open and gives its handle.
    pub fn insert(&mut self, open: Open) -> Result<[u8; 8], Failure> {
        if self.open.len() >= MOST {
            return Err(std::io::Error::other("too many open files").into());
        }
        self.next += 1;
        self.open.insert(self.next, open);
        Ok(self.next.to_be_bytes())
    }

    pub fn get(&mut self, handle: &[u8]) -> Result<&mut Open, Failure> {
        self.open.get_mut(&number(handle)?).ok_or(Failure::BadMessage)
    }

    pub fn file(&mut self, handle: &[u8]) -> Result<(&File, bool), Failure> {
        match self.get(handle)? {
            Open::File { file, append, .. } => Ok((file, *append)),
            Open::Directory { .. } => Err(Failure::BadMessage),
        }
    }

    /// The path by which something was opened.
    pub fn path(&mut self, handle: &[u8]) -> Result<PathBuf, Failure> {
        match self.get(handle)? {
            Open::File { path, .. } | Open::Directory { path, .. } => Ok(path.clone()),
        }
    }

    pub fn remove(&mut self, handle: &[u8]) -> Result<(), Failure> {
        self.open.remove(&number(handle)?).map(drop).ok_or(Failure::BadMessage)
    }
}

fn number(handle: &[u8]) -> Result<u64, Failure> {
    Ok(u64::from_be_bytes(handle.try_into().map_err(|_| Failure::BadMessage)?))
}
