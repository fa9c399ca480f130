//! The audit trail through a real driver: under many writers, from server to server.

mod servers;
mod trail;
