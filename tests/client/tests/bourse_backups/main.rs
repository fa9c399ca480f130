//! Backups, standbys and switchovers with PostgreSQL's own tools: what comes back is what there was, and it goes on.

mod dumps;
mod recovery;
mod role;
mod standby;
mod stopped;
mod switchover;
mod whole;
