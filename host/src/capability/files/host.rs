//! `fogbank:files/files` for the guest.

use super::{Digest, Entry, FileError, FileStore, OpenFile, Source, StageOptions, Staged, Upload};
use crate::capability::http::Body;
use crate::observe::metrics::FileCall;
use crate::plugin::bindings::fogbank::files::files::{
    self, Error, HostFile, HostStaged, HostUpload, Source as GuestSource, StageOptions as GuestOptions, Usage,
};
use crate::plugin::state::{Scope, State};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::Resource;

/// Sources of one `stage`.
const MAX_SOURCES: usize = 1024;

impl Scope {
    /// The service's files in this tenant, opened at the first use.
    pub async fn files(&self) -> Result<Arc<FileStore>, FileError> {
        let (stores, tenant) = (&self.process.files, &self.tenant);
        let cpu = Arc::clone(&tenant.cpu);
        let usage = stores.usage(&tenant.name, tenant.quotas.bytes, move |nanoseconds| cpu.charge(nanoseconds));
        stores.open(&tenant.name, &self.plugin, usage).await
    }
}

/// Gives an error of ours back to the guest, and one of wasmtime up.
macro_rules! attempt {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::from(FileError::from(error)))),
        }
    };
}

impl State {
    /// A source in the host's terms. A body is at its end then.
    fn source(&mut self, source: GuestSource) -> Result<Result<Source, FileError>> {
        Ok(match source {
            GuestSource::Bytes(bytes) => Ok(Source::Bytes(bytes.into())),
            GuestSource::Body(body) => self.table.get_mut(&body)?.take().map(Source::Body).map_err(FileError::Source),
            GuestSource::File((id, offset, length)) => Ok(Source::File { id, offset, length }),
        })
    }
}

impl files::Host for State {
    #[tracing::instrument(level = "debug", name = "files.stage", skip_all)]
    async fn stage(
        &mut self,
        sources: Vec<GuestSource>,
        options: GuestOptions,
    ) -> Result<Result<Resource<Staged>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "stage");
        if sources.len() > MAX_SOURCES {
            return Ok(Err(Error::Other(format!("more than {MAX_SOURCES} sources"))));
        }
        let mut own = Vec::with_capacity(sources.len());
        for source in sources {
            own.push(attempt!(self.source(source)?));
        }
        let GuestOptions { max_size, exact_size, md5 } = options;
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let staged =
            attempt!(self.call.progress.during(store.stage(own, StageOptions { max_size, exact_size, md5 })).await);
        Ok(Ok(self.table.push(staged)?))
    }

    #[tracing::instrument(level = "debug", name = "files.open", skip_all)]
    async fn open(&mut self, id: String) -> Result<Result<Resource<OpenFile>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "open");
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let file = attempt!(store.open(&id).await);
        Ok(Ok(self.table.push(file)?))
    }

    #[tracing::instrument(level = "debug", name = "files.remove", skip_all)]
    async fn remove(&mut self, ids: Vec<String>) -> Result<Vec<String>> {
        let _timed = FileCall::begin(&self.scope.plugin, "remove");
        let removed = match self.call.progress.during(self.scope.files()).await {
            Ok(store) => self.call.progress.during(store.remove(ids.clone())).await,
            Err(error) => Err(error),
        };
        Ok(removed.unwrap_or_else(|error| {
            tracing::warn!(%error, files = ids.len(), "files could not be removed");
            ids
        }))
    }

    #[tracing::instrument(level = "debug", name = "files.list", skip_all)]
    async fn list(
        &mut self,
        after: Option<String>,
        limit: u32,
        leftover: bool,
    ) -> Result<Result<Vec<files::Entry>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "list");
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let entries = attempt!(self.call.progress.during(store.list(after.as_deref(), limit, leftover)).await);
        Ok(Ok(entries.into_iter().map(files::Entry::from).collect()))
    }

    async fn space(&mut self) -> Result<Result<Usage, Error>> {
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let space = attempt!(store.space().await);
        Ok(Ok(Usage { used: space.used, quota: space.quota, available: space.available }))
    }

    #[tracing::instrument(level = "debug", name = "files.create-upload", skip_all)]
    async fn create_upload(&mut self, ttl_ms: u64) -> Result<Result<Resource<Upload>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "create-upload");
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let upload = attempt!(store.create_upload(ttl_ms).await);
        Ok(Ok(self.table.push(upload)?))
    }

    #[tracing::instrument(level = "debug", name = "files.open-upload", skip_all)]
    async fn open_upload(&mut self, id: String) -> Result<Result<Resource<Upload>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "open-upload");
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        let upload = attempt!(store.open_upload(&id).await);
        Ok(Ok(self.table.push(upload)?))
    }

    async fn remove_upload(&mut self, id: String) -> Result<Result<(), Error>> {
        let store = attempt!(self.call.progress.during(self.scope.files()).await);
        Ok(store.remove_upload(&id).await.map_err(Error::from))
    }
}

