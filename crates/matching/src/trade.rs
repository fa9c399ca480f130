//! Trades, and how they change the orders that make them.

use crate::book::{Owner, Place};
use crate::market::reserve_slot;
use crate::settle::{self, Party};
use crate::{Accounts, CancelReason, Market, Money, OrderId, OrderState, Side, Status};

/// One fill between a resting and an arriving order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number in the market: gapless, from 1.
    pub sequence: i64,
    /// The order that rested; the trade is at its price (in an auction: at the auction's).
    pub maker: OrderId,
    /// The order that arrived.
    pub taker: OrderId,
    /// The side of the order that arrived.
    pub taker_side: Side,
    /// The price in ticks.
    pub price: i64,
    /// The quantity in lots.
    pub amount: i64,
    /// What the buyer paid on top; negative: a rebate.
    pub buyer_commission: Money,
    /// What was taken from the seller's proceeds; negative: a rebate.
    pub seller_commission: Money,
}

impl Trade {
    /// The order that bought.
    #[must_use]
    pub const fn buy_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.taker,
            Side::Sell => self.maker,
        }
    }

    /// The order that sold.
    #[must_use]
    pub const fn sell_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.maker,
            Side::Sell => self.taker,
        }
    }

    /// The commission of the order on one side.
    #[must_use]
    pub const fn commission(&self, side: Side) -> Money {
        match side {
            Side::Buy => self.buyer_commission,
            Side::Sell => self.seller_commission,
        }
    }
}

/// An order that self-trade prevention has made smaller, without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrink {
    /// The order.
    pub id: OrderId,
    /// Its limit price in ticks.
    pub price: Option<i64>,
    /// Its quantity before, in lots.
    pub old_amount: i64,
    /// Its quantity after.
    pub new_amount: i64,
    /// What had traded.
    pub filled: i64,
    /// Its priority, which it keeps.
    pub priority: i64,
    /// The sequence of the last trade before.
    pub sequence: i64,
}

impl Market {
    /// Trades with a maker. An iceberg whose slice is used up shows the next one at the end of its queue.
    pub(crate) fn fill(
        &mut self,
        accounts: &mut Accounts,
        owner: Owner,
        taker: &mut OrderState,
        maker: Place,
        lots: i64,
    ) {
        let (mut resting, maker_owner) = (*self.book.order(maker), self.book.owner(maker));
        let price = resting.price.unwrap_or_default();
        self.trade(accounts, (taker, owner), (&mut resting, maker_owner), price, lots);
        resting.visible -= lots;
        if resting.remaining() == 0 {
            resting.status = Status::Filled;
        }
        if resting.visible == 0 && resting.remaining() > 0 {
            resting.priority = self.next_priority();
            resting.visible = resting.slice();
            self.book.requeue(maker, resting);
        } else {
            self.book.change(maker, |order| *order = resting);
        }
    }

    /// Moves the money of one trade and journals it.
    pub(crate) fn trade(
        &mut self,
        accounts: &mut Accounts,
        (taker, taker_owner): (&mut OrderState, Owner),
        (maker, maker_owner): (&mut OrderState, Owner),
        price: i64,
        lots: i64,
    ) {
        let (side, taker_id, maker_id) = (taker.side, taker.id, maker.id);
        let arriving = Party { rate: taker.rates.taker, order: taker, owner: taker_owner, least: Money::ZERO };
        let settle = |side| if side == Side::Buy { settle::buy } else { settle::sell };
        let charged = settle(side)(accounts, &self.rules, arriving, price, lots);
        let resting = Party { rate: maker.rates.maker, order: maker, owner: maker_owner, least: -charged };
        let maker_charged = settle(side.opposite())(accounts, &self.rules, resting, price, lots);
        let (buyer_commission, seller_commission) = match side {
            Side::Buy => (charged, maker_charged),
            Side::Sell => (maker_charged, charged),
        };
        self.sequence += 1;
        self.last_price = Some(price);
        self.trades.push(Trade {
            sequence: self.sequence,
            maker: maker_id,
            taker: taker_id,
            taker_side: side,
            price,
            amount: lots,
            buyer_commission,
            seller_commission,
        });
    }

    /// Takes the same quantity off two orders of one user. The one that has no more is cancelled.
    pub(crate) fn decrement(
        &mut self,
        accounts: &mut Accounts,
        owner: Owner,
        taker: &mut OrderState,
        maker: Place,
        lots: i64,
    ) {
        let (mut resting, maker_owner) = (*self.book.order(maker), self.book.owner(maker));
        if resting.remaining() == lots {
            self.end(accounts, maker, CancelReason::SelfTradeMaker);
        } else {
            self.shrink(accounts, maker_owner, &mut resting, lots);
            self.book.change(maker, |order| *order = resting);
        }
        // When nothing is left, the plan ends the taker next.
        if taker.remaining() > lots {
            self.shrink(accounts, owner, taker, lots);
        }
    }

    fn shrink(&mut self, accounts: &mut Accounts, owner: Owner, order: &mut OrderState, lots: i64) {
        let old_amount = order.amount;
        order.amount -= lots;
        order.visible = order.visible.min(order.remaining());
        // A market buy has reserved what its fills cost, nothing for the rest.
        if order.price.is_some() || order.side == Side::Sell {
            let keep = self.rules.reserve_of(order).unwrap_or(order.reserved).min(order.reserved);
            accounts.release(reserve_slot(owner, order.side), order.reserved - keep);
            order.reserved = keep;
        }
        let (id, price, filled, priority) = (order.id, order.price, order.filled, order.priority);
        let (new_amount, sequence) = (order.amount, self.sequence);
        self.shrinks.push(Shrink { id, price, old_amount, new_amount, filled, priority, sequence });
    }
}
