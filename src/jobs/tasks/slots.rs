//! What a worker and the processes that it has started for its runs tell each other, in shared memory.

use pgrx::{pg_guard, pg_shmem_init, pg_sys};

use crate::pg::shared::{Shared, Text, first};
use crate::pg::worker::my_pid;

/// The most tasks of the server that run at once.
const SLOTS: usize = 64;

static SLOTS_OF_SERVER: Shared<[Slot; SLOTS]> = Shared::new(c"pg_bourse tasks");

/// A run in the hands of a process of its own.
#[derive(Clone, Copy)]
struct Slot {
    /// The worker that has started it; 0: the slot is free.
    worker: i32,
    order: Order,
    /// The process, once it has begun.
    pid: i32,
    /// The worker has gone: nobody wants to hear of it.
    is_orphan: bool,
    outcome: Outcome,
}

/// What a process is to run.
#[derive(Clone, Copy)]
pub struct Order {
    /// The database.
    pub database: u32,
    /// The run.
    pub run: i64,
    /// What it is held under.
    pub lease: [u8; 16],
}

/// What has come of it.
#[allow(clippy::large_enum_variant, reason = "a slot of shared memory has its size, whatever it holds")]
#[derive(Clone, Copy)]
pub enum Outcome {
    /// Nothing yet: the process works, or was ended.
    None,
    /// It is done.
    Done,
    /// It has failed.
    Failed(Text<1000>),
}

impl Slot {
    const FREE: Slot = Slot {
        worker: 0,
        order: Order { database: 0, run: 0, lease: [0; 16] },
        pid: 0,
        is_orphan: false,
        outcome: Outcome::None,
    };
}

/// Called once, when the library is preloaded.
pub fn prepare() {
    pg_shmem_init!(SLOTS_OF_SERVER = first([Slot::FREE; SLOTS]));
}

/// Takes a slot for a process of this worker. None: as many run as can.
pub fn take(order: Order) -> Option<usize> {
    SLOTS_OF_SERVER.with(|slots| {
        let number = slots.iter().position(|slot| slot.worker == 0)?;
        slots[number] = Slot { worker: my_pid(), order, ..Slot::FREE };
        Some(number)
    })
}

/// The process has ended: what has come of it. The slot is free again.
pub fn give_back(number: usize) -> Outcome {
    SLOTS_OF_SERVER.with(|slots| std::mem::replace(&mut slots[number], Slot::FREE).outcome)
}

/// The worker goes: its processes are nobody's from now on. Returns those that have begun.
pub fn orphan() -> Vec<i32> {
    let mut begun = [0; SLOTS];
    SLOTS_OF_SERVER.with(|slots| {
        for (slot, pid) in slots.iter_mut().zip(&mut begun).filter(|(slot, _)| slot.worker == my_pid()) {
            slot.is_orphan = true;
            *pid = slot.pid;
        }
    });
    begun.into_iter().filter(|pid| *pid != 0).collect()
}

/// This process begins. None: nobody wants it any more.
pub fn begin(number: usize) -> Option<Order> {
    SLOTS_OF_SERVER.with(|slots| {
        let slot = &mut slots[number];
        slot.pid = my_pid();
        (slot.worker != 0 && !slot.is_orphan).then_some(slot.order)
    })
}

/// This process tells what has come of it.
pub fn tell(number: usize, outcome: Outcome) {
    SLOTS_OF_SERVER.with(|slots| slots[number].outcome = outcome);
}

/// This process ends.
pub fn leave(number: usize) {
    SLOTS_OF_SERVER.with(|slots| {
        let slot = &mut slots[number];
        if slot.is_orphan && slot.pid == my_pid() {
            *slot = Slot::FREE;
        }
    });
}
