//! The tables of the exchange as the engine reads and writes them: their columns, in order, and their rows.

use matching::accounts::Balance;
use matching::{
    CancelReason, MarketStatus, Money, OrderId, OrderState, OrderType, Rate, Rates, Rules, SelfTrade, Side, Status,
    TimeInForce, Trade, UserId,
};

use super::ticket::Ticket;
use crate::pg::scan::Row;
use crate::pg::table::Table;
use crate::pg::value::{Timestamp, Value};

/// Declares the columns of a table: a constant with its place for each, and the list of names.
macro_rules! columns {
    ($($name:ident = $text:literal),+ $(,)?) => {
        columns!(@place 0_usize; $($name,)+);
        /// The names, in the order of the constants.
        pub const NAMES: &[&str] = &[$($text),+];
    };
    (@place $at:expr; $name:ident, $($rest:ident,)*) => {
        #[allow(dead_code, missing_docs, reason = "every column has its place, read or not")]
        pub const $name: usize = $at;
        columns!(@place $at + 1; $($rest,)*);
    };
    (@place $at:expr;) => {};
}

/// `exchange.markets`.
pub mod markets {
    columns! {
        SYMBOL = "symbol", BASE = "base", QUOTE = "quote", TICK = "tick_size", LOT = "lot_size", MIN_AMOUNT = "min_amount",
        MAX_AMOUNT = "max_amount", MIN_NOTIONAL = "min_notional", MAKER_RATE = "maker_rate", TAKER_RATE = "taker_rate",
        STATUS = "status", LAST_PRIORITY = "last_priority", LAST_SEQUENCE = "last_sequence", LAST_PRICE = "last_price",
        UPDATED_AT = "updated_at",
    }
}

/// `exchange.assets`.
pub mod assets {
    columns! { USER_ID = "user_id", SYMBOL = "symbol", AMOUNT = "amount", LOCKED = "locked_amount", UPDATED_AT = "updated_at" }
}

/// `exchange.orders`.
pub mod orders {
    columns! {
        ID = "id", USER_ID = "user_id", SYMBOL = "symbol", SIDE = "side", PRICE = "price", AMOUNT = "amount",
        FILLED = "filled_amount", STATUS = "status", ORDER_TYPE = "order_type", TIME_IN_FORCE = "time_in_force",
        POST_ONLY = "post_only", CLIENT_ORDER_ID = "client_order_id", SELF_TRADE = "self_trade_prevention",
        RESERVED = "reserved", MAKER_RATE = "maker_rate", TAKER_RATE = "taker_rate", PRIORITY = "priority",
        ACCEPTED_SEQUENCE = "accepted_sequence", CANCEL_REASON = "cancel_reason", CREATED_AT = "created_at",
        UPDATED_AT = "updated_at", STOP_PRICE = "stop_price", DISPLAY_AMOUNT = "display_amount", EXPIRES_AT = "expires_at",
    }
}

/// `exchange.trades`.
pub mod trades {
    columns! {
        ID = "id", BUY_ORDER_ID = "buy_order_id", SELL_ORDER_ID = "sell_order_id", SYMBOL = "symbol",
        SEQUENCE = "sequence", PRICE = "price", AMOUNT = "amount", BUYER_COMMISSION = "buyer_commission",
        SELLER_COMMISSION = "seller_commission", COMMISSION = "commission", TAKER_SIDE = "taker_side",
        CREATED_AT = "created_at",
    }
}

/// `exchange.order_amendments`.
pub mod amendments {
    columns! {
        ID = "id", ORDER_ID = "order_id", SYMBOL = "symbol", OLD_PRICE = "old_price", OLD_AMOUNT = "old_amount",
        NEW_PRICE = "new_price", NEW_AMOUNT = "new_amount", FILLED = "filled_amount", PRIORITY = "priority",
        START_SEQUENCE = "start_sequence", END_SEQUENCE = "end_sequence", CREATED_AT = "created_at",
    }
}

