//! Where fills are booked: in a transaction that may write, with the books of their bots open.

use pgrx::prelude::*;

use super::books::Books;
use crate::bourse;
use crate::error::{Answer, Failure};
use crate::pg::{attached, owner, session};

/// Refuses where nothing can be booked: before install, on a standby, in a transaction that reads one snapshot.
pub fn require_write(command: &str) -> Answer<()> {
    bourse::require_write(command, "The books must be read after their lock is held")
}

/// Books fills with the books of their bots open, writes them, and settles bots that may only close.
pub fn with_books<T>(bot_ids: impl IntoIterator<Item = i64>, work: impl FnOnce(&mut Books) -> Answer<T>) -> Answer<T> {
    // What the same statement has written before is there, too.
    session::advance();
    let (value, closing) = attached::firing(|| {
        let mut books = Books::open(bot_ids);
        let value = work(&mut books)?;
        Ok::<_, Failure>((value, books.write()?))
    })?;
    session::advance();
    for bot in closing {
        let settle = || Spi::run_with_args("SELECT trading_private.settle($1)", &[bot.into()]);
        session::as_role(owner::NAME, settle).map_err(|error| Failure::of("XX000", &error.to_string(), ""))?;
    }
    Ok(value)
}
