//! Bots through a real driver: what many sessions do to them at once, and their books.

mod books;
mod fills;
mod life;
mod orders;
