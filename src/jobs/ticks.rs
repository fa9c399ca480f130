//! The ticks of cron expressions in the server's time zones: `sql/jobs/ticks.sql`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cron::{Expression, Period, Zone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::bourse::zones::stored_zone;
use crate::error::{Answer, Failure, clip};
use crate::pg::zone::TimeZone;

/// Microseconds of a second, and seconds from 1970 to 2000, where PostgreSQL's times begin.
const MICROSECONDS: i64 = 1_000_000;
const EPOCH: i64 = 946_684_800;
const HINT: &str = "minute hour day month weekday, with seconds in front of them or not, like 30 9 * * MON-FRI; @daily, \
                    @hourly and the like; with a calendar @open+15m and @close-5m.";

impl Zone for TimeZone {
    fn period(&self, at: i64) -> Period {
        let (offset, until) = self.offset_at(at);
        Period { offset, until: until.unwrap_or(i64::MAX) }
    }
}

thread_local! {
    /// Expressions that this process has read: schedules share them, and are due again and again.
    static READ: RefCell<HashMap<String, Rc<Expression>>> = RefCell::new(HashMap::new());
}

const MOST_READ: usize = 1000;

fn expression(cron: &str) -> Answer<Rc<Expression>> {
    if let Some(known) = READ.with_borrow(|read| read.get(cron).cloned()) {
        return Ok(known);
    }
    let read = Expression::parse(cron)
        .map_err(|refusal| Failure::invalid(format!("cron {:?}: {refusal}", clip(cron)), HINT))?;
    let read = Rc::new(read);
    READ.with_borrow_mut(|known| {
        if known.len() >= MOST_READ {
            known.clear();
        }
        known.insert(cron.to_owned(), Rc::clone(&read));
    });
    Ok(read)
}

/// The second that a time of PostgreSQL is in.
fn second(time: i64) -> i64 {
    time.div_euclid(MICROSECONDS).saturating_add(EPOCH)
}

fn time(second: i64) -> i64 {
    (second - EPOCH) * MICROSECONDS
}

fn next(expression: &Expression, zone: &TimeZone, after: i64) -> Answer<i64> {
    expression.next_after(zone, second(after)).map(time).ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
            "ticks are known from 1900 to 4899 only",
            "Ask for a time in these years.",
        )
    })
}

#[pg_extern(sql = false)]
fn cron_tick(cron: &str, timezone: &str, after: i64) -> Result<i64, ErrorReport> {
    Ok(next(&*expression(cron)?, &stored_zone(timezone)?, after)?)
}

#[pg_extern(sql = false)]
fn cron_ticks(cron: &str, timezone: &str, after: i64, n: i32) -> Result<SetOfIterator<'static, i64>, ErrorReport> {
    let (expression, zone) = (expression(cron)?, stored_zone(timezone)?);
    let mut ticks = Vec::new();
    let mut at = after;
    for _ in 0..n {
        at = next(&expression, &zone, at)?;
        ticks.push(at);
    }
    Ok(SetOfIterator::new(ticks))
}

/// The newest ticks from `first` to `until`, in order: it goes back until there are enough of them, so that its work is
/// bounded however long nobody has asked. The one after `until` comes last.
#[pg_extern(sql = false)]
fn cron_due(
    cron: &str,
    timezone: &str,
    first: i64,
    until: i64,
    most: i32,
) -> Result<SetOfIterator<'static, i64>, ErrorReport> {
    let (expression, zone) = (expression(cron)?, stored_zone(timezone)?);
    let most = usize::try_from(most).unwrap_or_default();
    let mut reach = 60 * MICROSECONDS;
    loop {
        let from = first.max(until.saturating_sub(reach));
        // The first is due whatever the expression says by now.
        let mut ticks = if from == first { vec![first] } else { Vec::new() };
        let mut at = next(&expression, &zone, if from == first { from } else { from - 1 })?;
        while at <= until {
            ticks.push(at);
            at = next(&expression, &zone, at)?;
        }
        if from == first || ticks.len() >= most {
            let mut newest = ticks.split_off(ticks.len().saturating_sub(most));
            newest.push(at);
            return Ok(SetOfIterator::new(newest));
        }
        reach = reach.saturating_mul(2);
    }
}
