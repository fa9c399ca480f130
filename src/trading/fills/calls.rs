//! The SQL calls that book fills: `sql/trading/fills.sql`.

use std::collections::HashSet;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::book::Book;
use super::books::Rule;
use super::desk::{require_write, with_books};
use super::inbox;
use super::ledgers::unknown_bot;
use super::refold::{damaged, refold};
use super::request::{FillArguments, Request};
use super::tables::{BOTS, TradeType, bots};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::arguments::Arguments;
use crate::pg::fields::Words;
use crate::pg::numeric::Numeric;
use crate::pg::result::Composite;
use crate::pg::scan::Key;
use crate::pg::table::Table;
use crate::pg::value::{Json, Timestamp};
use crate::pg::{owner, procedure, session};

/// So many fills one call takes: each is held in memory until all are written.
const MOST_FILLS: usize = 100_000;

#[pg_extern(sql = false)]
fn trading_apply_fill(call: pg_sys::FunctionCallInfo) -> Result<Composite<7>, ErrorReport> {
    require_write("apply_fill()")?;
    let request = FillArguments::of_call(&Arguments::of(call)).request()?;
    if !acts_for(request.bot_id) {
        return Err(unknown_bot(request.bot_id).into());
    }
    let booked = with_books([request.bot_id], |books| books.apply(&request, Rule::ByStatus))?;
    Ok(Composite(booked.columns()))
}

/// Whether the session acts for the user of a bot, who is the same as long as there is the bot. Asked before it is
/// locked: nobody holds, or waits for, what is another's.
fn acts_for(bot_id: i64) -> bool {
    let mut table = Table::open_to_read(&BOTS);
    let index = table.index(c"bot_accounts_pkey");
    let user = table.find(index, &[Key::Int(bot_id)], |row| bots::of(row).user_id());
    table.close();
    user.is_some_and(|user| identity::require_acts_for(user).is_ok())
}

/// A bot of somebody else is treated as one that does not exist.
fn require_own(requests: &[Request]) -> Answer<()> {
    let mut asked = HashSet::new();
    for (place, request) in requests.iter().enumerate() {
        if asked.insert(request.bot_id) && !acts_for(request.bot_id) {
            return Err(at_place(place, unknown_bot(request.bot_id)));
        }
    }
    Ok(())
}

/// The fills of a JSON array: how many of them were booked, repeats included.
fn apply_all(fills: Json) -> Answer<i64> {
    let read = read_all(fills, true)?.into_iter().enumerate();
    let requests: Vec<Request> =
        read.map(|(place, request)| request.map_err(|failure| at_place(place, failure))).collect::<Answer<_>>()?;
    require_own(&requests)?;
    let bot_ids: Vec<i64> = requests.iter().map(|request| request.bot_id).collect();
    with_books(bot_ids, |books| {
        for (place, request) in requests.iter().enumerate() {
            pgrx::check_for_interrupts!();
            books.apply(request, Rule::ByStatus).map_err(|failure| at_place(place, failure))?;
        }
        Ok(requests.len() as i64)
    })
}

fn at_place(place: usize, failure: Failure) -> Failure {
    Failure::new(failure.code, format!("fill {}: {}", place + 1, failure.message), failure.hint)
}

/// The fills of a JSON array, each as far as it can be read. What somebody has told has no other fields.
pub fn read_all(fills: Json, are_told: bool) -> Answer<Vec<Answer<Request>>> {
    let query = "SELECT f.bot_id, f.fill_id, f.symbol, f.side, f.quantity, f.price, f.fee, f.fee_currency, f.fee_rate,
        f.filled_at, f.trade_type, f.strategy_name, f.entry_logic_name, f.exit_logic_name, f.\"interval\",
        f.exit_reason, f.multiplier, f.run_id FROM trading_private.fills_of($1, $2) f";
    let read = |client: &spi::SpiClient<'_>| {
        let rows = client.select(query, None, &[fills.into(), are_told.into()]).map_err(|error| unreadable(&error))?;
        if rows.len() > MOST_FILLS {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                format!("{} fills in one call", rows.len()),
                format!("Give up to {MOST_FILLS}, or COPY them into trading.fill_commands and CALL apply_pending()."),
            ));
        }
        Ok(rows.map(|row| request(&row)).collect())
    };
    session::as_role(owner::NAME, || Spi::connect(read))
}

