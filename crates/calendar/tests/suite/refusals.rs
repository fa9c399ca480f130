//! What is no calendar, and what is said of it.

use calendar::{Day, Fault, compile};
use serde_json::{Value, json};

use super::clocks::Clocks;
use super::{compiled, definition};

fn base() -> Value {
    json!({
        "name": "X", "timezone": "UTC", "from": "2024-01-01", "to": "2024-12-31",
        "weekly": [{"days": [0], "open": "09:00", "close": "17:00"}],
        "special": [{"date": "2024-01-02", "open": "09:00", "close": "12:00"}]
    })
}

/// What is said when one thing is changed: the path of what is changed, its value, the message.
const REFUSED: &[(&str, &str, &str)] = &[
    ("/name", "null", "name: a text is needed, not nothing"),
    ("/timezone", "3", "timezone: a text of up to 50 characters is needed, not 3"),
    ("/from", "\"2024-02-30\"", "from: a date like \"2024-11-05\" is needed, not \"2024-02-30\""),
    ("/to", "\"2023-12-31\"", "it cannot cover the dates from 2024-01-01 to 2023-12-31"),
    ("/to", "\"2199-12-31\"", "it cannot cover the dates from 2024-01-01 to 2199-12-31"),
    ("/weekly", "{}", "weekly: a list is needed, not {}"),
    ("/weekly/0", "[]", "weekly[0]: an object is needed, not []"),
    ("/weekly/0/days", "[]", "weekly[0].days: a list of days of the week, 0 (Monday) to 6 (Sunday), is needed, not []"),
    ("/weekly/0/days", "[7]", "weekly[0].days: days of the week are 0 (Monday) to 6 (Sunday)"),
    ("/weekly/0/days", "[0, 0]", "two rows say what day 0 of the week is"),
    ("/weekly/0/open", "null", "weekly[0].open: a session needs a time to open and one to close"),
    (
        "/weekly/0/open",
        "\"9:00\"",
        "weekly[0].open: a time like \"09:30\", \"-17:00\" or \"26:30\" is needed, not \"9:00\"",
    ),
    ("/weekly/0/close", "\"09:00\"", "day 0 of the week: it closes before it opens"),
    ("/weekly/0/close", "\"33:01\"", "day 0 of the week: it lasts longer than 24 hours"),
    (
        "/weekly/0/breaks",
        "[[\"12:00\"]]",
        "weekly[0].breaks: two times like [\"11:30\", \"12:30\"] is needed, not [[\"12:00\"]]",
    ),
    ("/weekly/0/breaks", "[[\"12:00\", \"12:00\"]]", "day 0 of the week: a break ends before it begins"),
    ("/weekly/0/breaks", "[[\"09:00\", \"12:00\"]]", "day 0 of the week: a break does not lie within the session"),
    (
        "/weekly/0/breaks",
        "[[\"10:00\", \"11:00\"], [\"11:00\", \"12:00\"]]",
        "day 0 of the week: two breaks overlap, touch, or are not in order",
    ),
    (
        "/weekly/0/pre_market",
        "[\"08:00\", \"09:01\"]",
        "day 0 of the week: the pre-market must begin before it ends, and end by the opening",
    ),
    (
        "/weekly/0/post_market",
        "[\"16:59\", \"18:00\"]",
        "day 0 of the week: the post-market must begin at the close or later, and end after that",
    ),
    ("/weekly/0/lunch", "[]", "weekly[0]: unknown key \"lunch\""),
    ("/holidays", "[{\"date\": \"2024-01-01\"}, {\"date\": \"2024-01-01\"}]", "two entries for 2024-01-01"),
    ("/holidays", "[{\"date\": \"2025-01-01\"}]", "2025-01-01 lies outside the dates that it covers"),
    ("/holidays", "[{\"date\": \"2024-01-01\", \"open\": \"10:00\"}]", "holidays[0]: unknown key \"open\""),
    ("/special/0/type", "\"full_day\"", "special[0].type: a full_day holiday has no hours"),
    ("/special/0/type", "\"half\"", "special[0].type: full_day, muhurat or special is needed, not \"half\""),
    ("/special/0/close", "null", "special[0].open: a session needs a time to open and one to close"),
    ("/special/0/open", "\"-13:00\"", "the sessions of 2024-01-01 and 2024-01-02 overlap"),
    ("/special/0/pre_market", "[\"-16:00\", \"09:00\"]", "the sessions of 2024-01-01 and 2024-01-02 overlap"),
    ("/opne", "1", "definition: unknown key \"opne\""),
];

#[test]
fn a_refusal_names_what_is_wrong() {
    assert!(compiled(&base()).is_ok());
    for (path, value, message) in REFUSED {
        let mut changed = base();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        let value: Value = serde_json::from_str(value).expect("JSON");
        match changed.pointer_mut(parent).expect("a parent") {
            Value::Array(list) => list[key.parse::<usize>().expect("a number")] = value,
            parent => parent[key] = value,
        }
        let refused = compiled(&changed).expect_err(path);
        assert_eq!(refused.to_string(), *message, "{path}");
        assert!(!refused.hint().is_empty());
    }
}

#[test]
fn eras_must_not_meet() {
    let mut twice = base();
    twice["weekly"] = json!([
        {"days": [0], "to": "2024-06-03", "open": "09:00", "close": "17:00"},
        {"days": [0], "from": "2024-06-03", "open": "09:00", "close": "18:00"}]);
    let june = Day::parse("2024-06-03").expect("a date");
    assert_eq!(compiled(&twice).expect_err("they meet"), Fault::Eras(0, Some(june)));
    twice["weekly"][0]["to"] = json!("2024-06-02");
    assert!(compiled(&twice).is_ok());
}

#[test]
fn a_session_that_the_clocks_turn_round_is_refused() {
    let sunday = Day::parse("2024-03-31").expect("a date");
    let gap = json!({
        "name": "X", "timezone": "Europe/Berlin", "from": "2024-03-01", "to": "2024-04-30",
        "weekly": [{"days": [6], "open": "02:30", "close": "03:15"}]
    });
    let clocks = Clocks::summer(sunday, Day::parse("2024-10-27").expect("a date"));
    let refused = compile(&definition(&gap).expect("a definition"), &clocks).map(|_| ());
    assert_eq!(refused, Err(Fault::Clocks(sunday)));
}
