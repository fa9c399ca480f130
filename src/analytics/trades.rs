//! `trade_statistics()`: `sql/analytics/statistics.sql`.

use analytics::trades::{Figure, Method, Trade, TradeStatistics};
use money::Money;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::document::{Document, number};
use super::functions::transitions;
use super::refusals::{raise, require_room, varies};
use super::statistics::moment;
use crate::error::{Answer, Failure, clip};
use crate::pg::aggregate::{Answered, Call};
use crate::pg::numeric::Inexact;
use crate::pg::value::Value;

/// Where what a trade came to stands, and what is said beside it.
const NET_PNL: usize = 1;
const CLOSED_AT: usize = 2;
const STARTING: usize = 3;
const METHOD: usize = 4;
const OPENED_AT: usize = 5;

/// Amounts are aligned to more than the server aligns memory to.
type Kept = Box<TradeStatistics>;

fn amount(call: &Call, place: usize, name: &str) -> Answer<Option<Money>> {
    let Some(given) = call.numeric(place) else { return Ok(None) };
    let refused = |why: Inexact| {
        let hint = match why {
            Inexact::NotANumber | Inexact::Infinite => "Give an amount.",
            Inexact::TooFine => "Round it to 8 decimals.",
            Inexact::TooLarge => "The largest amount is 999999999999.99999999.",
        };
        Failure::invalid(format!("{name} is {}", clip(&given.to_string())), hint)
    };
    given.money().map(Some).map_err(refused)
}

fn starting(call: &Call) -> Answer<Money> {
    let starting = amount(call, STARTING, "starting_balance")?.ok_or_else(|| Failure::null("starting_balance"))?;
    if starting > Money::ZERO {
        return Ok(starting);
    }
    let hint = "Give what the account held before the first trade: ratios are drawn beside it.";
    Err(Failure::invalid(format!("starting_balance is {starting}"), hint))
}

fn method(call: &Call) -> Answer<Method> {
    if call.arguments() <= METHOD {
        return Ok(Method::default());
    }
    let said = call.text(METHOD).ok_or_else(|| Failure::null("method"))?;
    let unknown = || Failure::invalid(format!("method is \"{}\"", clip(said)), "Give 'freqtrade' or 'quantstats'.");
    Method::named(said).ok_or_else(unknown)
}

/// The trade of a row; one without a result is still open, and skipped.
fn trade(call: &Call) -> Answer<Option<Trade>> {
    let Some(net_pnl) = amount(call, NET_PNL, "net_pnl")? else { return Ok(None) };
    let closed_at = moment(call, CLOSED_AT, "closed_at")?.0;
    let is_told = call.arguments() > OPENED_AT && call.int(OPENED_AT).is_some();
    let opened_at = is_told.then(|| moment(call, OPENED_AT, "opened_at")).transpose()?.map(|at| at.0);
    if opened_at.is_some_and(|opened_at| opened_at > closed_at) {
        return Err(Failure::invalid("opened_at lies after closed_at", "Give when the trade was opened, or NULL."));
    }
    Ok(Some(Trade { net_pnl, closed_at, opened_at }))
}

fn begin(call: &Call) -> Answer<(Money, Method, Option<Trade>)> {
    Ok((starting(call)?, method(call)?, trade(call)?))
}

fn add(mut call: Call) -> Answered {
    let (starting, method, trade) = begin(&call).unwrap_or_else(|failure| raise(failure));
    if let Some(state) = call.state::<Kept>(0) {
        if (state.starting(), state.method()) != (starting, method) {
            raise(varies());
        }
        require_room(trade.into_iter().try_for_each(|trade| state.add(trade)));
        return call.same();
    }
    let mut state = Kept::new(TradeStatistics::new(starting, method));
    require_room(trade.into_iter().try_for_each(|trade| state.add(trade)));
    call.keep(state)
}

transitions! {
    analytics_trades_add = add;
}

/// NULL of no row: nothing is known of the account then.
#[pg_extern(sql = false)]
fn analytics_trade_statistics(call: pg_sys::FunctionCallInfo) -> Answered {
    let mut call = Call::of(call);
    let Some(state) = call.state::<Kept>(0) else { return Answered::NULL };
    let mut document = Document::default();
    document.say("method", format!("\"{}\"", state.method().name()));
    document.span("first_close", "last_close", state.span());
    document.say("starting_balance", state.starting().to_string());
    for (name, figure) in require_room(state.figures()) {
        document.say(
            name,
            match figure {
                Figure::Ratio(ratio) => number(ratio),
                Figure::Count(count) => count.to_string(),
                Figure::Money(amount) => amount.map_or("null".to_owned(), |amount| amount.to_string()),
                Figure::Length(length) => seconds(length),
            },
        );
    }
    Answered::value(Value::Json(document.json()))
}

/// A length in seconds, as PostgreSQL's EXTRACT(epoch …) says.
fn seconds(length: Option<i64>) -> String {
    let spelled = |length: i64| format!("{}.{:06}", length / 1_000_000, length % 1_000_000);
    length.map_or("null".to_owned(), spelled)
}
