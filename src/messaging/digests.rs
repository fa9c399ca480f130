//! The keys of open digests: who puts a message into one holds its key to the end of the transaction, so that two who
//! begin a digest at once put both messages into one.
//!
//! A transaction that sends to several users holds several keys. It waits for none that comes before one that it holds
//! already, so that no two transactions ever wait for each other: where such a key is somebody else's, the message goes
//! by itself.

use std::cell::RefCell;

use pgrx::prelude::*;

use crate::pg::{lock, session};

/// User, channel and digest_key.
type Key = (i64, String, String);

thread_local! {
    /// The last key, in their order, that a transaction has come to hold: of those that it still holds, or a later one.
    static LAST: RefCell<Option<(u32, Key)>> = const { RefCell::new(None) };
}

/// Holds a key to the end of the transaction. `waits`: for whoever holds it, if the order allows it. Returns whether it
/// is held.
#[pg_extern(sql = false)]
fn messaging_hold_digest(user_id: i64, channel: &str, digest_key: &str, waits: bool) -> bool {
    let number = lock::hash(&format!("messaging.join_digest {user_id} {channel} {digest_key}"));
    let key: Key = (user_id, channel.to_owned(), digest_key.to_owned());
    let transaction = session::transaction_number();
    let is_behind = LAST.with_borrow(|last| last.as_ref().is_none_or(|(of, last)| *of != transaction || *last <= key));
    if waits && is_behind {
        lock::hold(number);
    } else if !lock::try_hold(number) {
        return false;
    }
    if is_behind {
        LAST.set(Some((transaction, key)));
    }
    true
}
