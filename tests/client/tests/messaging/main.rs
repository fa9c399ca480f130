//! Messages through a real driver: workers that die, several at one bucket, how systems are.

mod buckets;
mod health;
mod killed;
