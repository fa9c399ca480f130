//! Messages through a real driver: workers that die, and several at one bucket.

mod buckets;
mod killed;
