//! The tables of the exchange as the engine reads and writes them: their columns, in order, and their rows.

use ids::{OrderId, UserId};
use matching::accounts::Balance;
use matching::{
    CancelReason, OrderState, OrderType, Rates, Rules, SelfTrade, Shrink, Side, Status, Terms, TimeInForce, Trade,
};
use money::{Money, Sum};

pub use super::columns::*;
pub use super::market_row::MarketRow;
use super::ticket::{Body, Ticket};
use crate::pg::row::{Row, raise_corrupted};
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Timestamp, Value};

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
        use orders as c;
        let ticket = Ticket {
            user: UserId(row.int(c::USER_ID)),
            symbol: row.text(c::SYMBOL).to_owned(),
            client_order_id: row.some_text(c::CLIENT_ORDER_ID).map(str::to_owned),
            body: Body {
                side: row.word(c::SIDE, Side::parse),
                price: row.some_amount(c::PRICE),
                amount: row.some_amount(c::AMOUNT).filter(|_| row.some_amount(c::QUOTE_AMOUNT).is_none()),
                quote_amount: row.some_amount(c::QUOTE_AMOUNT),
                order_type: row.word(c::ORDER_TYPE, OrderType::parse),
                post_only: row.bool(c::POST_ONLY),
                stop_price: row.some_amount(c::STOP_PRICE),
                display_amount: row.some_amount(c::DISPLAY_AMOUNT),
                expires_at: row.some_time(c::EXPIRES_AT),
                time_in_force: row.word(c::TIME_IN_FORCE, TimeInForce::parse),
                self_trade: row.word(c::SELF_TRADE, SelfTrade::parse),
            },
        };
        OrderRow {
            id: OrderId(row.int(c::ID)),
            ticket,
            filled: row.amount(c::FILLED),
            reserved: row.amount(c::RESERVED),
            rates: Rates { maker: row.rate(c::MAKER_RATE), taker: row.rate(c::TAKER_RATE) },
            priority: row.count(c::PRIORITY),
            status: row.word(c::STATUS, Status::parse),
            visible: row.some_amount(c::VISIBLE_AMOUNT),
            tid: row.tid(),
            waited: row.some_time(c::TRIGGERED_AT).is_none(),
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
    Balance { available: row.amount(assets::AMOUNT), locked: row.amount(assets::LOCKED) }
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
    let money = |amount: Option<Money>| amount.map_or(Value::Null, Value::Money);
    table.insert(&[
        Value::Int(order.id.0),
        Value::Int(order.user.0),
        Value::Text(&ticket.symbol),
        Value::Text(order.side.as_str()),
        money(order.price.map(|ticks| rules.price(ticks))),
        amount(order, rules),
        Value::Money(rules.quantity(order.filled)),
        Value::Text(order.status.as_str()),
        Value::Text(body.order_type.as_str()),
        Value::Text(body.time_in_force.as_str()),
        Value::Bool(body.post_only),
        ticket.client_order_id.as_deref().into(),
        Value::Text(body.self_trade.as_str()),
        Value::Money(order.reserved),
        order.rates.maker.into(),
        order.rates.taker.into(),
        Value::Int(order.priority),
        Value::Int(fresh.accepted_sequence),
        order.cancel_reason.map(CancelReason::as_str).into(),
        Value::Time(now),
        Value::Time(now),
        money(body.stop_price),
        money(body.display_amount),
        body.expires_at.into(),
        money(body.quote_amount),
        visible(order, rules),
        Value::Text(fresh.accepted_status.as_str()),
        if has_triggered(order) { Value::Time(now) } else { Value::Null },
        ended_at(order, now),
        traded_until(order, now),
    ])
}

/// An order ends once: what has ended is never changed again.
fn ended_at(order: &OrderState, now: Timestamp) -> Value<'static> {
    if matches!(order.status, Status::Filled | Status::Cancelled) { Value::Time(now) } else { Value::Null }
}

