//! A file that grows: written, hashed, within quota and reserve. Used on threads that may block.

use super::disk::charged;
use super::error::FileError;
use super::hashing::Hasher;
use super::quota::{Reservation, TenantUsage};
use super::space::Disk;
use super::sync;
use crate::capability::http::body::read_at;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// Quota is taken and the disk looked at in steps of this many bytes.
const STEP: u64 = 8 << 20;
/// Bytes that are copied at once.
const COPY: usize = 1 << 20;

pub(super) struct Sink {
    pub file: Arc<File>,
    /// Follows the file's content; behind it where the file was there before the process.
    pub hasher: Hasher,
    length: u64,
    /// What of the length is in the tenant's account already.
    settled: u64,
    reserved: Reservation,
    usage: Arc<TenantUsage>,
    disk: Disk,
    /// Up to this length the disk was found to have room.
    checked: u64,
}

impl Sink {
    /// Goes on behind `length` bytes that are accounted for, and that `hasher` knows all or none of.
    pub(super) fn new(
        file: File,
        length: u64,
        hasher: Hasher,
        reserved: Reservation,
        usage: Arc<TenantUsage>,
        disk: Disk,
    ) -> Self {
        Self { file: Arc::new(file), hasher, length, settled: length, reserved, usage, disk, checked: length }
    }

    /// The bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Refuses what would not fit, before its first byte.
    pub(super) fn expect(&mut self, bytes: u64) -> Result<(), FileError> {
        self.reserve(bytes)?;
        self.disk.check(bytes)?;
        self.checked = self.checked.max(self.length + bytes.min(STEP));
        Ok(())
    }

    pub(super) fn write(&mut self, batch: &[Bytes]) -> Result<(), FileError> {
        let usage = self.usage.clone();
        charged(&usage, || {
            let size = batch.iter().map(|chunk| chunk.len() as u64).sum();
            self.make_room(size)?;
            let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|chunk| IoSlice::new(chunk)).collect();
            self.append(&mut slices)?;
            self.hash(size, batch.iter().map(|chunk| &**chunk));
            Ok(())
        })
    }

    /// Appends a range of another file.
    pub(super) fn copy(&mut self, from: &File, mut offset: u64, mut length: u64) -> Result<(), FileError> {
        let usage = self.usage.clone();
        charged(&usage, || {
            let mut buffer = Vec::with_capacity(COPY.min(length as usize));
            while length > 0 {
                let size = length.min(COPY as u64);
                read_at(from, offset, size as usize, &mut buffer)?;
                self.make_room(size)?;
                self.append(&mut [IoSlice::new(&buffer)])?;
                self.hash(size, [&*buffer].into_iter());
                offset += size;
                length -= size;
            }
            Ok(())
        })
    }

    /// Makes what was written durable.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        Ok(sync::file(&self.file)?)
    }

    /// Cuts the file back to `length`, durably.
    pub(super) fn truncate(&mut self, length: u64) -> Result<(), FileError> {
        self.settle();
        rustix::fs::ftruncate(&self.file, length)?;
        self.usage.release(self.length - length);
        (self.length, self.settled, self.checked) = (length, length, length);
        if self.hasher.size() > length {
            self.hasher = Hasher::new(true);
        }
        self.sync()
    }

    /// Gives back what was reserved and not used; what was used stays in the tenant's account.
    pub(super) fn settle(&mut self) {
        self.reserved.settle(self.length - self.settled);
        self.settled = self.length;
    }

    /// What is reserved for the bytes in the file, no more.
    pub(super) fn into_reservation(mut self) -> Reservation {
        self.reserved.shrink(self.length - self.settled);
        self.reserved
    }

    fn make_room(&mut self, size: u64) -> Result<(), FileError> {
        self.reserve(size)?;
        if self.length + size > self.checked {
            self.disk.check(size)?;
            self.checked = self.length + size.max(STEP);
        }
        Ok(())
    }

    fn reserve(&mut self, size: u64) -> Result<(), FileError> {
        let wanted = self.length - self.settled + size;
        self.reserved.ensure(wanted, STEP).map_err(|quota| FileError::Quota(quota.0))
    }

    /// All of it or nothing: what a full disk left of it is cut off.
    fn append(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), FileError> {
        let mut end = self.length;
        while !slices.is_empty() {
            let written = match rustix::io::pwritev(&self.file, slices, end) {
                Ok(0) if slices.iter().all(|slice| slice.is_empty()) => break,
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => Ok(written),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => Err(io::Error::from(error)),
            };
            match written {
                Ok(written) => {
                    end += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(error) => {
                    if let Err(second) = rustix::fs::ftruncate(&self.file, self.length) {
                        sync::cleanup_failed("the end of a file", "", &second.into());
                    }
                    return Err(error.into());
                }
            }
        }
        self.length = end;
        Ok(())
    }

    /// `chunks`, of `size` bytes, were just appended.
    fn hash<'a>(&mut self, size: u64, chunks: impl Iterator<Item = &'a [u8]>) {
        if self.hasher.size() == self.length - size {
            chunks.for_each(|chunk| self.hasher.update(chunk));
        }
    }
}
