//! Whether an account has room for what a fill brings: available and locked together stay within
//! `NUMERIC(20,8)`. What one user pays himself stays his and needs no room.

use ids::IdMap;
use money::{Money, Sum};

use crate::book::Place;
use crate::plan::{Step, Walk};
use crate::{AccountSlot, Accounts, Book, OrderState, Refusal, Rules, Side};

/// What the makers of a plan are given.
pub(crate) struct Room<'a> {
    rules: &'a Rules,
    book: &'a Book,
    accounts: &'a Accounts,
    taker: &'a OrderState,
    /// At least what the plan gives to all makers together.
    most: Sum,
    /// What it gives to each: added up only once an account is so full that it matters.
    given: Option<IdMap<AccountSlot, Sum>>,
}

impl<'a> Room<'a> {
    pub(crate) fn new(rules: &'a Rules, book: &'a Book, accounts: &'a Accounts, taker: &'a OrderState) -> Room<'a> {
        Room { rules, book, accounts, taker, most: Sum::ZERO, given: None }
    }

    /// Whether the owner of a maker can be credited with one more fill, of this value.
    pub(crate) fn takes(&mut self, walk: &Walk, maker: Place, lots: i64, value: Money) -> bool {
        let resting = self.book.order(maker);
        let slot = credited(self.book, maker);
        let held = self.accounts.total(slot);
        let most = held + self.most + self.at_most(resting.side, lots, value);
        if most.money().is_ok() || resting.user == self.taker.user {
            return true;
        }
        let credit = self.exact(resting, lots, value);
        if self.given.is_none() {
            self.given = Some(self.add_up(walk));
        }
        let given = self.given.as_ref().and_then(|given| given.get(&slot)).copied().unwrap_or_default();
        (held + given + credit).money().is_ok()
    }

    /// Notes a fill that has become part of the plan.
    pub(crate) fn credit(&mut self, maker: Place, lots: i64, value: Money) {
        let resting = self.book.order(maker);
        self.most += self.at_most(resting.side, lots, value);
        if self.given.is_some() && resting.user != self.taker.user {
            let credit = self.exact(resting, lots, value);
            let slot = credited(self.book, maker);
            *self.given.get_or_insert_default().entry(slot).or_default() += credit;
        }
    }

    fn add_up(&self, walk: &Walk) -> IdMap<AccountSlot, Sum> {
        let mut given: IdMap<AccountSlot, Sum> = IdMap::default();
        for (maker, resting, lots) in fills(self.book, walk) {
            if resting.user != self.taker.user {
                let value = self.rules.value(resting.price.unwrap_or_default(), lots);
                let credit = self.exact(resting, lots, value);
                *given.entry(credited(self.book, maker)).or_default() += credit;
            }
        }
        given
    }

    /// No fill brings more than this: a rebate is never more than the notional.
    fn at_most(&self, side: Side, lots: i64, value: Money) -> Sum {
        match side {
            Side::Buy => self.rules.quantity(lots).into(),
            Side::Sell => Sum::from(value) + value,
        }
    }

    /// What a fill brings to a maker: a rebate counts as if the taker paid its whole commission.
    fn exact(&self, resting: &OrderState, lots: i64, value: Money) -> Sum {
        let (maker, taker) = (value.commission(resting.rates.maker), value.commission(self.taker.rates.taker));
        match resting.side {
            Side::Buy => self.rules.quantity(lots).into(),
            Side::Sell => Sum::from(value) - maker.max(-taker),
        }
    }
}

/// Refuses a plan that brings its own order more than the account of its owner can hold.
pub(crate) fn require(rules: &Rules, book: &Book, held: Sum, order: &OrderState, walk: &Walk) -> Result<(), Refusal> {
    let most = if order.side == Side::Buy { rules.total(walk.filled) } else { walk.value };
    if (held + most).money().is_ok() {
        return Ok(());
    }
    let received = fills(book, walk).filter(|(_, resting, _)| resting.user != order.user).map(|(_, resting, lots)| {
        let value = rules.value(resting.price.unwrap_or_default(), lots);
        if order.side == Side::Buy { rules.quantity(lots) } else { value - value.commission(order.rates.taker) }
    });
    let brought: Sum = received.sum();
    if (held + brought).money().is_ok() {
        Ok(())
    } else {
        Err(Refusal::BalanceFull { side: order.side, held, brought })
    }
}

fn fills<'a>(book: &'a Book, walk: &'a Walk) -> impl Iterator<Item = (Place, &'a OrderState, i64)> {
    walk.steps.iter().filter_map(|step| match *step {
        Step::Fill { maker, lots } => Some((maker, book.order(maker), lots)),
        Step::Cancel { .. } | Step::Decrement { .. } => None,
    })
}

/// The balance that a fill of this order credits.
fn credited(book: &Book, place: Place) -> AccountSlot {
    let owner = book.owner(place);
    if book.order(place).side == Side::Buy { owner.base } else { owner.quote }
}
