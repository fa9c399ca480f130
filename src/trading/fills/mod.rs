//! Fills: a journal of what has been executed, and the positions, trades and balances that it comes to.
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | a fill as it comes from SQL |
//! | [`ledgers`] | the rows of bots, and the sums of their books |
//! | [`held`], [`lots`] | positions as their rows keep them |
//! | [`trades`] | round trips as rows |
//! | [`journal`] | what was told and answered, once for ever |
//! | [`books`] | booking: each row is read once and written once |
//! | [`desk`] | where books are opened, written and closed |
//! | [`inbox`] | the bulk door |
//! | [`calls`] | the SQL calls |

mod books;
mod calls;
mod desk;
mod held;
mod inbox;
mod journal;
mod ledgers;
mod lots;
mod request;
mod tables;
mod trades;

use crate::pg::lock::Space;

/// Draining the inbox of fills.
pub const INBOX: Space = Space::new(2_098_179, 1);
