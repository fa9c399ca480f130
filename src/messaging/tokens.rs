//! The SQL calls of buckets and quiet hours: `sql/messaging/rate_limits.sql`, `sql/messaging/preferences.sql`.

use std::time::Duration;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::buckets::{Buckets, EVERYBODY};
use super::quiet::Hours;
use crate::bourse::require_tables;
use crate::bourse::zones::stored_zone;
use crate::error::Failure;
use crate::pg::arguments::Arguments;
use crate::pg::attached;
use crate::pg::result::Composite;
use crate::pg::session;
use crate::pg::value::{Timestamp, Value};

#[pg_extern(sql = false)]
fn messaging_take_tokens(call: pg_sys::FunctionCallInfo) -> Result<Composite<2>, ErrorReport> {
    require_tables()?;
    let arguments = Arguments::of(call);
    let user_id: Option<&str> = arguments.get(0);
    let channel: &str = arguments.get(1).ok_or_else(|| Failure::null("channel"))?;
    let tokens: i32 = arguments.get(2).ok_or_else(|| Failure::null("tokens"))?;
    if tokens < 1 {
        return Err(Failure::invalid(format!("tokens is {tokens}"), "Take one or more.").into());
    }
    if let Some(length) = user_id.map(|user| user.chars().count()).filter(|length| !(1..=100).contains(length)) {
        let hint = "Give the recipient_id of messages, or NULL for the channel alone.";
        return Err(Failure::invalid(format!("user_id has {length} characters"), hint).into());
    }
    session::advance();
    let missing = attached::firing(|| {
        let mut buckets = Buckets::open(channel);
        let recipients: Vec<&str> = user_id.into_iter().filter(|user| *user != EVERYBODY).chain([EVERYBODY]).collect();
        let missing = buckets.take_of_all(&recipients, i64::from(tokens))?;
        buckets.close()?;
        Ok::<_, Failure>(missing)
    })?;
    let wait = missing.map_or(0, |until| until.0.saturating_sub(Timestamp::now().0).max(1));
    Ok(Composite([Value::Bool(missing.is_none()), Duration::from_micros(wait.unsigned_abs()).into()]))
}

#[pg_extern(sql = false)]
fn messaging_quiet_until(call: pg_sys::FunctionCallInfo) -> Result<Option<i64>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (from, to, at) = (arguments.get(0), arguments.get(1), arguments.get(3).map(Timestamp));
    let name: Option<&str> = arguments.get(2);
    let (Some(from), Some(to), Some(name), Some(at)) = (from, to, name, at) else { return Ok(None) };
    Ok(Hours { from, to }.end(stored_zone(name)?, at).map(|end| end.0))
}
