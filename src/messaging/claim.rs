//! Claiming: the next messages that are due on a channel, each to one worker.
//!
//! The kernel hands out deliveries; the gate here says of each whether it may be now: its message has not expired, its
//! user wants it at this hour, and there is a token for it. What is not for now is put off until then, so that it
//! stands in nobody's way; what others are at is passed over. Nothing is waited for.

use std::time::Duration;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::buckets::{Buckets, EVERYBODY, Look};
use super::cancelled::Cancelled;
use super::quiet::Hours;
use super::settle::next_attempt;
use super::tables::{DELIVERY_STATUS, LANES, MESSAGES, OWN, PREFERENCES, delivery_status, messages, own, preferences};
use super::{as_owner, queue, queue_of};
use crate::bourse::queue::{
    Ask, Claimed, Due, Lane, Only, Queue, Verdict, claim_through, lease_end, require_claim, turn,
};
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::commit;
use crate::pg::results::Rows;
use crate::pg::row::Row;
use crate::pg::scan::{Key, Locked};
use crate::pg::table::{Table, Tid};
use crate::pg::value::{Json, Timestamp, Value};
use crate::pg::zone::TimeZone;
use crate::pg::{owner, session};

/// A delivery, and its message as the gate has read it.
struct Part {
    message_id: i64,
    user_id: Option<i64>,
    attempts_before: i32,
    is_digest: bool,
    letter: Option<Letter>,
    told: Option<Told>,
}

/// What the gate asks of a message. What is in it, which may be long, is read of what is handed out alone.
struct Letter {
    tid: Tid,
    expires_at: Option<Timestamp>,
    has_ended: bool,
    is_critical: bool,
    recipient: Option<String>,
}

/// What a worker is told of a message.
type Told = [Value<'static>; 6];

impl Part {
    fn read(row: &Row<'_>, own: usize) -> Part {
        Part {
            message_id: row.int(own + own::MESSAGE_ID),
            user_id: row.some_int(own + own::USER_ID),
            attempts_before: row.some_int4(own + own::ATTEMPTS_BEFORE).unwrap_or_default(),
            is_digest: row.some_text(own + own::DIGEST_KEY).is_some(),
            letter: None,
            told: None,
        }
    }
}

impl Letter {
    fn read(row: &Row<'_>) -> Letter {
        let read = messages::of(row);
        Letter {
            tid: row.tid(),
            expires_at: read.expires_at(),
            has_ended: read.processed_at().is_some(),
            is_critical: read.priority() == "CRITICAL",
            recipient: read.recipient_id().map(str::to_owned),
        }
    }
}

fn told(row: &Row<'_>) -> Told {
    let read = messages::of(row);
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::kept);
    [
        text(read.recipient_id()),
        Value::Json(read.content()),
        text(Some(read.message_type())),
        text(read.template_name()),
        read.metadata().map_or(Value::Null, Value::Json),
        text(Some(read.priority())),
    ]
}

/// What a user wants on the channel at this hour.
enum Wish {
    Anything,
    Nothing,
    QuietUntil(Timestamp),
}

/// Who is asked whether a message may go out now.
struct Gate<'a, 'b> {
    channel: &'a str,
    now: Timestamp,
    messages: Table,
    preferences: Table,
    cancelled: Cancelled,
    buckets: &'a mut Buckets<'b>,
}

impl Gate<'_, '_> {
    fn ask(&mut self, due: &Due, part: &mut Part) -> Answer<Verdict> {
        let index = self.messages.index(c"messages_pkey");
        let letter = self.messages.find(index, &[Key::Int(part.message_id)], Letter::read);
        // It is just being deleted.
        let Some(letter) = letter else { return Ok(Verdict::Pass) };
        let letter = part.letter.insert(letter);
        if letter.has_ended || self.cancelled.has(part.message_id) {
            return Ok(self.if_held(letter.tid, part.message_id, Verdict::Cancel("cancelled".to_owned())));
        }
        if due.status != "running" {
            return Ok(self.if_held(letter.tid, part.message_id, Verdict::Go));
        }
        if let Some(expired) = letter.expires_at.filter(|time| *time <= self.now) {
            let why = format!("expired at {}", expired.iso());
            return Ok(self.if_held(letter.tid, part.message_id, Verdict::Cancel(why)));
        }
        match part.user_id.map_or(Wish::Anything, |user_id| self.wish(user_id)) {
            Wish::QuietUntil(end) if !letter.is_critical => return Ok(Verdict::Wait(end)),
            Wish::Nothing => {
                let why = format!("the recipient takes no messages on {}", self.channel);
                return Ok(self.if_held(letter.tid, part.message_id, Verdict::Cancel(why)));
            }
            Wish::QuietUntil(_) | Wish::Anything => (),
        }
        let Some(recipient) = &letter.recipient else { return Ok(Verdict::Go) };
        Ok(match self.buckets.look(recipient, letter.is_critical, self.now)? {
            Look::Busy => Verdict::Pass,
            Look::Empty(next) => Verdict::Wait(next),
            Look::Tokens(_) => {
                self.buckets.take(recipient, 1);
                Verdict::Go
            }
        })
    }

