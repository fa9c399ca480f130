//! Where rows stand that this session has written: a bot that trades once trades again, and a look into an index costs as
//! much as the change. A place is only one to look at first; a row that is not there is found through its index.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

use super::book::Book;
use crate::pg::table::Tid;

/// Beyond so many places of one kind all are forgotten.
const MOST: usize = 100_000;

thread_local! {
    static BOTS: RefCell<HashMap<i64, Tid>> = RefCell::new(HashMap::new());
    static POSITIONS: RefCell<HashMap<(Book, String), Tid>> = RefCell::new(HashMap::new());
    static TRADES: RefCell<HashMap<i64, Tid>> = RefCell::new(HashMap::new());
}

fn set<K: Hash + Eq>(places: &mut HashMap<K, Tid>, key: K, place: Option<Tid>) {
    if places.len() >= MOST {
        places.clear();
    }
    match place {
        Some(tid) => places.insert(key, tid),
        None => places.remove(&key),
    };
}

/// Where the row of a bot was last seen.
pub fn bot(id: i64) -> Option<Tid> {
    BOTS.with_borrow(|places| places.get(&id).copied())
}

/// Notes it.
pub fn set_bot(id: i64, place: Tid) {
    BOTS.with_borrow_mut(|places| set(places, id, Some(place)));
}

/// Where the open position of a book in a symbol was last seen.
pub fn position(key: &(Book, String)) -> Option<Tid> {
    POSITIONS.with_borrow(|places| places.get(key).copied())
}

/// Notes it; none: nothing is open any more.
pub fn set_position(key: (Book, String), place: Option<Tid>) {
    POSITIONS.with_borrow_mut(|places| set(places, key, place));
}

/// Where an open trade was last seen.
pub fn trade(id: i64) -> Option<Tid> {
    TRADES.with_borrow(|places| places.get(&id).copied())
}

/// Notes it; none: it is closed.
pub fn set_trade(id: i64, place: Option<Tid>) {
    TRADES.with_borrow_mut(|places| set(places, id, place));
}
