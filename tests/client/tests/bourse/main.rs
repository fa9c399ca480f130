//! The platform through a real driver: installing, replacing, dumping it.

mod data_migrations;
mod dump;
mod install;
mod library;
mod locked;
mod partitions;
mod queue;
mod statistics;
mod strangers;
mod upgrade;
mod watching;
mod workers;
