//! Latches: how one process of the server sleeps and another wakes it.

use std::time::Duration;

use pgrx::pg_sys;

/// The latch of a process. It stands in shared memory for ever: to set the latch of a process that has ended wakes
/// nobody, or a stranger who looks up once and sleeps again.
#[derive(Clone, Copy, Debug)]
pub struct Latch(*mut pg_sys::Latch);

impl Latch {
    /// The latch of this process.
    pub fn mine() -> Latch {
        // SAFETY: reads a variable that is set before any of our code runs.
        Latch(unsafe { pg_sys::MyLatch })
    }

    /// Wakes the process, or spares it its next sleep.
    pub fn set(self) {
        // SAFETY: the latch of a process slot, valid as long as the server runs.
        unsafe { pg_sys::SetLatch(self.0) }
    }
}

/// Sleeps until somebody sets this process's latch or the time is over. Raises what has come meanwhile: a cancel, a
/// timeout, the end of the process.
pub fn sleep(time: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: the latch is this process's own.
    unsafe {
        let time = time.as_millis().min(i32::MAX as u128) as std::ffi::c_long;
        pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, time, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}
