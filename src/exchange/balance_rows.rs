//! Where balances stand in their table.
//!
//! A session remembers it from call to call: most users trade again, and a look into the index costs as much as the
//! lock and the update together. What is remembered is only a place to look first. A row that is not found there, or
//! is no longer that balance, is found through the index.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use ids::{AssetId, IdMap, UserId};
use pgrx::prelude::*;

use crate::pg::table::Tid;
use crate::pg::{owner, session};

/// Beyond so many balances of one asset all are forgotten.
const MOST: usize = 200_000;

thread_local! {
    /// By asset, then by user.
    static REMEMBERED: RefCell<HashMap<String, IdMap<UserId, Tid>>> = RefCell::new(HashMap::new());
}

/// The places of one venue's balances.
#[derive(Default)]
pub struct BalanceRows {
    /// By asset, then by user: remembered ones, and those of this transaction.
    places: Vec<IdMap<UserId, Tid>>,
    /// What this transaction has locked.
    locked: HashSet<(UserId, AssetId)>,
}

impl BalanceRows {
    /// What this session remembers of these assets, and takes out of its memory: an error on the way forgets it.
    pub fn recall(assets: &[String]) -> BalanceRows {
        let take = |asset| REMEMBERED.with_borrow_mut(|remembered| remembered.remove(asset)).unwrap_or_default();
        BalanceRows { places: assets.iter().map(take).collect(), locked: HashSet::new() }
    }

    /// Where a balance was last seen.
    pub fn recalled(&self, user: UserId, asset: AssetId) -> Option<Tid> {
        self.places[asset.0 as usize].get(&user).copied()
    }

    /// Where a balance stands that this transaction has locked.
    pub fn locked(&self, user: UserId, asset: AssetId) -> Option<Tid> {
        self.recalled(user, asset).filter(|_| self.locked.contains(&(user, asset)))
    }

    /// Notes where a balance stands, locked.
    pub fn set(&mut self, user: UserId, asset: AssetId, tid: Tid) {
        self.places[asset.0 as usize].insert(user, tid);
        self.locked.insert((user, asset));
    }

    /// Keeps what is known for the next call.
    pub fn remember(self, assets: Vec<String>) {
        REMEMBERED.with_borrow_mut(|remembered| {
            let known = assets.into_iter().zip(self.places);
            remembered.extend(known.filter(|(_, places)| places.len() <= MOST));
        });
    }
}

/// Makes the first, empty balance of a user in an asset, unless another transaction makes it just now: then waits
/// for that one.
pub fn create_balance(user: UserId, asset: &str) {
    let made = session::as_role(owner::NAME, || {
        Spi::run_with_args("SELECT exchange_private.create_balance($1, $2)", &[user.0.into(), asset.into()])
    });
    if let Err(error) = made {
        pgrx::error!("balance of user {} in {asset} not made: {error}", user.0);
    }
}