    /// Whoever ends a part holds its message; while somebody else does, it is left for the next claim.
    fn if_held(&mut self, tid: Tid, message_id: i64, verdict: Verdict) -> Verdict {
        match self.messages.try_lock(tid, |row| messages::of(row).id() == message_id, |_| ()) {
            Locked::Row(()) => verdict,
            Locked::Busy | Locked::Gone => Verdict::Pass,
        }
    }

    fn wish(&mut self, user_id: i64) -> Wish {
        if self.preferences.is_empty() {
            return Wish::Anything;
        }
        let index = self.preferences.index(c"preferences_pkey");
        let wish = self.preferences.find(index, &[Key::Int(user_id), Key::Text(self.channel)], |row| {
            let read = preferences::of(row);
            let hours = read.quiet_from().zip(read.quiet_to()).map(|(from, to)| Hours { from, to });
            let zone = hours.and_then(|hours| Some((hours, TimeZone::named(read.timezone())?)));
            match zone.and_then(|(hours, zone)| hours.end(zone, self.now)) {
                _ if !read.enabled() => Wish::Nothing,
                Some(end) => Wish::QuietUntil(end),
                None => Wish::Anything,
            }
        });
        wish.unwrap_or(Wish::Anything)
    }
}

/// Reads what is in a message, and says in its row who has it. That is a hint: where somebody else is changing the row
/// it is not said. None: it is just being deleted.
fn mark(messages: &mut Table, message_id: i64, letter: &Letter, worker: &str, now: Timestamp) -> Option<Told> {
    let there = messages.find_at(letter.tid, |row| messages::of(row).id() == message_id, told);
    let told = there.or_else(|| {
        let index = messages.index(c"messages_pkey");
        messages.find(index, &[Key::Int(message_id)], told)
    })?;
    let changes = [
        (messages::at::status, Value::Text("PROCESSING")),
        (messages::at::locked_by, Value::Text(worker)),
        (messages::at::locked_at, Value::Time(now)),
    ];
    messages.try_update(letter.tid, &changes);
    Some(told)
}

/// What is to be written of what has become of parts that were not handed out, and of attempts that have ended without
/// a word.
fn tell(claimed: &[Claimed<Part>], channel: &str) -> Answer<()> {
    let now = Timestamp::now();
    if claimed.iter().any(|item| item.lapsed.is_some()) {
        let mut attempts = Table::open(&DELIVERY_STATUS);
        for (item, lapsed) in claimed.iter().filter_map(|item| Some((item, item.lapsed.as_deref()?))) {
            let attempt = item.own.attempts_before + item.attempt - i32::from(item.lease.is_some());
            let attempt = next_attempt(&mut attempts, item.own.message_id, channel, attempt);
            let new = delivery_status::New {
                message_id: item.own.message_id,
                channel,
                status: "FAILED",
                delivered_at: None,
                response_time_ms: None,
                error_message: Some(lapsed),
                external_id: None,
                created_at: now,
                attempt,
                user_id: item.own.user_id,
                lease: None,
            };
            new.insert(&mut attempts);
        }
        attempts.close();
    }
    let ended = claimed.iter().filter(|item| matches!(item.status, "failed" | "cancelled"));
    ended.into_iter().try_for_each(|item| {
        let arguments = [item.own.message_id.into(), item.id.into(), item.status.into()];
        as_owner("SELECT messaging_private.end_alone($1, $2, $3)", &arguments)
    })
}

/// What a digest has together; none: all of it was cancelled, or it cannot be handed out, and has ended.
fn digest(delivery_id: i64) -> Answer<Option<Value<'static>>> {
    session::advance();
    let call = "SELECT messaging_private.open_digest($1)::pg_catalog.text";
    let content = session::as_role(owner::NAME, || Spi::get_one_with_args::<String>(call, &[delivery_id.into()]))
        .map_err(|error| Failure::of("XX000", &error.to_string(), ""))?;
    Ok(content.map(|content| Value::Json(Json::of_text(&content))))
}

