//! What a check may cost, counted wherever it looks at a value: whoever has spent all of it is stopped there.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::refusal::Refusal;

/// The most looks at values in one check: some tenths of a second.
const MOST_STEPS: u64 = 5_000_000;
/// How many of them are made between two looks at whether the caller has been told to stop.
const BETWEEN: u64 = 1024;
/// The most errors that are found before nothing but that there are more of them is told.
const MOST_ERRORS: u32 = 1000;
/// The most bytes of the stack.
const MOST_STACK: usize = 1 << 20;

/// What stops a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It costs too much.
    Refused(Refusal),
    /// There are more errors than are listed.
    Errors,
}

/// Called now and then while a check runs; what it raises goes through the check to the caller.
pub type Hear = fn();

#[derive(Clone, Copy)]
struct Left {
    steps: u64,
    errors: u32,
    /// Where the stack was when the check began.
    stack: usize,
    hear: Hear,
}

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

/// Runs a check, which is stopped when it has cost too much.
pub fn within<T>(hear: Hear, check: impl FnOnce() -> T) -> Result<T, Stop> {
    let around = LEFT.replace(Some(Left { steps: MOST_STEPS, errors: MOST_ERRORS, stack: place(), hear }));
    let done = catch_unwind(AssertUnwindSafe(check));
    LEFT.set(around);
    done.map_err(|thrown: Box<dyn Any + Send>| match thrown.downcast::<Stop>() {
        Ok(stop) => *stop,
        Err(thrown) => resume_unwind(thrown),
    })
}

/// So many looks more.
pub fn spend(steps: usize) {
    let Some(mut left) = LEFT.get() else { return };
    let before = left.steps;
    left.steps = before.saturating_sub(steps as u64);
    LEFT.set(Some(left));
    if left.steps == 0 {
        stop(Stop::Refused(Refusal::TooMuch));
    }
    if left.stack.abs_diff(place()) > MOST_STACK {
        stop(Stop::Refused(Refusal::TooNested));
    }
    if before / BETWEEN != left.steps / BETWEEN {
        (left.hear)();
    }
}

/// One error more.
pub fn found() {
    let Some(mut left) = LEFT.get() else { return };
    left.errors = left.errors.saturating_sub(1);
    LEFT.set(Some(left));
    if left.errors == 0 {
        stop(Stop::Errors);
    }
}

fn stop(why: Stop) -> ! {
    resume_unwind(Box::new(why))
}

/// Where the stack is now, about.
#[inline(never)]
fn place() -> usize {
    let here = 0u8;
    (&raw const here).addr()
}