/// No trade of an order is later than its end.
fn traded_until(order: &OrderState, now: Timestamp) -> Value<'static> {
    if order.filled > 0 { ended_at(order, now) } else { Value::Null }
}

/// Whether a stop that waited has been triggered since, as its state tells.
pub fn has_triggered(order: &OrderState) -> bool {
    let ended_waiting = matches!(order.cancel_reason, Some(CancelReason::User | CancelReason::Expired));
    order.terms.stop_price.is_some() && order.status != Status::Pending && (order.filled > 0 || !ended_waiting)
}

/// A quote_amount order that has not traded has no quantity.
fn amount(order: &OrderState, rules: &Rules) -> Value<'static> {
    if order.amount == 0 { Value::Null } else { Value::Money(rules.quantity(order.amount)) }
}

/// Only an iceberg has a slice.
fn visible(order: &OrderState, rules: &Rules) -> Value<'static> {
    order.terms.display.map_or(Value::Null, |_| Value::Money(rules.quantity(order.visible)))
}

/// The columns of an order that only acceptance sets, for a row that a plain INSERT has stored.
pub fn acceptance(fresh: &Fresh, order: &OrderState, now: Timestamp) -> [(usize, Value<'static>); 5] {
    [
        (orders::CREATED_AT, Value::Time(now)),
        (orders::ACCEPTED_STATUS, Value::Text(fresh.accepted_status.as_str())),
        (orders::MAKER_RATE, order.rates.maker.into()),
        (orders::TAKER_RATE, order.rates.taker.into()),
        (orders::ACCEPTED_SEQUENCE, Value::Int(fresh.accepted_sequence)),
    ]
}

/// The columns of an order that a call can change.
pub fn order_changes(order: &OrderState, rules: &Rules, now: Timestamp) -> [(usize, Value<'static>); 11] {
    use orders as c;
    [
        (c::PRICE, order.price.map_or(Value::Null, |ticks| Value::Money(rules.price(ticks)))),
        (c::AMOUNT, amount(order, rules)),
        (c::VISIBLE_AMOUNT, visible(order, rules)),
        (c::FILLED, Value::Money(rules.quantity(order.filled))),
        (c::STATUS, Value::Text(order.status.as_str())),
        (c::RESERVED, Value::Money(order.reserved)),
        (c::PRIORITY, Value::Int(order.priority)),
        (c::CANCEL_REASON, order.cancel_reason.map(CancelReason::as_str).into()),
        (c::UPDATED_AT, Value::Time(now)),
        (c::ENDED_AT, ended_at(order, now)),
        (c::TRADED_UNTIL, traded_until(order, now)),
    ]
}

/// Inserts a trade.
pub fn insert_trade(table: &mut Table, id: i64, symbol: &str, trade: &Trade, rules: &Rules, now: Timestamp) {
    table.insert(&[
        Value::Int(id),
        Value::Int(trade.buy_order().0),
        Value::Int(trade.sell_order().0),
        Value::Text(symbol),
        Value::Int(trade.sequence),
        Value::Money(rules.price(trade.price)),
        Value::Money(rules.quantity(trade.amount)),
        Value::Money(trade.buyer_commission),
        Value::Money(trade.seller_commission),
        (Sum::from(trade.buyer_commission) + trade.seller_commission).into(),
        Value::Text(trade.taker_side.as_str()),
        Value::Time(now),
    ]);
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
    let price = |ticks: Option<i64>| ticks.map_or(Value::Null, |t| Value::Money(rules.price(t)));
    table.insert(&[
        Value::Int(id),
        Value::Int(change.order.0),
        Value::Text(symbol),
        price(change.old_price),
        Value::Money(rules.quantity(change.old_amount)),
        price(change.new_price),
        Value::Money(rules.quantity(change.new_amount)),
        Value::Money(rules.quantity(change.filled)),
        Value::Int(change.priority),
        Value::Int(change.start_sequence),
        Value::Int(change.end_sequence),
        Value::Time(now),
        Value::Bool(change.at_acceptance),
    ]);
}
