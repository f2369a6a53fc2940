//! Connections that wait for their next use. A pool of our own and not sqlx's: a connection goes back at once and
//! without a further round trip where it is clean, and one that was left in the middle of something is cleaned, with
//! its place kept, before anybody else gets it.

use super::connection::{Connection, Source};
use super::error::Error;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most so many connections from one source.
pub struct Pool {
    source: Source,
    size: usize,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Kept>>,
    /// Connections made before the schema changed hold statements compiled for the old one.
    generation: AtomicU64,
    changing: AtomicBool,
    runtime: Handle,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

/// For so long a connection is taken to be there without being asked.
const FRESH: Duration = Duration::from_secs(1);

impl Pool {
    /// An empty pool of `size` places. Has to be called inside a runtime, where connections are cleaned later.
    pub fn new(source: Source, size: usize) -> Arc<Self> {
        Arc::new(Self {
            source,
            size,
            places: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            generation: AtomicU64::new(0),
            changing: AtomicBool::new(false),
            runtime: Handle::current(),
        })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// A connection: the one used last, or a new one. `busy` when no place gets free in time.
    pub async fn acquire(self: &Arc<Self>, wait: Duration) -> Result<Lease, Error> {
        let place = self.place(wait).await?;
        let generation = self.generation.load(Ordering::Acquire);
        let connection = match self.take().await {
            Some(connection) => connection,
            None => tokio::time::timeout(wait, self.source.connect())
                .await
                .unwrap_or_else(|_| Err(Error::Unavailable("no connection in time".into())))?,
        };
        let parts = Some((connection, place));
        Ok(Lease { parts, generation, pool: Arc::clone(self) })
    }

    /// The connection used last. One that nobody used for a while is asked first, and if it does not answer, none of
    /// them would.
    async fn take(&self) -> Option<Connection> {
        let mut kept = self.lock().pop()?;
        if kept.since.elapsed() > FRESH && !kept.connection.is_alive().await {
            self.lock().clear();
            return None;
        }
        Some(kept.connection)
    }

    async fn place(&self, wait: Duration) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        loop {
            match tokio::time::timeout(wait, Arc::clone(&self.places).acquire_owned()).await {
                Ok(Ok(place)) => return Ok(place),
                Ok(Err(_closed)) => return Err(Error::Unavailable("the database is closed".into())),
                // While the schema changes, waiting is all there is to do.
                Err(_elapsed) if self.changing.load(Ordering::Acquire) => {}
                Err(_elapsed) => return Err(Error::Busy),
            }
        }
    }

    /// Keeps everybody out, after those who are in have left, so that the schema can change: a statement compiled for
    /// the old one must not meet the new one. `busy` when they do not leave in time.
    pub async fn keep_out(self: &Arc<Self>, wait: Duration) -> Result<KeptOut, Error> {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        let places = Arc::clone(&self.places).acquire_many_owned(all);
        let places = tokio::time::timeout(wait, places).await.map_err(|_elapsed| Error::Busy)?;
        let places = places.map_err(|_closed| Error::Unavailable("the database is closed".into()))?;
        self.changing.store(true, Ordering::Release);
        Ok(KeptOut { pool: Arc::clone(self), _places: places })
    }

    /// Whether every connection is back.
    pub fn is_full(&self) -> bool {
        self.places.available_permits() == self.size
    }

    /// Waits at most `wait` for connections to come back, then closes those that did. The rest close as they come.
    pub async fn close(&self, wait: Duration) {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        let _places = tokio::time::timeout(wait, self.places.acquire_many(all)).await;
        self.places.close();
        let idle = std::mem::take(&mut *self.lock());
        for kept in idle {
            kept.connection.close().await;
        }
    }

    fn give_back(&self, connection: Connection, generation: u64) {
        if !self.places.is_closed() && generation == self.generation.load(Ordering::Acquire) {
            self.lock().push(Kept { connection, since: Instant::now() });
        }
    }

    /// Since when the connection that was not used for the longest time is idle.
    pub fn idle_since(&self) -> Option<Instant> {
        self.lock().first().map(|kept| kept.since)
    }

    /// Closes that connection; whether there was one.
    pub fn shed(&self) -> bool {
        let mut idle = self.lock();
        !idle.is_empty() && {
            drop(idle.remove(0));
            true
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool that nobody gets a connection of. Dropping it opens the pool again, with new connections only.
pub struct KeptOut {
    pool: Arc<Pool>,
    _places: OwnedSemaphorePermit,
}

impl Drop for KeptOut {
    fn drop(&mut self) {
        self.pool.generation.fetch_add(1, Ordering::AcqRel);
        self.pool.lock().clear();
        self.pool.changing.store(false, Ordering::Release);
    }
}

/// A connection on loan. Dropping it gives it back, after it was made clean.
pub struct Lease {
    parts: Option<(Connection, OwnedSemaphorePermit)>,
    generation: u64,
    pool: Arc<Pool>,
}

const HELD: &str = "a lease holds its connection until it is dropped";

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.parts.as_ref().expect(HELD).0
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.parts.as_mut().expect(HELD).0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((mut connection, place)) = self.parts.take() else { return };
        let (pool, generation) = (Arc::clone(&self.pool), self.generation);
        if connection.is_clean() {
            pool.give_back(connection, generation);
            return drop(place);
        }
        // The place stays taken until the connection is clean or gone.
        self.pool.runtime.spawn(async move {
            if connection.recover().await {
                pool.give_back(connection, generation);
            }
            drop(place);
        });
    }
}