impl HostStaged for State {
    async fn digest(&mut self, staged: Resource<Staged>) -> Result<files::Digest> {
        Ok(self.table.get(&staged)?.digest().into())
    }

    async fn read(&mut self, staged: Resource<Staged>, offset: u64, max: u32) -> Result<Result<Vec<u8>, Error>> {
        let read = self.table.get(&staged)?.read(offset, max).await;
        Ok(read.map(Vec::from).map_err(Error::from))
    }

    #[tracing::instrument(level = "debug", name = "files.commit", skip_all)]
    async fn commit(&mut self, staged: Resource<Staged>) -> Result<Result<String, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "commit");
        let staged = self.table.get_mut(&staged)?;
        let id = attempt!(self.call.progress.during(staged.commit()).await);
        self.committed.add(staged.store(), id);
        Ok(Ok(id.to_string()))
    }

    async fn drop(&mut self, staged: Resource<Staged>) -> Result<()> {
        self.table.delete(staged)?;
        Ok(())
    }
}

impl HostFile for State {
    async fn size(&mut self, file: Resource<OpenFile>) -> Result<u64> {
        Ok(self.table.get(&file)?.size())
    }

    async fn read(&mut self, file: Resource<OpenFile>, offset: u64, max: u32) -> Result<Result<Vec<u8>, Error>> {
        let read = self.table.get(&file)?.read(offset, max).await;
        Ok(read.map(Vec::from).map_err(Error::from))
    }

    async fn body(&mut self, file: Resource<OpenFile>, offset: u64, length: Option<u64>) -> Result<Resource<Body>> {
        let body = self.table.get(&file)?.body(offset, length);
        Ok(self.table.push(body)?)
    }

    async fn drop(&mut self, file: Resource<OpenFile>) -> Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl HostUpload for State {
    async fn id(&mut self, upload: Resource<Upload>) -> Result<String> {
        Ok(self.table.get(&upload)?.id().to_owned())
    }

    async fn size(&mut self, upload: Resource<Upload>) -> Result<u64> {
        Ok(self.table.get(&upload)?.size())
    }

    #[tracing::instrument(level = "debug", name = "files.append", skip_all)]
    async fn append(
        &mut self,
        upload: Resource<Upload>,
        offset: u64,
        source: GuestSource,
        max_size: Option<u64>,
    ) -> Result<Result<u64, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "append");
        let source = attempt!(self.source(source)?);
        let upload = self.table.get_mut(&upload)?;
        let size = self.call.progress.during(upload.append(offset, source, max_size)).await;
        Ok(size.map_err(Error::from))
    }

    async fn truncate(&mut self, upload: Resource<Upload>, size: u64) -> Result<Result<(), Error>> {
        let upload = self.table.get_mut(&upload)?;
        Ok(self.call.progress.during(upload.truncate(size)).await.map_err(Error::from))
    }

    #[tracing::instrument(level = "debug", name = "files.finish", skip_all)]
    async fn finish(&mut self, upload: Resource<Upload>, md5: bool) -> Result<Result<Resource<Staged>, Error>> {
        let _timed = FileCall::begin(&self.scope.plugin, "finish");
        let upload = self.table.get_mut(&upload)?;
        let staged = attempt!(self.call.progress.during(upload.finish(md5)).await);
        Ok(Ok(self.table.push(staged)?))
    }

    async fn drop(&mut self, upload: Resource<Upload>) -> Result<()> {
        self.table.delete(upload)?;
        Ok(())
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound => Error::NotFound,
            FileError::NoSpace => Error::NoSpace,
            FileError::Quota(quota) => Error::Quota(quota),
            FileError::TooLarge(limit) => Error::TooLarge(limit),
            FileError::Source(error) => Error::Source(error.into()),
            FileError::WrongOffset(end) => Error::WrongOffset(end),
            FileError::Timeout => Error::Timeout,
            FileError::Other(text) => Error::Other(text),
        }
    }
}

impl From<Digest> for files::Digest {
    fn from(digest: Digest) -> Self {
        files::Digest { size: digest.size, crc32c: digest.crc32c, md5: digest.md5.map(Vec::from) }
    }
}

impl From<Entry> for files::Entry {
    fn from(entry: Entry) -> Self {
        files::Entry { id: entry.id.to_string(), size: entry.size, committed_ms: entry.id.committed_ms() }
    }
}