/// A row of `exchange.markets`.
#[derive(Clone, Debug)]
pub struct MarketRow {
    pub base: String,
    pub quote: String,
    pub rules: Rules,
    pub last_priority: i64,
    pub last_sequence: i64,
}

impl MarketRow {
    /// Reads it.
    pub fn read(row: &Row<'_>) -> MarketRow {
        use markets as c;
        let rules = Rules {
            tick: row.money(c::TICK),
            lot: row.money(c::LOT),
            min_amount: row.some_money(c::MIN_AMOUNT),
            max_amount: row.some_money(c::MAX_AMOUNT),
            min_notional: row.some_money(c::MIN_NOTIONAL),
            rates: Rates { maker: rate(row, c::MAKER_RATE), taker: rate(row, c::TAKER_RATE) },
            status: MarketStatus::parse(row.text(c::STATUS)).unwrap_or(MarketStatus::Closed),
        };
        MarketRow {
            base: row.text(c::BASE).to_owned(),
            quote: row.text(c::QUOTE).to_owned(),
            rules,
            last_priority: row.int(c::LAST_PRIORITY).unwrap_or_default(),
            last_sequence: row.int(c::LAST_SEQUENCE).unwrap_or_default(),
        }
    }
}

/// A row of `exchange.orders`, prices and amounts as money.
#[derive(Clone, Debug)]
pub struct OrderRow {
    pub id: OrderId,
    pub ticket: Ticket,
    pub filled: Money,
    pub reserved: Money,
    pub rates: Rates,
    pub priority: i64,
    /// `None`: pending.
    pub status: Option<Status>,
}

impl OrderRow {
    /// Reads it.
    pub fn read(row: &Row<'_>) -> OrderRow {
        use orders as c;
        let ticket = Ticket {
            user: UserId(row.int(c::USER_ID).unwrap_or_default()),
            symbol: row.text(c::SYMBOL).to_owned(),
            side: Side::parse(row.text(c::SIDE)).unwrap_or(Side::Buy),
            price: row.money(c::PRICE),
            amount: row.money(c::AMOUNT),
            time_in_force: TimeInForce::parse(row.text(c::TIME_IN_FORCE)).unwrap_or(TimeInForce::Gtc),
            self_trade: SelfTrade::parse(row.text(c::SELF_TRADE)).unwrap_or(SelfTrade::CancelTaker),
            client_order_id: row.some_text(c::CLIENT_ORDER_ID).map(str::to_owned),
        };
        OrderRow {
            id: OrderId(row.int(c::ID).unwrap_or_default()),
            ticket,
            filled: row.money(c::FILLED),
            reserved: row.money(c::RESERVED),
            rates: Rates { maker: rate(row, c::MAKER_RATE), taker: rate(row, c::TAKER_RATE) },
            priority: row.int(c::PRIORITY).unwrap_or_default(),
            status: Status::parse(row.text(c::STATUS)),
        }
    }

    /// The resting order that the core keeps, when the row is one: open, and already given its priority.
    pub fn resting(&self, rules: &Rules) -> Option<OrderState> {
        if self.status != Some(Status::Open) || self.priority == 0 {
            return None;
        }
        Some(OrderState {
            id: self.id,
            user: self.ticket.user,
            side: self.ticket.side,
            price: rules.ticks(self.ticket.price).ok()?,
            amount: rules.lots(self.ticket.amount).ok()?,
            filled: (self.filled.0 / rules.lot.0) as i64,
            reserved: self.reserved,
            priority: self.priority,
            rates: self.rates,
            self_trade: self.ticket.self_trade,
            status: Status::Open,
            cancel_reason: None,
        })
    }
}

/// A balance, from a row of `exchange.assets`.
pub fn balance(row: &Row<'_>) -> Balance {
    Balance { available: row.money(assets::AMOUNT), locked: row.money(assets::LOCKED) }
}

