//! One market: its rules, its book, its counters, and the balances of its orders.

use ids::{AssetId, UserId};

use crate::book::{Owner, Place};
use crate::bounds::{self, BEAT};
use crate::{AccountSlot, Accounts, Book, CancelReason, OrderState, Outcome, Rules, Shrink, Side, Trade};

/// A market: its rules, its book (as far as loaded) and its counters.
#[derive(Debug)]
pub struct Market {
    /// Its rules.
    pub rules: Rules,
    /// Its book. A caller that places one order may load only the makers which that order can meet.
    pub book: Book,
    /// The time, in microseconds of the caller's clock. The caller sets it before a call.
    pub now: i64,
    /// The last priority given.
    pub priority: i64,
    /// The sequence of the last trade.
    pub sequence: i64,
    /// The price of the last trade, in ticks.
    pub last_price: Option<i64>,
    /// The last trade whose stops have all been entered.
    pub looked: i64,
    /// Which stops have been loaded.
    pub known: KnownStops,
    /// The worst price up to which bids and offers have been loaded; none: all of them.
    pub loaded: [Option<i64>; 2],
    /// Whether an order may have traded with more of the book than has been loaded: the caller throws everything away
    /// and loads more.
    pub short: bool,
    /// How many steps one command may take.
    pub steps: usize,
    /// Called every few hundred steps, so that the caller can end a long command by unwinding from it.
    pub pulse: fn(),
    pub(crate) trades: Vec<Trade>,
    /// So many of these trades have put the stops that they trigger into the queue.
    pub(crate) collected: usize,
    base: AssetId,
    quote: AssetId,
    pub(crate) shrinks: Vec<Shrink>,
}

/// Which stops of a market have been loaded, where not all are.
#[derive(Clone, Copy, Debug)]
pub struct KnownStops {
    /// The place in the queue, by trade and priority, from which on none has been loaded.
    pub until: (i64, i64),
    /// No sell stop with a trigger at or below this has been loaded; none: all have.
    pub sells_above: Option<i64>,
    /// No buy stop with a trigger at or above this has been loaded; none: all have.
    pub buys_below: Option<i64>,
}

impl Default for KnownStops {
    /// All of them.
    fn default() -> KnownStops {
        KnownStops { until: (i64::MAX, i64::MAX), sells_above: None, buys_below: None }
    }
}

impl Market {
    /// A market with an empty book that goes on after `priority`, `sequence` and `last_price`.
    #[must_use]
    pub fn new(
        rules: Rules,
        base: AssetId,
        quote: AssetId,
        priority: i64,
        sequence: i64,
        last_price: Option<i64>,
    ) -> Market {
        Market {
            rules,
            book: Book::default(),
            now: 0,
            priority,
            sequence,
            last_price,
            looked: sequence,
            known: KnownStops::default(),
            loaded: [None; 2],
            short: false,
            steps: bounds::STEPS,
            pulse: bounds::no_pulse,
            trades: Vec::new(),
            collected: 0,
            base,
            quote,
            shrinks: Vec::new(),
        }
    }

    /// The balances that an order of this user moves.
    pub fn owner(&self, accounts: &mut Accounts, user: UserId) -> Owner {
        Owner { base: accounts.slot(user, self.base), quote: accounts.slot(user, self.quote) }
    }

    /// Takes in a live order that the caller has read, in priority order within its price.
    pub fn load(&mut self, accounts: &mut Accounts, order: OrderState) {
        let owner = self.owner(accounts, order.user);
        self.book.load(order, owner);
    }

    /// Takes in a stop that waits to be entered, with the trade that triggered it.
    pub fn load_triggered(&mut self, accounts: &mut Accounts, order: OrderState, trade: i64) {
        let owner = self.owner(accounts, order.user);
        let place = self.book.load(order, owner);
        self.book.queue_stop(place, trade);
    }

    /// Every trade since the last call, in sequence.
    pub fn drain_trades(&mut self) -> Vec<Trade> {
        self.collected = 0;
        std::mem::take(&mut self.trades)
    }

    /// Every order that self-trade prevention has made smaller since the last call, in order.
    pub fn drain_shrinks(&mut self) -> Vec<Shrink> {
        std::mem::take(&mut self.shrinks)
    }

    /// The trades that the order of the last call made as taker.
    #[must_use]
    pub fn last_trades(&self, outcome: &Outcome) -> &[Trade] {
        let first = self.trades.len() - outcome.all_trades;
        &self.trades[first..first + outcome.trades]
    }

    /// Every trade of the last call in which its order took part: as taker, and as maker where a stop that the
    /// call has triggered has met its rest.
    pub fn own_trades<'a>(&'a self, outcome: &'a Outcome) -> impl Iterator<Item = &'a Trade> {
        let id = outcome.order.id;
        let first = self.trades.len() - outcome.all_trades;
        self.trades[first..].iter().filter(move |trade| trade.taker == id || trade.maker == id)
    }

    pub(crate) fn next_priority(&mut self) -> i64 {
        self.priority += 1;
        self.priority
    }

    /// Ends a live order and releases what it still locks.
    pub(crate) fn end(&mut self, accounts: &mut Accounts, place: Place, reason: CancelReason) {
        let (order, owner) = (*self.book.order(place), self.book.owner(place));
        accounts.release(reserve_slot(owner, order.side), order.reserved);
        self.book.change(place, |order| order.end(reason));
    }

    /// Lets the caller look whether it shall go on, every so many turns of a loop.
    pub(crate) fn beat(&self, turn: usize) {
        if turn % BEAT == BEAT - 1 {
            (self.pulse)();
        }
    }
}

/// The balance that an order of this side reserves from.
pub(crate) fn reserve_slot(owner: Owner, side: Side) -> AccountSlot {
    match side {
        Side::Buy => owner.quote,
        Side::Sell => owner.base,
    }
}
