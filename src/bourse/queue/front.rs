//! Where a session has found the front of a queue.
//!
//! What has been claimed leaves dead entries at the front of the index, which every claim walks over until VACUUM takes
//! them away; and while somebody keeps an old snapshot, nothing takes them away. So a session whose walk was long
//! remembers where it ended, and goes on from there. It walks from the very front again once a hundred times as long has
//! passed as that walk took, or ten times where that is long: what came in before the remembered place meanwhile
//! (committed late, given back, a new priority) is found then. As long as walks are short nothing is remembered.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::pg::effort::Effort;
use crate::pg::latch;
use crate::pg::value::Timestamp;

/// A walk is long that looks at more pages, and one more for so many items that it has found: a short one looks at a page
/// of each level of the index, and at one of the table. Pages, not time: one that was only kept waiting is not long.
const LONG: u64 = 8;
const ITEMS_OF_A_PAGE: u64 = 8;
/// What is looked at on a page takes no longer: beyond that a walk has waited, for the disk or the processor.
const PAGE: Duration = Duration::from_micros(50);
/// Of the time of a session, one part of so many goes into walks from the very front, as long as what comes in before the
/// remembered place is found within [`SOON`]. All sessions walk, so that it has to be a small one.
const SHARE: u32 = 100;
const SOON: Duration = Duration::from_millis(50);
/// And one of so many where walks are so long that it is not.
const GREATEST_SHARE: u32 = 10;
/// What was enqueued so long ago may not have been committed before the walk.
const LATE: Duration = Duration::from_millis(100);
/// So many fronts are remembered: queues, and what workers ask of them.
const MOST: usize = 64;

/// A priority, and the time from which on its items are looked for.
pub type Level = (i16, Timestamp);

struct Front {
    queue: u32,
    asked: u64,
    levels: Vec<Level>,
    walked_at: Instant,
    took: Duration,
}

impl Front {
    /// For how long the place is gone on from.
    fn lasting(&self) -> Duration {
        (self.took * SHARE).min(SOON).max(self.took * GREATEST_SHARE)
    }
}

thread_local! {
    static FRONTS: RefCell<Vec<Front>> = const { RefCell::new(Vec::new()) };
}

/// Where to go on; none: at the very front. `asked`: what the worker asks for, as a number.
pub fn of(queue: u32, asked: u64) -> Option<Vec<Level>> {
    FRONTS.with_borrow(|fronts| {
        let front = fronts.iter().find(|front| front.queue == queue && front.asked == asked)?;
        (front.walked_at.elapsed() < front.lasting()).then(|| front.levels.clone())
    })
}

/// How long a walk from the very front has to wait where going on has found too little: until the last one is twice as
/// long ago as it took.
pub fn rest(queue: u32, asked: u64) -> Duration {
    FRONTS.with_borrow(|fronts| {
        let front = fronts.iter().find(|front| front.queue == queue && front.asked == asked);
        front.map_or(Duration::ZERO, |front| (front.took * 2).saturating_sub(front.walked_at.elapsed()))
    })
}

/// Waits for that, where it is not long, and says whether it has. A worker that finds nothing goes to sleep until
/// somebody wakes it, and who has just woken it wakes it once.
pub fn wait(rest: Duration) -> bool {
    if rest > SOON {
        return false;
    }
    let until = Instant::now() + rest;
    while Instant::now() < until {
        latch::sleep((until - Instant::now()).max(Duration::from_millis(1)));
    }
    true
}

/// Tells where a walk from the very front has ended.
pub fn walked(queue: u32, asked: u64, levels: Vec<Level>, walk: Effort, found: usize) {
    FRONTS.with_borrow_mut(|fronts| {
        fronts.retain(|front| front.queue != queue || front.asked != asked);
        if walk.pages > LONG + found as u64 / ITEMS_OF_A_PAGE {
            if fronts.len() >= MOST {
                fronts.remove(0);
            }
            let took = walk.took.min(PAGE.saturating_mul(u32::try_from(walk.pages).unwrap_or(u32::MAX)));
            fronts.push(Front { queue, asked, levels, walked_at: Instant::now(), took });
        }
    });
}

/// Tells where a walk that went on has ended.
pub fn went_on(queue: u32, asked: u64, levels: Vec<Level>) {
    FRONTS.with_borrow_mut(|fronts| {
        if let Some(front) = fronts.iter_mut().find(|front| front.queue == queue && front.asked == asked) {
            front.levels = levels;
        }
    });
}

/// From where on to look next in a priority of which nothing is due any more.
pub fn behind(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - LATE.as_micros() as i64)
}
