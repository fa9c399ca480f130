//! Messages through a real driver: workers that die, several at one bucket, the example of a sender, how systems are.

mod buckets;
mod health;
mod killed;
mod lost;
mod receivers;
mod sender;
