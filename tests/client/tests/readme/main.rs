//! The manual as a newcomer meets it.

mod pasted;
