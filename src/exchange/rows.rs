//! The rows of the exchange as the engine reads and writes them.

use ids::{OrderId, UserId};
use matching::accounts::Balance;
use matching::{CancelReason, OrderState, Rates, Rules, Shrink, Status, Terms, Trade};
use money::{Money, Sum};

use super::fields::{assets, order_amendments, orders, trades};
pub use super::market_row::MarketRow;
use super::ticket::{Body, Ticket};
use crate::pg::numeric;
use crate::pg::row::{Row, raise_corrupted};
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;

/// A row of `exchange.orders`, prices and amounts as money.
#[derive(Clone, Debug)]
pub struct OrderRow {
    pub id: OrderId,
    pub ticket: Ticket,
    pub filled: Money,
    pub reserved: Money,
    pub rates: Rates,
    pub priority: i64,
    pub status: Status,
    pub visible: Option<Money>,
    /// Where its row stands, as long as its market is held.
    pub tid: Tid,
    /// Whether its row says that it has not been triggered yet.
    pub waited: bool,
}

impl OrderRow {
    /// Reads it.
    pub fn read(row: &Row<'_>) -> OrderRow {
        let order = orders::of(row);
        let quote_amount = order.quote_amount();
        let ticket = Ticket {
            user: UserId(order.user_id()),
            symbol: order.symbol().to_owned(),
            client_order_id: order.client_order_id().map(str::to_owned),
            body: Body {
                side: order.side(),
                price: order.price(),
                amount: order.amount().filter(|_| quote_amount.is_none()),
                quote_amount,
                order_type: order.order_type(),
                post_only: order.post_only(),
                stop_price: order.stop_price(),
                display_amount: order.display_amount(),
                expires_at: order.expires_at(),
                time_in_force: order.time_in_force(),
                self_trade: order.self_trade_prevention(),
            },
        };
        OrderRow {
            id: OrderId(order.id()),
            ticket,
            filled: order.filled_amount(),
            reserved: order.reserved(),
            rates: Rates { maker: order.maker_rate(), taker: order.taker_rate() },
            priority: order.priority(),
            status: order.status(),
            visible: order.visible_amount(),
            tid: row.tid(),
            waited: order.triggered_at().is_none(),
        }
    }

    /// Its limit. For an order of the book, which has one.
    pub fn price(&self) -> Money {
        self.require("price", self.ticket.body.price)
    }

    /// Its trigger. For a stop that waits, which has one.
    pub fn stop_price(&self) -> Money {
        self.require("stop_price", self.ticket.body.stop_price)
    }

    /// What has not traded yet. For a live order, which has a quantity, and some of it left.
    pub fn remaining(&self) -> Money {
        let left = self.require("amount", self.ticket.body.amount) - self.filled;
        if left <= Money::ZERO {
            self.raise_corrupted(&format!("filled_amount is {} of a live order", self.filled));
        }
        left
    }

