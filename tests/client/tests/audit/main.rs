//! The audit trail through a real driver: under many writers, from server to server, without its old months.

mod months;
mod servers;
mod trail;
