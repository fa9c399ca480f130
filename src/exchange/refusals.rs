//! The one place where a refusal of the core becomes a SQLSTATE, a message and a HINT.

use matching::{MarketStatus, Refusal, Side};
use pgrx::prelude::PgSqlErrorCode as Code;

use crate::error::Failure;

/// What a message about a refusal names.
pub struct Subject<'a> {
    /// The user.
    pub user: i64,
    /// The market.
    pub symbol: &'a str,
    /// Its base asset.
    pub base: &'a str,
    /// Its quote asset.
    pub quote: &'a str,
}

/// The failure that a caller is told.
pub fn failure(refusal: Refusal, on: &Subject<'_>) -> Failure {
    let (user, symbol, base, quote) = (on.user, on.symbol, on.base, on.quote);
    match refusal {
        Refusal::MarketNotOpen(status) => market_not_open(symbol, status),
        Refusal::PriceNotPositive(price) => {
            Failure::invalid(format!("price {price} is not positive"), "Give a price above zero.")
        }
        Refusal::AmountNotPositive(amount) => {
            Failure::invalid(format!("amount {amount} is not positive"), "Give an amount above zero.")
        }
        Refusal::OffTick { price, tick } => Failure::invalid(
            format!("price {price} is off the tick {tick} of {symbol}"),
            format!("Round the price to a multiple of {tick} {quote}."),
        ),
        Refusal::OffLot { amount, lot } => Failure::invalid(
            format!("amount {amount} is off the lot {lot} of {symbol}"),
            format!("Round the amount to a multiple of {lot} {base}."),
        ),
        Refusal::BelowMinimum { amount, minimum } => Failure::invalid(
            format!("amount {amount} is below the minimum {minimum} of {symbol}"),
            format!("Order at least {minimum} {base}."),
        ),
        Refusal::AboveMaximum { amount, maximum } => Failure::invalid(
            format!("amount {amount} is above the maximum {maximum} of {symbol}"),
            format!("Split the order: at most {maximum} {base} each."),
        ),
        Refusal::BelowMinimumNotional { notional, minimum } => Failure::invalid(
            format!("price x amount {notional} is below the minimum {minimum} of {symbol}"),
            format!("Order for at least {minimum} {quote}."),
        ),
        Refusal::InsufficientFunds { side, needed, available } => {
            let asset = if side == Side::Buy { quote } else { base };
            Failure::new(
                Code::ERRCODE_CHECK_VIOLATION,
                format!("insufficient funds: user {user} has {available} {asset} available, {needed} needed"),
                "Deposit, cancel orders that lock funds, or order less.",
            )
        }
        Refusal::Overflow => overflow(&format!("the order on {symbol}")),
        Refusal::OrderNotLive => not_live("the order", "no longer live"),
        Refusal::AmountNotAboveFilled { amount, filled } => Failure::invalid(
            format!("new amount {amount} is not above the {filled} that has traded"),
            "The new amount is the total, what has traded included; to end the order, cancel it.",
        ),
        Refusal::NotSupported(feature) => not_supported(feature),
    }
}

/// The market does not take this in its present status (55000).
pub fn market_not_open(symbol: &str, status: MarketStatus) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("market {symbol} is {}", status.as_str()),
        "Wait until the market is open again; exchange.markets shows its status.",
    )
}

/// A number leaves the range of NUMERIC(20,8) (22003).
pub fn overflow(what: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        format!("{what} leaves the range of NUMERIC(20,8)"),
        "No price, amount, price x amount or balance may reach 1000000000000.",
    )
}

/// Part of the interface that does not work yet (0A000).
pub fn not_supported(feature: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("this {feature} is not supported yet"),
        "Supported: limit orders, gtc or ioc, with self_trade_prevention none or cancel_taker.",
    )
}

/// An order that is there but no longer live (55000).
pub fn not_live(order: &str, status: &str) -> Failure {
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{order} is {status}"),
        "Only an open order can be cancelled or amended.",
    )
}

/// An order that is not there, or that the session may not know of (42704).
pub fn unknown_order(order: &str) -> Failure {
    Failure::unknown(
        format!("order {order}"),
        "Look it up in exchange.orders: it shows the orders that you may cancel and amend.",
    )
}

/// A market that is not there (42704).
pub fn unknown_market(symbol: &str) -> Failure {
    Failure::unknown(
        format!("market {symbol}"),
        "SELECT symbol FROM exchange.markets lists them; exchange.create_market() makes one.",
    )
}

/// A client_order_id that stands for another order (23505).
pub fn client_order_id_used(client_order_id: &str, user: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_UNIQUE_VIOLATION,
        format!("client_order_id {client_order_id} of user {user} stands for another order"),
        "Repeat an id only with the very same order, to get its first answer again; give a new order a new id.",
    )
}
