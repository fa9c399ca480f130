//! Fills: a journal of what has been executed, and the positions, trades and balances that it comes to.
//!
//! | module | holds |
//! |---|---|
//! | [`request`] | a fill as it comes from SQL |
//! | [`book`], [`ledgers`] | the rows of bots, and the sums of their books |
//! | [`held`], [`lots`] | positions as their rows keep them |
//! | [`trades`] | round trips as rows |
//! | [`places`] | where rows stand that this session has written |
//! | [`journal`] | what was told and answered, once for ever |
//! | [`books`] | booking: each row is read once and written once |
//! | [`desk`] | where books are opened, written and closed |
//! | [`rules`], [`flip`] | what is refused, what a fee is, and what a flip makes two of |
//! | [`inbox`] | the bulk door |
//! | [`facts`] | what our own exchange has executed |
//! | [`refold`], [`folded`] | positions out of the journal: booked again, and compared with what stands |
//! | [`calls`] | the SQL calls |

mod book;
mod books;
mod calls;
mod desk;
mod facts;
mod flip;
mod folded;
mod held;
mod inbox;
mod journal;
mod ledgers;
mod lots;
mod places;
mod refold;
mod request;
mod rules;
mod tables;
mod trades;

use crate::pg::lock::Space;

/// Draining the inbox of fills.
pub const INBOX: Space = Space::new(1_049_603, 1);
