//! What a piece of work costs: how long it takes, and how many pages it looks at.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use pgrx::pg_sys;

/// What a piece of work has cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Pages of tables and indexes that it has looked at: the same for the same work, whatever the machine.
    pub pages: u64,
    /// How long it took.
    pub took: Duration,
}

impl AddAssign for Effort {
    fn add_assign(&mut self, more: Effort) {
        self.pages += more.pages;
        self.took += more.took;
    }
}

/// Measures one.
pub struct Meter {
    pages: i64,
    began: Instant,
}

impl Meter {
    /// From now on.
    pub fn start() -> Meter {
        Meter { pages: pages(), began: Instant::now() }
    }

    /// Until now.
    pub fn read(&self) -> Effort {
        Effort { pages: (pages() - self.pages).unsigned_abs(), took: self.began.elapsed() }
    }
}

/// How many pages this process has looked at.
fn pages() -> i64 {
    // SAFETY: reads counters of this process.
    unsafe { pg_sys::pgBufferUsage.shared_blks_hit + pg_sys::pgBufferUsage.shared_blks_read }
}
