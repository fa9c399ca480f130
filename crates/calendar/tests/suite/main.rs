//! The tests of calendars: one module for each subject.

mod clocks;
mod examples;
mod naive;
mod oracle;
mod refusals;
mod shipped;
mod texts;

use calendar::{Calendar, Definition, Fault, compile, json};
use clocks::Clocks;
use serde_json::Value;

/// A definition of JSON.
fn definition(value: &Value) -> Result<Definition, Fault> {
    json::read(value)
}

/// A calendar of JSON, in a zone whose clocks never change.
fn compiled(value: &Value) -> Result<Calendar, Fault> {
    compile(&definition(value)?, &Clocks::UTC)
}

/// The instant that a text like `2024-11-05 09:30` names, in UTC.
fn at(text: &str) -> i64 {
    let (date, time) = text.split_once(' ').expect("a date and a time");
    let date = calendar::Day::parse(date).expect("a date");
    let (_, time) = calendar::Local::parse(time).expect("a time").parts();
    i64::from(date.0) * calendar::day::DAY + time
}
