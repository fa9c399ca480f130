//! What a worker says of a message that it holds: it is delivered, it has failed, it is given back.
//!
//! Whoever ends a part of a message holds the row of the message, first: so the last one knows that it is the last.

use std::ops::ControlFlow;

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::cancelled::Cancelled;
use super::tables::{DELIVERY_STATUS, MESSAGES, OWN, PARTS, delivery_status, messages, own};
use super::{after_failure, as_owner, health, queue_of};
use crate::bourse::queue::{Change, Failed, Queue, at, settle_at};
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Timestamp, Uuid};

/// A part of a message.
struct Part {
    id: i64,
    tid: Tid,
    status: String,
    lease: Option<Uuid>,
    ends: Option<Timestamp>,
    channel: String,
    /// Over replays, too.
    attempt: i32,
    is_digest: bool,
}

/// A message of which a lease holds a part.
struct Held {
    tid: Tid,
    takes_first: bool,
    user_id: Option<i64>,
    /// What the lease holds.
    part: Part,
    others: Vec<Part>,
}

/// The lease and the message that a call names.
fn named(arguments: &Arguments) -> Answer<(Uuid, i64)> {
    let lease = arguments.uuid(0).ok_or_else(|| Failure::null("lease"))?;
    Ok((lease, arguments.get(1).ok_or_else(|| Failure::null("message_id"))?))
}

impl Held {
    /// Holds the message to the end of the transaction.
    fn hold(queue: &mut Queue, messages: &mut Table, lease: Uuid, message_id: i64, now: Timestamp) -> Answer<Held> {
        let (index, own) = (messages.index(c"messages_pkey"), queue.own());
        let message = messages.find_locked(index, &[Key::Int(message_id)], |row| {
            let read = messages::of(row);
            (row.tid(), read.delivery() == "first", read.user_id())
        });
        let mut parts = queue.read(PARTS, &[Key::Int(message_id)], |row| Part {
            id: row.int(at::ID),
            tid: row.tid(),
            status: row.text(at::STATUS).to_owned(),
            lease: row.some_uuid(at::LEASE),
            ends: row.some_time(at::CLAIMABLE_AT),
            channel: row.text(own + own::CHANNEL).to_owned(),
            attempt: row.some_int4(at::ATTEMPT).unwrap_or_default()
                + row.some_int4(own + own::ATTEMPTS_BEFORE).unwrap_or_default(),
            is_digest: row.some_text(own + own::DIGEST_KEY).is_some(),
        })?;
        let is_held = |part: &Part| {
            part.status == "running" && part.lease == Some(lease) && part.ends.is_some_and(|ends| ends > now)
        };
        let held = message.zip(parts.iter().position(is_held));
        let Some(((tid, takes_first, user_id), place)) = held else { return Err(not_held(lease, message_id)) };
        Ok(Held { tid, takes_first, user_id, part: parts.swap_remove(place), others: parts })
    }

    /// Ends what others have not begun with of a message that is to be cancelled.
    fn end_cancelled(&self, message_id: i64) -> Answer<()> {
        let mut cancelled = Cancelled::open();
        let is_cancelled = cancelled.has(message_id);
        cancelled.close();
        if !is_cancelled {
            return Ok(());
        }
        as_owner("SELECT messaging_private.end_cancelled($1)", &[message_id.into()])
    }

    fn tell(&self, message_id: i64, lease: Uuid, now: Timestamp, outcome: &Outcome<'_>) {
        let mut attempts = Table::open(&DELIVERY_STATUS);
        let attempt = next_attempt(&mut attempts, message_id, &self.part.channel, self.part.attempt);
        let new = delivery_status::New {
            message_id,
            channel: &self.part.channel,
            status: if outcome.error.is_none() { "DELIVERED" } else { "FAILED" },
            delivered_at: outcome.error.is_none().then_some(now),
            response_time_ms: outcome.response_time_ms,
            error_message: outcome.error,
            external_id: outcome.external_id,
            created_at: now,
            attempt,
            user_id: self.user_id,
            lease: Some(lease),
        };
        new.insert(&mut attempts);
        attempts.close();
    }

    /// Brings the row of the message in line, once this part of it does not run any more.
    fn update(&self, messages: &mut Table, now: Timestamp, is_delivered: bool) {
        let is = |statuses: &[&str]| self.others.iter().any(|part| statuses.contains(&part.status.as_str()));
        let has_ended = is_delivered && (self.takes_first || !is(&["pending", "running"]));
        let status = match has_ended {
            true if !self.takes_first && is(&["failed"]) => "FAILED",
            true => "DELIVERED",
            false if is(&["running"]) => return,
            false => "PENDING",
        };
        let changes = messages::Changes {
            status: Some(status),
            processed_at: has_ended.then_some(Some(now)),
            locked_by: Some(None),
            locked_at: Some(None),
            ..messages::Changes::default()
        };
        changes.update(messages, self.tid);
    }
}