/// What a new order has beside what the core knows of it.
pub struct Fresh {
    pub ticket: Ticket,
    /// The last trade of the market right after it was accepted.
    pub accepted_sequence: i64,
    /// Whether a plain INSERT has stored its row already.
    pub stored: bool,
}

/// Inserts an order that this transaction has accepted, in its final state.
pub fn insert_order(table: &mut Table, fresh: &Fresh, order: &OrderState, rules: &Rules, now: Timestamp) {
    let ticket = &fresh.ticket;
    table.insert(&[
        Value::Int(order.id.0),
        Value::Int(order.user.0),
        Value::Text(&ticket.symbol),
        Value::Text(order.side.as_str()),
        Value::Money(rules.price(order.price)),
        Value::Money(rules.quantity(order.amount)),
        Value::Money(rules.quantity(order.filled)),
        Value::Text(order.status.as_str()),
        Value::Text(OrderType::Limit.as_str()),
        Value::Text(ticket.time_in_force.as_str()),
        Value::Bool(false),
        ticket.client_order_id.as_deref().into(),
        Value::Text(ticket.self_trade.as_str()),
        Value::Money(order.reserved),
        order.rates.maker.into(),
        order.rates.taker.into(),
        Value::Int(order.priority),
        Value::Int(fresh.accepted_sequence),
        order.cancel_reason.map(CancelReason::as_str).into(),
        Value::Time(now),
        Value::Time(now),
        Value::Null,
        Value::Null,
        Value::Null,
    ]);
}

/// The columns of an order that only acceptance sets, for a row that a plain INSERT has stored.
pub fn acceptance(fresh: &Fresh, order: &OrderState) -> [(usize, Value<'static>); 3] {
    [
        (orders::MAKER_RATE, order.rates.maker.into()),
        (orders::TAKER_RATE, order.rates.taker.into()),
        (orders::ACCEPTED_SEQUENCE, Value::Int(fresh.accepted_sequence)),
    ]
}

/// The columns of an order that a call can change.
pub fn order_changes(order: &OrderState, rules: &Rules, now: Timestamp) -> [(usize, Value<'static>); 8] {
    use orders as c;
    [
        (c::PRICE, Value::Money(rules.price(order.price))),
        (c::AMOUNT, Value::Money(rules.quantity(order.amount))),
        (c::FILLED, Value::Money(rules.quantity(order.filled))),
        (c::STATUS, Value::Text(order.status.as_str())),
        (c::RESERVED, Value::Money(order.reserved)),
        (c::PRIORITY, Value::Int(order.priority)),
        (c::CANCEL_REASON, order.cancel_reason.map(CancelReason::as_str).into()),
        (c::UPDATED_AT, Value::Time(now)),
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
        Value::Money(trade.buyer_commission + trade.seller_commission),
        Value::Text(trade.taker_side.as_str()),
        Value::Time(now),
    ]);
}

/// A change of a live order's terms, for `exchange.order_amendments`.
pub struct Amendment {
    pub before: OrderState,
    pub after: OrderState,
    pub start_sequence: i64,
    pub end_sequence: i64,
}

/// Inserts an amendment.
pub fn insert_amendment(table: &mut Table, id: i64, symbol: &str, change: &Amendment, rules: &Rules, now: Timestamp) {
    let (before, after) = (&change.before, &change.after);
    table.insert(&[
        Value::Int(id),
        Value::Int(after.id.0),
        Value::Text(symbol),
        Value::Money(rules.price(before.price)),
        Value::Money(rules.quantity(before.amount)),
        Value::Money(rules.price(after.price)),
        Value::Money(rules.quantity(after.amount)),
        Value::Money(rules.quantity(before.filled)),
        Value::Int(after.priority),
        Value::Int(change.start_sequence),
        Value::Int(change.end_sequence),
        Value::Time(now),
    ]);
}

fn rate(row: &Row<'_>, column: usize) -> Rate {
    Rate(row.money(column).0 as i64)
}