/// A message in the hands of a worker.
fn handed_out(item: Claimed<Part>) -> Option<Answer<[Value<'static>; 9]>> {
    let (lease, told) = (item.lease?, item.own.told?);
    let [recipient, mut content, message_type, template, metadata, priority] = told;
    if item.own.is_digest {
        match digest(item.id) {
            Err(failure) => return Some(Err(failure)),
            Ok(Some(together)) => content = together,
            Ok(None) => return None,
        }
    }
    let attempt = Value::Int4(item.own.attempts_before + item.attempt);
    let (message_id, lease) = (Value::Int(item.own.message_id), Value::Uuid(lease));
    Some(Ok([message_id, lease, attempt, recipient, content, message_type, template, metadata, priority]))
}

/// What a worker asks for.
struct Wanted<'a> {
    worker: &'a str,
    channel: &'a str,
    n: usize,
    lasting: Duration,
}

impl Wanted<'_> {
    fn claim(&self, queue: &mut Queue) -> Answer<Vec<[Value<'static>; 9]>> {
        let before = commit::before();
        let mut buckets = Buckets::open(self.channel);
        let all = if buckets.config.enabled { buckets.look_at_all()? } else { Look::Tokens(Some(0)) };
        let n = match all {
            Look::Tokens(None) => self.n,
            Look::Tokens(Some(tokens)) => self.n.min(usize::try_from(tokens).unwrap_or_default()),
            Look::Empty(_) | Look::Busy => 0,
        };
        let claimed = if n == 0 { Vec::new() } else { self.claim_up_to(n, queue, &mut buckets)? };
        // What the gate has let through somebody else may have taken first.
        buckets.give_back();
        for letter in claimed.iter().filter(|item| item.lease.is_some()).filter_map(|item| item.own.letter.as_ref()) {
            buckets.take(EVERYBODY, 1);
            letter.recipient.iter().for_each(|recipient| buckets.take(recipient, 1));
        }
        // Tokens that a crash gave back would be spent twice, a last attempt would not be the last, and of what was put
        // off or has ended nobody else tells.
        let may_be_lost = buckets.are_untouched()
            && claimed
                .iter()
                .all(|item| item.lease.is_some() && item.lapsed.is_none() && !item.is_last && !item.own.is_digest);
        buckets.close()?;
        tell(&claimed, self.channel)?;
        if may_be_lost {
            before.may_be_lost();
        }
        claimed.into_iter().filter_map(handed_out).collect()
    }

    fn claim_up_to(&self, n: usize, queue: &mut Queue, buckets: &mut Buckets<'_>) -> Answer<Vec<Claimed<Part>>> {
        let (own, now) = (queue.own(), Timestamp::now());
        let lane = Some(Lane { index: LANES, word: self.channel });
        let ask = Ask { worker: self.worker, n, lasting: self.lasting, at: None, lane, only: Only::default() };
        let (messages, preferences) = (Table::open(&MESSAGES), Table::open_to_read(&PREFERENCES));
        let cancelled = Cancelled::open();
        let mut gate = Gate { channel: self.channel, now, messages, preferences, cancelled, buckets };
        let mut claimed = claim_through(queue, &ask, |row| Part::read(row, own), |due, part| gate.ask(due, part))?;
        for Part { message_id, letter, told, .. } in
            claimed.iter_mut().filter(|item| item.lease.is_some()).map(|item| &mut item.own)
        {
            let letter = letter.as_ref();
            *told = letter.and_then(|letter| mark(&mut gate.messages, *message_id, letter, self.worker, now));
        }
        gate.messages.close();
        gate.preferences.close();
        gate.cancelled.close();
        Ok(claimed)
    }
}

#[pg_extern(sql = false)]
fn messaging_claim(call: pg_sys::FunctionCallInfo) -> Result<Rows<9>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (worker, n) = require_claim(arguments.get(0), arguments.get(2))?;
    let channel = arguments.get(1).ok_or_else(|| Failure::null("channel"))?;
    let wanted = Wanted { worker, channel, n, lasting: lease_end(arguments.get(3))? };
    Ok(Rows(Queue::work(queue_of("claim")?, &OWN, |queue| wanted.claim(queue))?))
}

#[pg_extern(sql = false)]
fn messaging_turn(call: pg_sys::FunctionCallInfo) -> Result<Option<i64>, ErrorReport> {
    let arguments = Arguments::of(call);
    let (channel, user_id, priority) = (arguments.get(0), arguments.get(1), arguments.get(2));
    let (Some(word), Some(priority), Some(due)) = (channel, priority, arguments.get(3).map(Timestamp)) else {
        return Ok(None);
    };
    let lane = Some(Lane { index: LANES, word });
    let turn = Queue::work(queue()?, &OWN, |queue| turn(queue, lane, user_id, priority, due, Timestamp::now()))?;
    // A timestamptz is so many microseconds.
    Ok(Some(turn.0))
}
