//! The platform through a real driver: installing, replacing, dumping it.

mod dump;
mod install;
mod library;
mod locked;
mod queue;
mod statistics;
mod strangers;
mod workers;
