//! Faults on purpose: whatever is thrown at it, a server keeps what it has acknowledged, and says why it refuses.

mod boundaries;
mod cancels;
mod catalog;
mod ends;
mod retries;
mod sqlsmith;
mod values;
