//! Faults on purpose: whatever is thrown at it, a server keeps what it has acknowledged, and says why it refuses.

mod boundaries;
mod cancels;
mod catalog;
mod disk;
mod ends;
mod kills;
mod power;
mod retries;
mod sqlsmith;
mod values;