    /// Whether its time has come.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.ticket.body.expires_at.is_some_and(|end| end <= now)
    }

    /// What the book shows of it.
    pub fn shown(&self) -> Money {
        let remaining = self.remaining();
        match self.visible {
            Some(visible) if visible > remaining => {
                self.raise_corrupted(&format!("visible_amount is {visible}, and {remaining} remain"))
            }
            visible => visible.unwrap_or(remaining),
        }
    }

    /// The live order that the core keeps, when the row is one that has been given its priority.
    pub fn live(&self, rules: &Rules) -> Option<OrderState> {
        if !self.status.is_live() || self.priority == 0 {
            return None;
        }
        let lots = |column, amount| self.steps(column, amount, rules.lot);
        let ticks = |column, price| self.steps(column, price, rules.tick);
        let body = self.ticket.body;
        let needed = if self.status == Status::Open { self.price() } else { self.stop_price() };
        if needed == Money::ZERO {
            self.raise_corrupted("its price is 0");
        }
        Some(OrderState {
            id: self.id,
            user: self.ticket.user,
            side: body.side,
            price: body.price.map(|price| ticks("price", price)),
            amount: lots("amount", self.remaining() + self.filled),
            filled: lots("filled_amount", self.filled),
            visible: lots("visible_amount", self.shown()),
            reserved: self.reserved,
            priority: self.priority,
            rates: self.rates,
            terms: Terms {
                order_type: body.order_type,
                time_in_force: body.time_in_force,
                self_trade: body.self_trade,
                post_only: body.post_only,
                stop_price: body.stop_price.map(|price| ticks("stop_price", price)),
                display: body.display_amount.map(|amount| lots("display_amount", amount)),
                expires_at: body.expires_at.map(|t| t.0),
            },
            status: self.status,
            cancel_reason: None,
        })
    }

    /// A price in ticks, or an amount in lots. Neither is ever cut off: tick and lot of a market do not change while it
    /// has live orders.
    fn steps(&self, column: &str, value: Money, step: Money) -> i64 {
        let steps = value.units() / step.units();
        match i64::try_from(steps) {
            Ok(count) if steps * step.units() == value.units() => count,
            _ => self.raise_corrupted(&format!("{column} is {value}, and one step of its market is {step}")),
        }
    }

    fn require(&self, column: &str, value: Option<Money>) -> Money {
        value.unwrap_or_else(|| self.raise_corrupted(&format!("{column} is NULL")))
    }

    #[cold]
    fn raise_corrupted(&self, what: &str) -> ! {
        raise_corrupted("exchange.orders", &format!("id {}", self.id.0), what)
    }
}

/// A balance, from a row of `exchange.assets`.
pub fn balance(row: &Row<'_>) -> Balance {
    let balance = assets::of(row);
    Balance { available: balance.amount(), locked: balance.locked_amount() }
}

/// What a new order has beside what the core knows of it.
pub struct Fresh {
    pub ticket: Ticket,
    /// The last trade of the market right after it was accepted.
    pub accepted_sequence: i64,
    /// What it was right after it was accepted.
    pub accepted_status: Status,
    /// Whether a plain INSERT has stored its row already.
    pub stored: bool,
}

/// Inserts an order that this transaction has accepted, in its final state. Returns where its row stands.
pub fn insert_order(table: &mut Table, fresh: &Fresh, order: &OrderState, rules: &Rules, now: Timestamp) -> Tid {
    let (ticket, body) = (&fresh.ticket, &fresh.ticket.body);
    let row = orders::New {
        id: order.id.0,
        user_id: order.user.0,
        symbol: &ticket.symbol,
        side: order.side,
        price: price(order, rules),
        amount: amount(order, rules),
        filled_amount: rules.quantity(order.filled),
        status: order.status,
        order_type: body.order_type,
        time_in_force: body.time_in_force,
        post_only: body.post_only,
        client_order_id: ticket.client_order_id.as_deref(),
        self_trade_prevention: body.self_trade,
        reserved: order.reserved,
        maker_rate: order.rates.maker,
        taker_rate: order.rates.taker,
        priority: order.priority,
        accepted_sequence: fresh.accepted_sequence,
        cancel_reason: order.cancel_reason,
        created_at: now,
        updated_at: now,
        stop_price: body.stop_price,
        display_amount: body.display_amount,
        expires_at: body.expires_at,
        quote_amount: body.quote_amount,
        visible_amount: visible(order, rules),
        accepted_status: fresh.accepted_status,
        triggered_at: has_triggered(order).then_some(now),
        ended_at: ended_at(order, now),
        traded_until: traded_until(order, now),
    };
    row.insert(table)
}

/// An order ends once: what has ended is never changed again.
fn ended_at(order: &OrderState, now: Timestamp) -> Option<Timestamp> {
    matches!(order.status, Status::Filled | Status::Cancelled).then_some(now)
}

/// No trade of an order is later than its end.
fn traded_until(order: &OrderState, now: Timestamp) -> Option<Timestamp> {
    ended_at(order, now).filter(|_| order.filled > 0)
}

/// Whether a stop that waited has been triggered since, as its state tells.
pub fn has_triggered(order: &OrderState) -> bool {
    let ended_waiting = matches!(order.cancel_reason, Some(CancelReason::User | CancelReason::Expired));
    order.terms.stop_price.is_some() && order.status != Status::Pending && (order.filled > 0 || !ended_waiting)
}

