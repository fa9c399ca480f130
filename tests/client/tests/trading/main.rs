//! Bots through a real driver: what many sessions do to them at once.

mod fills;
