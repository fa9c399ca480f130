//! An expression.

use std::cell::Cell;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Year};

use crate::fields::{FIELDS, Refusal};
use crate::instant::{Instant, Search, date_of, day_of, weekday_of};
use crate::zone::Zone;

/// No expression is longer.
const LONGEST: usize = 100;
/// The years in which ticks are looked for.
const YEARS: std::ops::Range<i32> = 1900..4900;
const SHORT: [(&str, &str); 7] = [
    ("@YEARLY", "0 0 1 1 *"),
    ("@ANNUALLY", "0 0 1 1 *"),
    ("@MONTHLY", "0 0 1 * *"),
    ("@WEEKLY", "0 0 * * 0"),
    ("@DAILY", "0 0 * * *"),
    ("@MIDNIGHT", "0 0 * * *"),
    ("@HOURLY", "0 * * * *"),
];

/// A cron expression that is due again and again.
#[derive(Clone, Debug)]
pub struct Expression(Cron);

impl Expression {
    /// Reads an expression, and refuses what is none, and what is due on no day of any year.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > LONGEST || !text.is_ascii() {
            return Err(Refusal(format!("more than {LONGEST} characters, or others than ASCII has")));
        }
        let text = text.trim().to_ascii_uppercase();
        let short = SHORT.iter().find(|(name, _)| *name == text);
        let text = short.map_or(text.as_str(), |(_, meaning)| meaning);
        if text.starts_with('@') {
            let names: Vec<String> = SHORT.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
            return Err(Refusal(format!("none of {}", names.join(", "))));
        }
        let mut fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        if fields.len() != FIELDS.len() {
            return Err(Refusal(format!("{} fields, neither five nor six", fields.len())));
        }
        let figures: Result<Vec<String>, Refusal> =
            FIELDS.iter().zip(fields).map(|(field, text)| field.read(text)).collect();
        let cron = CronParser::builder().year(Year::Disallowed).build().parse(&figures?.join(" "));
        let expression = Self(cron.map_err(|error| Refusal(error.to_string()))?);
        if expression.is_ever_due() {
            return Ok(expression);
        }
        Err(Refusal("no day of any year fits".to_owned()))
    }

    /// The first second after this one at which it is due; seconds are since 1970 in UTC. `None`: outside the years 1900
    /// to 4899.
    pub fn next_after(&self, zone: &dyn Zone, after: i64) -> Option<i64> {
        let (first, last) = (day_of(YEARS.start, 1, 1) * 86_400, day_of(YEARS.end, 1, 1) * 86_400);
        let search = Search { zone, after_gap: Cell::new(first) };
        let (mut from, mut is_included) = (after, false);
        while (first..last).contains(&from) {
            match self.0.find_next_occurrence(&Instant { search: &search, second: from }, is_included) {
                Ok(found) => return (found.second < last).then_some(found.second),
                // Croner gives up in a gap of more than two hours, as when Samoa left out a day.
                Err(CronError::TimeSearchLimitExceeded) if search.after_gap.get() > from => {
                    (from, is_included) = (search.after_gap.get(), true);
                }
                Err(_) => return None,
            }
        }
        None
    }

    /// The calendar has fourteen kinds of years, by their first weekday and whether they leap: all of them in 28 years.
    fn is_ever_due(&self) -> bool {
        (day_of(2000, 1, 1)..day_of(2028, 1, 1)).any(|day| {
            let (year, month, of_month) = date_of(day);
            let pattern = &self.0.pattern;
            pattern.month_match(month).unwrap_or(false)
                && pattern.day_match(year, month, of_month, weekday_of(day)).unwrap_or(false)
        })
    }
}
