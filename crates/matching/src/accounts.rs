//! Balances of users, as far as the caller has loaded them.

use ids::{AssetId, IdMap, UserId};
use money::{Money, Sum};

/// Where a balance stands in [`Accounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountSlot(u32);

/// The funds of one user in one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Free to use.
    pub available: Money,
    /// Reserved by live orders or by hand.
    pub locked: Money,
}

#[derive(Debug)]
struct Entry {
    user: UserId,
    asset: AssetId,
    balance: Balance,
    changed: bool,
}

/// The balances that the caller has loaded, and which of them have changed.
#[derive(Debug, Default)]
pub struct Accounts {
    entries: Vec<Entry>,
    index: IdMap<(UserId, AssetId), AccountSlot>,
    changed: Vec<AccountSlot>,
}

impl Accounts {
    /// No balances.
    #[must_use]
    pub fn new() -> Accounts {
        Accounts::default()
    }

    /// Takes in a balance that the caller has read (and locked). A balance that is never loaded is zero.
    pub fn load(&mut self, user: UserId, asset: AssetId, balance: Balance) {
        let slot = self.slot(user, asset);
        let entry = &mut self.entries[slot.0 as usize];
        entry.balance = balance;
    }

    /// The slot of a balance; a zero balance when it was never loaded.
    pub fn slot(&mut self, user: UserId, asset: AssetId) -> AccountSlot {
        let next = AccountSlot(self.entries.len() as u32);
        let slot = *self.index.entry((user, asset)).or_insert(next);
        if slot == next {
            self.entries.push(Entry { user, asset, balance: Balance::default(), changed: false });
        }
        slot
    }

    /// The balance in a slot.
    #[must_use]
    pub fn get(&self, slot: AccountSlot) -> Balance {
        self.entries[slot.0 as usize].balance
    }

    /// The balance of a user in an asset; zero when it was never loaded.
    #[must_use]
    pub fn balance(&self, user: UserId, asset: AssetId) -> Balance {
        self.index.get(&(user, asset)).map_or(Balance::default(), |slot| self.get(*slot))
    }

    /// What the account holds, available and locked.
    #[must_use]
    pub fn total(&self, slot: AccountSlot) -> Sum {
        let balance = self.get(slot);
        Sum::from(balance.available) + balance.locked
    }

    /// Moves `amount` from available to locked. The caller has checked that it is available.
    pub fn lock(&mut self, slot: AccountSlot, amount: Money) {
        self.change(slot, |b| {
            b.available -= amount;
            b.locked += amount;
        });
    }

    /// Moves `amount` from locked back to available.
    pub fn release(&mut self, slot: AccountSlot, amount: Money) {
        self.change(slot, |b| {
            b.locked -= amount;
            b.available += amount;
        });
    }

    /// Takes `amount` out of locked: it has been paid.
    pub fn pay(&mut self, slot: AccountSlot, amount: Money) {
        self.change(slot, |b| b.locked -= amount);
    }

    /// Adds `amount` to available.
    pub fn credit(&mut self, slot: AccountSlot, amount: Money) {
        self.change(slot, |b| b.available += amount);
    }

    /// Every balance that has changed since the last call, in (user, asset) order.
    pub fn drain_changed(&mut self) -> Vec<(UserId, AssetId, Balance)> {
        let slots = std::mem::take(&mut self.changed);
        let mut rows = Vec::with_capacity(slots.len());
        for slot in slots {
            let entry = &mut self.entries[slot.0 as usize];
            entry.changed = false;
            rows.push((entry.user, entry.asset, entry.balance));
        }
        rows.sort_unstable_by_key(|(user, asset, _)| (*user, *asset));
        rows
    }

    fn change(&mut self, slot: AccountSlot, with: impl FnOnce(&mut Balance)) {
        let entry = &mut self.entries[slot.0 as usize];
        with(&mut entry.balance);
        debug_assert!(entry.balance.available >= Money::ZERO && entry.balance.locked >= Money::ZERO);
        if !entry.changed {
            entry.changed = true;
            self.changed.push(slot);
        }
    }
}
