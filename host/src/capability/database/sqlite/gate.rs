//! What a SQLite connection is allowed at the moment: by whom its statement is, and until when it may run.
//!
//! One gate a connection, shared by the side that sends statements and the thread that runs them.

use crate::capability::database::value::Author;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Set before a statement is sent; read by the authorizer and the progress handler while it runs.
#[derive(Debug, Default)]
pub struct Gate {
    author: AtomicU8,
    /// Milliseconds since [`START`].
    deadline: AtomicU64,
    interrupted: AtomicBool,
}

impl Gate {
    /// The next statement is by `author` and ends at `deadline` at the latest.
    pub fn arm(&self, author: Author, deadline: Instant) {
        let since = deadline.saturating_duration_since(*START).as_millis() as u64;
        self.author.store(author as u8, Ordering::Release);
        self.deadline.store(since, Ordering::Release);
    }

    /// Ends what runs, and everything after it until [`Gate::release`].
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
    }

    /// Lets statements run again.
    pub fn release(&self) {
        self.interrupted.store(false, Ordering::Release);
    }

    /// Whether the statement that runs has to end.
    pub fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
            || START.elapsed().as_millis() as u64 >= self.deadline.load(Ordering::Acquire)
    }

    /// Whose statement it is; a service's where nothing was said, which is allowed the least.
    pub fn author(&self) -> Author {
        match self.author.load(Ordering::Acquire) {
            author if author == Author::Host as u8 => Author::Host,
            author if author == Author::Migration as u8 => Author::Migration,
            _ => Author::Service,
        }
    }
}
