//! What our own exchange has executed: it has happened, so it is booked whatever the status of a bot, and what cannot be
//! booked holds up nothing else.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::books::Rule;
use super::calls::{given, read_all};
use super::desk::{require_write, with_books};
use super::rules::FACTS;
use crate::error::Failure;
use crate::pg::results::Rows;
use crate::pg::value::Value;

/// Books the fills of a JSON array as far as they can be; which can not, by their places, and why.
#[pg_extern(sql = false)]
fn trading_apply_facts(call: pg_sys::FunctionCallInfo) -> Result<Rows<4>, ErrorReport> {
    require_write("apply_facts()")?;
    let facts = read_all(given(call)?, false)?;
    let bot_ids: Vec<i64> = facts.iter().flatten().map(|fact| fact.bot_id).collect();
    let refused = with_books(bot_ids, |books| {
        let mut refused = Vec::new();
        for (place, fact) in facts.iter().enumerate() {
            pgrx::check_for_interrupts!();
            let booked = fact.as_ref().map_err(Failure::clone).and_then(|fact| books.apply(fact, Rule::Facts));
            refused.extend(booked.err().map(|failure| told(place, failure)));
        }
        Ok(refused)
    })?;
    Ok(Rows(refused))
}

/// What a trade of our exchange is called in the journal of the bot that has placed this order.
#[pg_extern(sql = false)]
fn trading_fill_of_trade(trade_id: i64, order_id: i64) -> String {
    format!("{FACTS}{trade_id}:{order_id}")
}

/// The trade that a fill of the journal is, if it is one of our exchange.
#[pg_extern(sql = false)]
fn trading_trade_of_fill(fill_id: &str) -> Option<i64> {
    fill_id.strip_prefix(FACTS)?.split(':').next()?.parse().ok()
}

fn told(place: usize, failure: Failure) -> [Value<'static>; 4] {
    let hint = if failure.hint.is_empty() { Value::Null } else { Value::kept(&failure.hint) };
    [Value::Int(place as i64), Value::kept(&failure.sqlstate()), Value::kept(&failure.message), hint]
}
