//! Jobs through a real driver: processes that end, workers that die, several that do the same.

mod clock;
mod front;
mod killed;
mod lost;
mod misfire;
mod schedules;
mod standby;
mod tasks;
mod week;
mod woken;