/// The number of an attempt: what a provider has reported meanwhile may have taken it.
pub(super) fn next_attempt(attempts: &mut Table, message_id: i64, channel: &str, attempt: i32) -> i32 {
    let index = attempts.index(c"delivery_status_message_id_channel_attempt_key");
    let mut cursor = attempts.cursor(index, &[Key::Int(message_id), Key::Text(channel)], true);
    let last = cursor.next(attempts, |row| delivery_status::of(row).attempt());
    cursor.close(attempts);
    last.map_or(attempt, |last| attempt.max(last + 1))
}

/// Whether this lease has had a message delivered: its worker asks again where the answer was lost.
fn has_delivered(lease: Uuid, message_id: i64) -> bool {
    let mut attempts = Table::open_to_read(&DELIVERY_STATUS);
    let (index, mut is_told) = (attempts.index(c"delivery_status_message_id_channel_attempt_key"), false);
    attempts.scan(index, &[Key::Int(message_id)], |row| {
        let read = delivery_status::of(row);
        is_told = read.lease() == Some(lease) && read.status() != "FAILED";
        if is_told { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    attempts.close();
    is_told
}

/// What a worker says of its attempt.
#[derive(Default)]
struct Outcome<'a> {
    error: Option<&'a str>,
    external_id: Option<&'a str>,
    response_time_ms: Option<i32>,
}

fn not_held(lease: Uuid, message_id: i64) -> Failure {
    Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("lease {lease} does not hold message {message_id}"),
        "The lease has ended, or the message was cancelled: another worker may be at it. Claim anew.",
    )
}

#[pg_extern(sql = false)]
fn messaging_ack(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let arguments = Arguments::of(call);
    let ((lease, message_id), now) = (named(&arguments)?, Timestamp::now());
    let outcome = Outcome { error: None, external_id: arguments.get(2), response_time_ms: arguments.get(3) };
    if let Some(time) = outcome.response_time_ms.filter(|time| *time < 0) {
        let hint = "Give the milliseconds that sending took, or NULL.";
        return Err(Failure::invalid(format!("response_time_ms is {time}"), hint).into());
    }
    if let Some(length) = outcome.external_id.map(|id| id.chars().count()).filter(|length| *length > 255) {
        let hint = "Give up to 255 characters.";
        return Err(Failure::invalid(format!("external_id has {length} characters"), hint).into());
    }
    Queue::work(queue_of("ack")?, &OWN, |queue| {
        let mut messages = Table::open(&MESSAGES);
        let held = match Held::hold(queue, &mut messages, lease, message_id, now) {
            Err(_) if has_delivered(lease, message_id) => {
                messages.close();
                return Ok(());
            }
            held => held?,
        };
        if held.part.is_digest {
            as_owner("SELECT messaging_private.end_digest($1, 'delivered', NULL)", &[held.part.id.into()])?;
        }
        settle_at(queue, (held.part.id, held.part.tid), lease, now, &Change::Complete)?;
        held.tell(message_id, lease, now, &outcome);
        held.update(&mut messages, now, true);
        messages.close();
        held.end_cancelled(message_id)?;
        health::note(&held.part.channel, None, outcome.response_time_ms)
    })?;
    Ok(())
}

#[pg_extern(sql = false)]
fn messaging_fail(call: pg_sys::FunctionCallInfo) -> Result<&'static str, ErrorReport> {
    let arguments = Arguments::of(call);
    let ((lease, message_id), now) = (named(&arguments)?, Timestamp::now());
    let failed = Failed::of(&arguments, 2)?;
    let status = Queue::work(queue_of("fail")?, &OWN, |queue| {
        let mut messages = Table::open(&MESSAGES);
        let held = Held::hold(queue, &mut messages, lease, message_id, now)?;
        let status = failed.settle(queue, lease, held.part.id, now)?;
        held.tell(message_id, lease, now, &Outcome { error: Some(&failed.error()), ..Outcome::default() });
        messages.close();
        after_failure(message_id, held.part.id, status)?;
        // For good: the message is to blame.
        if !failed.is_permanent() {
            health::note(&held.part.channel, Some(&failed.error()), None)?;
        }
        Ok(status)
    })?;
    Ok(status)
}

#[pg_extern(sql = false)]
fn messaging_release(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let arguments = Arguments::of(call);
    let ((lease, message_id), now) = (named(&arguments)?, Timestamp::now());
    Queue::work(queue_of("release")?, &OWN, |queue| {
        let mut messages = Table::open(&MESSAGES);
        let held = Held::hold(queue, &mut messages, lease, message_id, now)?;
        settle_at(queue, (held.part.id, held.part.tid), lease, now, &Change::Release)?;
        held.update(&mut messages, now, false);
        messages.close();
        Ok(())
    })?;
    Ok(())
}