fn price(order: &OrderState, rules: &Rules) -> Option<Money> {
    order.price.map(|ticks| rules.price(ticks))
}

/// A quote_amount order that has not traded has no quantity.
fn amount(order: &OrderState, rules: &Rules) -> Option<Money> {
    (order.amount != 0).then(|| rules.quantity(order.amount))
}

/// Only an iceberg has a slice.
fn visible(order: &OrderState, rules: &Rules) -> Option<Money> {
    order.terms.display.map(|_| rules.quantity(order.visible))
}

/// What a call can change of an order. Of a row that a plain INSERT has stored, acceptance sets more: `fresh`.
pub fn order_changes(
    order: &OrderState,
    fresh: Option<&Fresh>,
    rules: &Rules,
    now: Timestamp,
) -> orders::Changes<'static> {
    orders::Changes {
        price: Some(price(order, rules)),
        amount: Some(amount(order, rules)),
        visible_amount: Some(visible(order, rules)),
        filled_amount: Some(rules.quantity(order.filled)),
        status: Some(order.status),
        reserved: Some(order.reserved),
        priority: Some(order.priority),
        cancel_reason: Some(order.cancel_reason),
        updated_at: Some(now),
        ended_at: Some(ended_at(order, now)),
        traded_until: Some(traded_until(order, now)),
        created_at: fresh.map(|_| now),
        accepted_status: fresh.map(|fresh| fresh.accepted_status),
        maker_rate: fresh.map(|_| order.rates.maker),
        taker_rate: fresh.map(|_| order.rates.taker),
        accepted_sequence: fresh.map(|fresh| fresh.accepted_sequence),
        ..orders::Changes::default()
    }
}

/// Inserts a trade.
pub fn insert_trade(table: &mut Table, id: i64, symbol: &str, trade: &Trade, rules: &Rules, now: Timestamp) {
    let row = trades::New {
        id,
        buy_order_id: trade.buy_order().0,
        sell_order_id: trade.sell_order().0,
        symbol,
        sequence: trade.sequence,
        price: rules.price(trade.price),
        amount: rules.quantity(trade.amount),
        buyer_commission: trade.buyer_commission,
        seller_commission: trade.seller_commission,
        commission: numeric::fitting(Sum::from(trade.buyer_commission) + trade.seller_commission),
        taker_side: trade.taker_side,
        created_at: now,
    };
    row.insert(table);
}

/// A change of a live order's terms, for `exchange.order_amendments`.
pub struct Amendment {
    pub order: OrderId,
    pub old_price: Option<i64>,
    pub old_amount: i64,
    pub new_price: Option<i64>,
    pub new_amount: i64,
    pub filled: i64,
    pub priority: i64,
    pub start_sequence: i64,
    pub end_sequence: i64,
    /// Whether self-trade prevention made it while the order was being accepted.
    pub at_acceptance: bool,
}

impl From<Shrink> for Amendment {
    fn from(shrink: Shrink) -> Amendment {
        Amendment {
            order: shrink.id,
            old_price: shrink.price,
            old_amount: shrink.old_amount,
            new_price: shrink.price,
            new_amount: shrink.new_amount,
            filled: shrink.filled,
            priority: shrink.priority,
            start_sequence: shrink.sequence,
            end_sequence: shrink.sequence,
            at_acceptance: false,
        }
    }
}

/// Inserts an amendment.
pub fn insert_amendment(table: &mut Table, id: i64, symbol: &str, change: &Amendment, rules: &Rules, now: Timestamp) {
    let row = order_amendments::New {
        id,
        order_id: change.order.0,
        symbol,
        old_price: change.old_price.map(|ticks| rules.price(ticks)),
        old_amount: rules.quantity(change.old_amount),
        new_price: change.new_price.map(|ticks| rules.price(ticks)),
        new_amount: rules.quantity(change.new_amount),
        filled_amount: rules.quantity(change.filled),
        priority: change.priority,
        start_sequence: change.start_sequence,
        end_sequence: change.end_sequence,
        created_at: now,
        at_acceptance: change.at_acceptance,
    };
    row.insert(table);
}
