//! The one place where a refusal of the core becomes a SQLSTATE, a message and a HINT.

use matching::bounds::SLICES;
use matching::{MarketStatus, Refusal, Side};
use pgrx::prelude::PgSqlErrorCode as Code;

use crate::bourse::amounts;
use crate::bourse::tally;
use crate::error::{Failure, clip};
use crate::pg::value::Timestamp;

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
    /// Whether a calendar says when it is open.
    pub keeps_hours: bool,
    /// When its next session begins, as far as its calendar says.
    pub opens_at: Option<Timestamp>,
    /// Why it is not open, as an operator has said.
    pub reason: Option<&'a str>,
}

/// The failure that a caller is told.
pub fn failure(refusal: Refusal, on: &Subject<'_>) -> Failure {
    let (user, symbol, base, quote) = (on.user, on.symbol, on.base, on.quote);
    match refusal {
        Refusal::MarketNotOpen(status) => market_not_open(on, status),
        Refusal::PriceNotPositive(price) => {
            Failure::invalid(format!("Price and amount must be positive: price {price}"), "Give a price above zero.")
        }
        Refusal::AmountNotPositive(amount) => Failure::invalid(
            format!("Price and amount must be positive: amount {amount}"),
            "Give an amount above zero.",
        ),
        Refusal::InsufficientFunds { side, needed, available } => {
            let asset = if side == Side::Buy { quote } else { base };
            tally::count(&[("exchange.refused_funds", 1)]);
            Failure::new(
                Code::ERRCODE_CHECK_VIOLATION,
                format!("insufficient funds: user {user} has {available} {asset} available, {needed} needed"),
                "Deposit, cancel orders that lock funds, or order less.",
            )
        }
        Refusal::Overflow => overflow(&format!("the order on {symbol}")),
        Refusal::BalanceFull { side, held, brought } => {
            let asset = if side == Side::Buy { base } else { quote };
            Failure::new(
                Code::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                format!("the {asset} balance of user {user} cannot take {brought}: it holds {held}"),
                "No balance, what is locked included, may reach 1000000000000: withdraw or transfer some, or order less.",
            )
        }
        Refusal::OrderNotLive => not_live("the order", "no longer live"),
        Refusal::Combination(what) => Failure::invalid(
            format!("arguments do not go together: {what}"),
            "Limit orders take price and amount; market orders amount, or quote_amount for a buy; stops need stop_price; gtd needs expires_at; post_only and display_amount need an order that can rest.",
        ),
        Refusal::Missing(argument) => Failure::null(argument),
        Refusal::Expired { .. } => {
            Failure::invalid("expires_at is not in the future", "Give a good-till-date order an expires_at after now.")
        }
        Refusal::WouldTake { best } => Failure::new(
            Code::ERRCODE_RAISE_EXCEPTION,
            format!("post-only order would trade at {best} on arrival"),
            format!("Choose a price that does not reach {best} {quote}, or leave post_only out."),
        ),
        Refusal::FillOrKill { fillable, amount } => Failure::new(
            Code::ERRCODE_RAISE_EXCEPTION,
            format!("fill-or-kill order for {amount} {base} can fill only {fillable}"),
            "Order at most what the book offers at your price, or use ioc to take what there is.",
        ),
        Refusal::TooManySteps { most } => Failure::new(
            Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!("the order on {symbol} would need more than {most} trades and cancels"),
            format!("Order less at a time, or ioc, which takes what it may: one command makes at most {most}."),
        ),
        limit @ (Refusal::OffTick { .. }
        | Refusal::OffLot { .. }
        | Refusal::BelowMinimum { .. }
        | Refusal::AboveMaximum { .. }
        | Refusal::BelowMinimumNotional { .. }
        | Refusal::AmountNotAboveFilled { .. }
        | Refusal::DisplayAboveAmount { .. }
        | Refusal::TooManySlices { .. }
        | Refusal::OutsideBand { .. }) => beyond_limit(limit, on),
    }
}

