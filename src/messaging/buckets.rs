//! Token buckets: of a recipient on a channel, and of a channel, whose recipient is `*`.
//!
//! A bucket gains tokens all the time. `refill_rate` is for a minute, so in three microseconds it gains five hundred
//! millionths for each: `last_refill` moves on by threes, and no part of a token is ever rounded. Its row is locked
//! from when it is looked at to the end of the transaction, so that nobody takes what another has taken.

use std::time::Duration;

use money::{Money, ONE};

use super::tables::{CHANNEL_CONFIGS, RATE_LIMITS, channel_configs, rate_limits};
use crate::error::{Answer, Failure};
use crate::pg::row::Row;
use crate::pg::scan::{Key, Locked};
use crate::pg::session;
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;
use crate::pg::{latch, lock};

/// The recipient of the bucket of a whole channel.
pub const EVERYBODY: &str = "*";
/// The microseconds in which a bucket gains a whole number of hundred millionths, and how many for each of its rate.
const STEP: i64 = 3;
const GAIN: i128 = 5;
const MINUTE: i64 = 60_000_000;
/// No message that finds its bucket empty waits longer than so long behind the next token before it is looked at again.
const LONGEST_WAIT: i64 = 10 * MINUTE;
/// So long a claim waits for another that has just taken from the bucket of the channel.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSES: usize = 50;

/// What `channel_configs` says of a channel.
#[derive(Clone, Copy)]
pub struct Config {
    pub enabled: bool,
    each: Option<i32>,
    all: Option<i32>,
}

/// The buckets of one channel that a call has come by.
pub struct Buckets<'a> {
    channel: &'a str,
    pub config: Config,
    table: Table,
    known: Vec<(String, Bucket)>,
}

/// A bucket whose row this transaction holds.
struct Bucket {
    tid: Tid,
    /// As of `last_refill`, in hundred millionths.
    tokens: i128,
    last_refill: Timestamp,
    most: i32,
    rate: i32,
    next_slot: Option<Timestamp>,
    /// So many CRITICAL messages this call has put off: they have the next tokens.
    urgent: i64,
    /// Taken by this call, or promised to what it hands out.
    taken: i64,
    is_changed: bool,
}

/// What a look into a bucket has come to.
pub enum Look {
    /// So many tokens are there; none: there is no limit.
    Tokens(Option<i64>),
    /// There will be one then.
    Empty(Timestamp),
    /// Somebody else holds it.
    Busy,
}

impl Bucket {
    fn of(row: &Row<'_>, limit: Option<i32>) -> Bucket {
        let read = rate_limits::of(row);
        let (most, rate) = match limit.filter(|_| !read.is_own()) {
            Some(limit) => (limit, limit),
            None => (read.max_tokens(), read.refill_rate()),
        };
        Bucket {
            tid: row.tid(),
            tokens: read.tokens().units().min(i128::from(most) * ONE),
            last_refill: read.last_refill(),
            most,
            rate,
            next_slot: read.next_slot(),
            urgent: 0,
            taken: 0,
            is_changed: false,
        }
    }

    /// A clock that has been set back gives nothing.
    fn refill(&mut self, now: Timestamp) {
        let steps = now.0.saturating_sub(self.last_refill.0).max(0) / STEP;
        let tokens = self.tokens + i128::from(steps) * GAIN * i128::from(self.rate);
        let full = i128::from(self.most) * ONE;
        if tokens >= full {
            (self.tokens, self.last_refill) = (full, self.last_refill.max(now));
        } else {
            (self.tokens, self.last_refill) = (tokens, Timestamp(self.last_refill.0 + steps * STEP));
        }
    }

    fn left(&self) -> i128 {
        self.tokens - i128::from(self.taken) * ONE
    }

    /// When there will be so many tokens.
    fn holds_at(&self, tokens: i64) -> Timestamp {
        let missing = (i128::from(tokens) * ONE - self.left()).max(0);
        let gain = GAIN * i128::from(self.rate);
        let steps = (missing + gain - 1) / gain;
        Timestamp(self.last_refill.0.saturating_add(i64::try_from(steps).unwrap_or(i64::MAX).saturating_mul(STEP)))
    }

