//! Bots that are sold, through a real driver: what many sessions do at once, and what it comes to.

mod promotions;
mod renewals;
mod reviews;
mod runs;
mod submissions;
mod subscribers;
mod trades;
mod year;