/// A price or an amount that the market does not take (22023).
fn beyond_limit(refusal: Refusal, on: &Subject<'_>) -> Failure {
    let (symbol, base, quote) = (on.symbol, on.base, on.quote);
    match refusal {
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
        Refusal::AmountNotAboveFilled { amount, filled } => Failure::invalid(
            format!("new amount {amount} is not above the {filled} that has traded"),
            "The new amount is the total, what has traded included; to end the order, cancel it.",
        ),
        Refusal::DisplayAboveAmount { display, amount } => Failure::invalid(
            format!("display_amount {display} is above the amount {amount}"),
            "Show at most the whole order.",
        ),
        Refusal::TooManySlices { display, amount, least } => Failure::invalid(
            format!("display_amount {display} would cut the amount {amount} into more than {SLICES} slices"),
            format!("Show at least {least} {base}."),
        ),
        Refusal::OutsideBand { price, low, high } => Failure::invalid(
            format!("price {price} is outside the price band {low} to {high} of {symbol}"),
            format!("Choose a price from {low} to {high} {quote}; the band moves with the last trade."),
        ),
        // failure() sends nothing else here.
        other => Failure::invalid(format!("order refused: {other:?}"), "Check the arguments of the order."),
    }
}

/// The market does not take this in its present status (55000).
pub fn market_not_open(on: &Subject<'_>, status: MarketStatus) -> Failure {
    let is_between_sessions = matches!(status, MarketStatus::CancelOnly | MarketStatus::Auction);
    let hint = match on.opens_at.filter(|_| is_between_sessions) {
        Some(at) if status == MarketStatus::Auction => format!(
            "Its next session begins at {}; limit and stop orders that wait (gtc, gtd), amends and cancels work meanwhile.",
            at.iso()
        ),
        Some(at) => format!("Its next session begins at {}; cancels work meanwhile.", at.iso()),
        None if on.keeps_hours && status == MarketStatus::CancelOnly => {
            "Its calendar does not say when it opens: it has ended, or is not active; cancels work meanwhile."
                .to_owned()
        }
        None => "Wait until the market is open again; exchange.markets shows its status.".to_owned(),
    };
    let hint = match on.reason {
        Some(reason) => format!("{hint} Its operators say: {reason}"),
        None => hint,
    };
    Failure::new(
        Code::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("market {} is {}", on.symbol, status.as_str()),
        hint,
    )
}

/// A number leaves the range of NUMERIC(20,8) (22003).
pub fn overflow(what: &str) -> Failure {
    amounts::overflow(what, TOO_LARGE)
}

/// What to do about an amount that is too large.
pub const TOO_LARGE: &str =
    "No price, amount, price x amount or balance may reach 1000000000000, and no order has more than 2^63-1 lots.";

/// A user has as many live orders in a market as it allows (54000).
pub fn too_many_orders(symbol: &str, user: i64, live: i64, limit: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        format!("user {user} has {live} live orders in {symbol}, the limit is {limit}"),
        "Cancel some first; exchange.markets.max_open_orders is the limit.",
    )
}

/// A user has live orders in more markets than one call can hold (54000).
pub fn too_many_markets(user: i64, markets: usize, most: usize) -> Failure {
    Failure::new(
        Code::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        format!("user {user} has live orders in {markets} markets, one call cancels in {most}"),
        "Cancel market by market: exchange.cancel_all_orders(user_id, symbol).",
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
        format!("market {}", clip(symbol)),
        "SELECT symbol FROM exchange.markets lists them; exchange.create_market() makes one.",
    )
}

/// A client_order_id that stands for another order (23505).
pub fn client_order_id_used(client_order_id: &str, user: i64) -> Failure {
    Failure::new(
        Code::ERRCODE_UNIQUE_VIOLATION,
        format!("client_order_id {} of user {user} stands for another order", clip(client_order_id)),
        "Repeat an id only with the very same order, to get its first answer again; give a new order a new id.",
    )
}
