//! Cron expressions and calendars.

use calendar::{Calendar, Day, compile, json};
use cron::{Expression, zone::Fixed};
use serde_json::{Value, json};

use crate::bytes::Bytes;

/// The next tick comes later, and the one after a moment before it is the same.
pub fn cron(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (offset, after) = (i64::from(bytes.byte()) * 900 - 50_400, bytes.long() % 4_000_000_000);
    let Ok(expression) = Expression::parse(bytes.text()) else { return };
    let zone = Fixed(offset);
    let Some(next) = expression.next_after(&zone, after) else { return };
    assert!(next > after, "{next} is not after {after}");
    assert_eq!(expression.next_after(&zone, next - 1), Some(next));
}

struct Utc;

impl compile::Zone for Utc {
    fn instant(&self, date: Day, time: i64) -> i64 {
        i64::from(date.0) * 86_400_000_000 + time
    }
}

/// What is read is written and read again, and a calendar answers whatever it is asked.
pub fn calendar(data: &[u8]) {
    let mut bytes = Bytes(data);
    let value = serde_json::from_str(bytes.text()).unwrap_or_else(|_| defined(&mut bytes));
    let Ok(definition) = json::read(&value) else { return };
    if calendar::check::check(&definition).is_err() {
        return;
    }
    let written = json::write(&definition);
    assert_eq!(json::read(&written).map(|again| json::write(&again)), Ok(written));
    let Ok(calendar) = compile(&definition, &Utc) else { return };
    for _ in 0..4 {
        ask(&calendar, &mut bytes);
    }
}

fn ask(calendar: &Calendar, bytes: &mut Bytes) {
    let (at, to) = (bytes.long() >> 10, bytes.long() >> 10);
    if let (Ok(is_open), Ok(phase)) = (calendar.is_open(at), calendar.phase(at)) {
        assert_eq!(is_open, phase.name() == "open", "{phase:?}");
    }
    if let Ok(next) = calendar.next_open(at, true) {
        assert!(next > at, "{next} is not after {at}");
    }
    if let Ok(previous) = calendar.previous_close(at, true) {
        assert!(previous <= at, "{previous} is after {at}");
    }
    let _ = (calendar.next_change(at), calendar.session_of(at), calendar.open_time(at, to));
    let (date, count) = (Day((at >> 20) as i32), bytes.small());
    let _ = (calendar.session(date), calendar.date_to_session(date, count > 9), calendar.session_offset(date, count));
}

/// A definition whose times and dates are any.
fn defined(bytes: &mut Bytes) -> Value {
    let time = |bytes: &mut Bytes| format!("{:02}:{:02}", bytes.below(50), bytes.below(61));
    let date = |bytes: &mut Bytes| format!("2024-{:02}-{:02}", bytes.below(14), bytes.below(33));
    json!({
        "name": "ANY", "timezone": "UTC", "from": "2024-01-01", "to": "2024-03-31",
        "weekly": [{"days": [bytes.below(8), 2, 3], "open": time(bytes), "close": time(bytes),
                    "breaks": [[time(bytes), time(bytes)]], "pre_market": ["04:00", time(bytes)]}],
        "holidays": [{"date": date(bytes)}],
        "special": [{"date": date(bytes), "open": time(bytes), "close": time(bytes)}],
    })
}
