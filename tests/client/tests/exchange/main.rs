//! The exchange through a real driver: every door, many clients, strangers, crashes.

mod altered_tables;
mod amounts;
mod attached;
mod concurrency;
mod corrupt_rows;
mod doors;
mod drain;
mod durable_answers;
mod feed;
mod hot_rows;
mod idempotency;
mod inbox_bounds;
mod inbox_races;
mod known_books;
mod partial;
mod privacy;
mod processes;
mod roles;
mod standby;
mod untrusted;
mod venues;
