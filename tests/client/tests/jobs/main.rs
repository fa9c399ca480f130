//! Jobs through a real driver: processes that end, workers that die, several that do the same.

mod front;
mod killed;
mod schedules;
mod standby;
mod woken;