fn unreadable(error: &spi::Error) -> Failure {
    Failure::of("XX000", &error.to_string(), "")
}

fn request(row: &spi::SpiHeapTupleData<'_>) -> Answer<Request> {
    let text = |column: usize| row.get::<String>(column).map_err(|error| unreadable(&error));
    let number = |column: usize| {
        let number = row.get::<AnyNumeric>(column).map_err(|error| unreadable(&error))?;
        Ok::<_, Failure>(number.and_then(IntoDatum::into_datum).map(Numeric::from_raw))
    };
    let int = |column: usize| row.get::<i64>(column).map_err(|error| unreadable(&error));
    let time = row.get::<TimestampWithTimeZone>(10).map_err(|error| unreadable(&error))?;
    let texts = [2, 3, 4, 8, 11, 12, 13, 14, 15, 16].map(text);
    let [fill_id, symbol, side, fee_currency, trade_type, strategy, entry, exit, interval, reason] = texts;
    let (fill_id, symbol, side, fee_currency) = (fill_id?, symbol?, side?, fee_currency?);
    let (trade_type, strategy, entry, exit) = (trade_type?, strategy?, entry?, exit?);
    let (interval, reason) = (interval?, reason?);
    FillArguments {
        bot_id: int(1)?,
        fill_id: fill_id.as_deref(),
        symbol: symbol.as_deref(),
        side: side.as_deref(),
        quantity: number(5)?,
        price: number(6)?,
        fee: number(7)?,
        fee_currency: fee_currency.as_deref(),
        fee_rate: number(9)?,
        filled_at: time.map(|time| Timestamp(time.into())),
        trade_type: trade_type.as_deref(),
        strategy_name: strategy.as_deref(),
        entry_logic_name: entry.as_deref(),
        exit_logic_name: exit.as_deref(),
        interval: interval.as_deref(),
        exit_reason: reason.as_deref(),
        multiplier: number(17)?,
        run_id: int(18)?,
    }
    .request()
}

/// The array that a call was given.
pub fn given(call: pg_sys::FunctionCallInfo) -> Answer<Json> {
    Arguments::of(call).json(0).ok_or_else(|| Failure::null("fills"))
}

#[pg_extern(sql = false)]
fn trading_apply_fills(call: pg_sys::FunctionCallInfo) -> Result<i64, ErrorReport> {
    require_write("apply_fills()")?;
    Ok(apply_all(given(call)?)?)
}

/// Whether the session acts for the user of a bot. COPY asks for each row.
#[pg_extern(sql = false)]
fn trading_acts_for_bot(bot_id: Option<i64>) -> bool {
    bot_id.is_some_and(acts_for)
}

/// Books what waits in the inbox. The caller sees nothing of what others have queued before it stands, and can take
/// nothing back.
#[pg_extern(sql = false)]
fn trading_apply_pending(batch_size: Option<i32>, call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    require_write("apply_pending()")?;
    let most = batch_size.and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=MOST_FILLS).contains(n));
    let most = most.ok_or_else(|| {
        let given = batch_size.map_or("NULL".to_owned(), |n| n.to_string());
        Failure::invalid(format!("batch_size is {given}"), format!("Take 1 to {MOST_FILLS} fills to a batch."))
    })?;
    let mut pending = inbox::Call::new();
    Ok(procedure::in_own_transactions(call, "apply_pending()", || {
        require_write("apply_pending()")?;
        pending.batch(most)
    })?)
}

/// Books a book of a bot in a symbol again, after a correction. The caller has checked his rights, and holds the bot.
#[pg_extern(sql = false)]
fn trading_refold(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    require_write("correct_fill()")?;
    let arguments = Arguments::of(call);
    let (Some(bot_id), Some(word), Some(symbol), Some(run_id)) =
        (arguments.get(0), arguments.get::<&str>(1), arguments.get::<&str>(2), arguments.get(3))
    else {
        return Err(Failure::null("symbol").into());
    };
    let trade_type = TradeType::parse(word).ok_or_else(|| damaged(&format!("trade_type of a fill is {word:?}")))?;
    Ok(refold(Book { bot_id, trade_type, run_id }, symbol)?)
}
