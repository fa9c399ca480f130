//! What a fill is refused for, and what its fee is.

use analytics::position::{Fee, Filled, Refusal};
use money::Money;
use pgrx::PgSqlErrorCode;

use super::book::Book;
use super::held::MOST_LOTS;
use super::ledgers::Bot;
use super::request::{TOO_LARGE, Terms};
use crate::analytics::full;
use crate::bourse::amounts::overflow;
use crate::error::{Answer, Failure, clip};
use crate::pg::fields::Words;
use crate::trading::takes_fill::takes_fill;

/// What a fee is paid in.
pub fn fee(terms: &Terms, quote: &str) -> Answer<Fee> {
    let Some(currency) = terms.fee_currency.as_deref().filter(|currency| *currency != quote) else {
        return Ok(Fee::Quote(terms.fee));
    };
    // Contracts are not what fees are paid in.
    if terms.multiplier == Money::whole(1) && is_base(&terms.symbol, currency, quote) {
        return Ok(Fee::Base(terms.fee));
    }
    Fee::third(terms.fee, terms.fee_rate).map_err(|_| overflow("fee x fee_rate", TOO_LARGE))
}

/// Whether it is the currency that a symbol begins with: BTC of BTC-USD, BTC/USDT:USDT, BTCUSD (quoted in USD), BTC.
fn is_base(symbol: &str, currency: &str, quote: &str) -> bool {
    match symbol.split_once(['-', '/', '_', ':']) {
        Some((base, _)) => base == currency,
        None => symbol.strip_prefix(currency).is_some_and(|rest| rest.is_empty() || rest == quote),
    }
}

/// Whether a bot takes a fill of this quantity now. One that closes all of it is no entry, though its fee in what is
/// traded may take more away than was open, or bring more.
pub fn require_taken(bot: &Bot, book: Book, quantity: Money, filled: &Filled) -> Answer<()> {
    let trade_type = book.trade_type.as_str();
    let takes = |opens| takes_fill(&bot.status, trade_type, opens);
    let closes = filled.closed > Money::ZERO;
    let opens = filled.opened > Money::ZERO && filled.closed < quantity;
    if (!opens || takes(true)) && (!closes || takes(false)) {
        return Ok(());
    }
    let what = if opens { "opens a position" } else { "closes one" };
    let hint = if bot.status == "disabled" {
        "It takes none until enable_bot() of an operator; then send the fill again."
    } else {
        "A running bot opens and closes, one that is paused, stopping, stopped or has failed only closes: start_bot()."
    };
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("bot {} is {}: it takes no fill that {what}", bot.id, bot.status),
        hint,
    ))
}

/// How the ids of fills begin that come from our own exchange.
pub const FACTS: &str = "exchange:";

/// Whoever took the id of a trade to come would keep it out of the books.
pub fn not_yours(fill_id: &str) -> Failure {
    Failure::invalid(
        format!("fill_id is {:?}", clip(fill_id)),
        format!("Ids that begin with {FACTS:?} are those of trades of this exchange, which sync_fills() books."),
    )
}

pub fn refused(refusal: Refusal, terms: &Terms) -> Failure {
    match refusal {
        Refusal::NoRoom(why) => full(why),
        Refusal::Overflow => overflow("what the fill comes to", TOO_LARGE),
        Refusal::NoQuantity => Failure::invalid(format!("quantity is {}", terms.quantity), "Give a positive quantity."),
        Refusal::FeeTakesAll => Failure::invalid(
            format!("the fee of {} takes all of the quantity {}", terms.fee, terms.quantity),
            "A fee in what is bought is taken off the quantity: it is less.",
        ),
        Refusal::TooManyLots => Failure::new(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!("more than {MOST_LOTS} lots would be open in {:?}", clip(&terms.symbol)),
            "Close some of it, or have the bot keep average cost: create_bot(method => 'average').",
        ),
    }
}
