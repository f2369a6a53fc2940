//! The files that one call committed, until it is known how the call ended.

use super::id::FileId;
use super::store::FileStore;
use std::sync::Arc;

/// Dropped before [`CommittedFiles::settle`], the call broke off between a commit and the record of it: a trap, a limit,
/// a client that left. The files are left over then, and a sweep of the service finds them.
#[derive(Debug, Default)]
pub struct CommittedFiles(Vec<(Arc<FileStore>, FileId)>);

impl CommittedFiles {
    /// The call committed `id`.
    pub fn add(&mut self, store: &Arc<FileStore>, id: FileId) {
        self.0.push((store.clone(), id));
    }

    /// The call ended as it wanted to: what it did with its files is its own affair.
    pub fn settle(&mut self) {
        self.0.clear();
    }
}

impl Drop for CommittedFiles {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(store, id)| store.doubt(id));
    }
}
