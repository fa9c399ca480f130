//! How a fill, or a decrement, changes the orders that meet.

use money::Money;

use crate::book::{Owner, Place};
use crate::market::reserve_slot;
use crate::settle::{self, Party};
use crate::{Accounts, CancelReason, Market, OrderState, Shrink, Side, Status, Trade};

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