    /// When a CRITICAL message that finds it empty is looked at again: it comes before all that wait for the same token.
    fn next_token(&mut self) -> Timestamp {
        self.urgent += 1;
        let next = self.holds_at(1);
        self.holds_at(self.urgent).min(Timestamp(next.0.saturating_add(LONGEST_WAIT)))
    }

    /// When the next message that finds it empty is looked at again: one after the other, as tokens come.
    fn slot(&mut self) -> Timestamp {
        let next = self.holds_at(1);
        let slot = self.next_slot.map_or(next, |slot| slot.clamp(next, Timestamp(next.0 + LONGEST_WAIT)));
        self.next_slot = Some(Timestamp(slot.0 + (MINUTE + i64::from(self.rate) - 1) / i64::from(self.rate)));
        self.is_changed = true;
        slot
    }
}

impl<'a> Buckets<'a> {
    pub fn open(channel: &'a str) -> Buckets<'a> {
        let mut table = Table::open_to_read(&CHANNEL_CONFIGS);
        let index = table.index(c"channel_configs_channel_key");
        let config = match table.is_empty() {
            true => None,
            false => table.find(index, &[Key::Text(channel)], |row| {
                let read = channel_configs::of(row);
                Config {
                    enabled: read.enabled(),
                    each: Some(read.rate_limit_per_minute()),
                    all: read.channel_limit_per_minute(),
                }
            }),
        };
        table.close();
        let config = config.unwrap_or(Config { enabled: true, each: None, all: None });
        Buckets { channel, config, table: Table::open(&RATE_LIMITS), known: Vec::new() }
    }

    /// Looks into the bucket of a recipient.
    pub fn look(&mut self, recipient: &str, is_critical: bool, now: Timestamp) -> Answer<Look> {
        let Some(bucket) = self.bucket(recipient, now, false)? else { return Ok(Look::Busy) };
        Ok(bucket.map_or(Look::Tokens(None), |bucket| match i64::try_from(bucket.left() / ONE).unwrap_or_default() {
            0 if is_critical => Look::Empty(bucket.next_token()),
            0 => Look::Empty(bucket.slot()),
            tokens => Look::Tokens(Some(tokens)),
        }))
    }

    /// How many tokens the channel has, once nobody else has just taken from it.
    pub fn look_at_all(&mut self) -> Answer<Look> {
        for _ in 0..PAUSES {
            match self.bucket(EVERYBODY, Timestamp::now(), false)? {
                None => latch::sleep(PAUSE),
                Some(None) => return Ok(Look::Tokens(None)),
                Some(Some(bucket)) => {
                    return Ok(Look::Tokens(Some(i64::try_from(bucket.left() / ONE).unwrap_or_default())));
                }
            }
        }
        Ok(Look::Busy)
    }

    /// Takes tokens from a bucket that has been looked into.
    pub fn take(&mut self, recipient: &str, tokens: i64) {
        if let Some((_, bucket)) = self.known.iter_mut().find(|(known, _)| known == recipient) {
            bucket.taken += tokens;
            bucket.is_changed = true;
        }
    }

    /// Puts back what this call has taken.
    pub fn give_back(&mut self) {
        self.known.iter_mut().for_each(|(_, bucket)| bucket.taken = 0);
    }

    /// Whether this call has come by no bucket.
    pub fn are_untouched(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes so many tokens of all of these buckets, or none. Returns when there will be enough, if there are too few.
    pub fn take_of_all(&mut self, recipients: &[&str], tokens: i64) -> Answer<Option<Timestamp>> {
        let mut missing = None;
        for recipient in recipients {
            // The clock is read again for each: waiting for a row takes time.
            self.bucket(recipient, Timestamp(i64::MIN), true)?;
            let now = Timestamp::now();
            let Some((_, bucket)) = self.known.iter_mut().find(|(known, _)| known == recipient) else { continue };
            bucket.refill(now);
            if tokens > i64::from(bucket.most) {
                return Err(Failure::invalid(
                    format!("tokens is {tokens}, and the bucket holds {}", bucket.most),
                    "Take no more than it holds; messaging.rate_limits says how much.",
                ));
            }
            if bucket.left() < i128::from(tokens) * ONE {
                missing = missing.max(Some(bucket.holds_at(tokens)));
            }
        }
        if missing.is_none() {
            recipients.iter().for_each(|recipient| self.take(recipient, tokens));
        }
        Ok(missing)
    }

    /// The bucket of a recipient, refilled. None: somebody else holds it; within: there is no limit.
    fn bucket(&mut self, recipient: &str, now: Timestamp, waits: bool) -> Answer<Option<Option<&mut Bucket>>> {
        if let Some(at) = self.known.iter().position(|(known, _)| known == recipient) {
            return Ok(Some(Some(&mut self.known[at].1)));
        }
        let limit = if recipient == EVERYBODY { self.config.all } else { self.config.each };
        if limit.is_none() && self.table.is_empty() {
            return Ok(Some(None));
        }
        let (key, mut is_new) = ([Key::Text(recipient), Key::Text(self.channel)], false);
        let index = self.table.index(c"rate_limits_user_id_channel_key");
        let locate = |row: &Row<'_>| (row.tid(), rate_limits::of(row).is_own());
        let mut found = self.table.find(index, &key, locate);
        if found.is_none() && limit.is_some() {
            // The channel has no blank in it, whatever the recipient has.
            let making = lock::hash(&format!("messaging.rate_limits {} {recipient}", self.channel));
            if waits {
                lock::hold(making);
            } else if !lock::try_hold(making) {
                return Ok(None);
            }
            found = self.table.find(index, &key, locate);
            is_new = found.is_none();
        }
        let bucket = match (found, limit) {
            (Some((_, false)), None) | (None, None) => return Ok(Some(None)),
            (None, Some(limit)) if is_new => Some(self.make(recipient, limit)?),
            (None, Some(_)) => None,
            (Some(_), _) if waits => self.table.find_locked(index, &key, |row| Bucket::of(row, limit)),
            (Some((tid, _)), _) => match self.table.try_lock(
                tid,
                |row| rate_limits::of(row).user_id() == recipient && rate_limits::of(row).channel() == self.channel,
                |row| Bucket::of(row, limit),
            ) {
                Locked::Row(bucket) => Some(bucket),
                Locked::Busy | Locked::Gone => None,
            },
        };
        let Some(mut bucket) = bucket else { return Ok(None) };
        bucket.refill(now);
        self.known.push((recipient.to_owned(), bucket));
        Ok(Some(self.known.last_mut().map(|(_, bucket)| bucket)))
    }

    fn make(&mut self, recipient: &str, limit: i32) -> Answer<Bucket> {
        let (now, full) = (Timestamp::now(), Money::whole(i64::from(limit)));
        let new = rate_limits::New {
            user_id: recipient,
            channel: self.channel,
            tokens: full,
            last_refill: now,
            max_tokens: limit,
            refill_rate: limit,
            next_slot: None,
            is_own: false,
        };
        let tid = new.insert(&mut self.table);
        // It is changed by the same call.
        session::advance();
        let tokens = full.units();
        let (next_slot, urgent, taken, is_changed) = (None, 0, 0, false);
        Ok(Bucket { tid, tokens, last_refill: now, most: limit, rate: limit, next_slot, urgent, taken, is_changed })
    }

    /// Writes what has been taken.
    pub fn close(mut self) -> Answer<()> {
        for (_, bucket) in self.known.into_iter().filter(|(_, bucket)| bucket.is_changed) {
            let tokens = Money::from_units(bucket.left().max(0))
                .map_err(|_| Failure::of("22003", "a bucket holds more than there can be", ""))?;
            let changes = rate_limits::Changes {
                tokens: Some(tokens),
                last_refill: Some(bucket.last_refill),
                max_tokens: Some(bucket.most),
                refill_rate: Some(bucket.rate),
                next_slot: Some(bucket.next_slot),
                ..rate_limits::Changes::default()
            };
            changes.update(&mut self.table, bucket.tid);
        }
        self.table.close();
        Ok(())
    }
}
