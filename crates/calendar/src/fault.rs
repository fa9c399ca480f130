//! What is refused, in words.

use std::fmt;

use crate::bounds::{MOST_BREAKS, MOST_DAYS, MOST_WEEKLY};
use crate::day::{Day, Moment};

/// Why a definition is no calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A text, key or value that says nothing: where, and what is wrong.
    Malformed(String, String),
    /// The first date is after the last, or there are too many between.
    Coverage(Day, Day),
    /// Times of one row that cannot be: of what, and why.
    Hours(String, Impossible),
    /// Two rows say what a day of the week is, on this date or on all.
    Eras(u8, Option<Day>),
    /// Two entries for one date.
    Twice(Day),
    /// A date outside the dates that the calendar covers.
    NotCovered(Day),
    /// Sessions of two dates at one time.
    Overlap(Day, Day),
    /// The clocks change on this date in such a way that something would end before it begins.
    Clocks(Day),
    /// More rows than a calendar may have.
    TooMany(&'static str, usize),
}

/// Why hours cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// No time to open, or none to close.
    Missing,
    /// Hours of a day without a session.
    OnFullDay,
    /// It closes at or before its opening.
    CloseBeforeOpen,
    /// It lasts longer than a day.
    TooLong,
    /// A break ends at or before its beginning.
    BreakBackwards,
    /// A break that does not lie within the session, or leaves nothing before or behind it.
    BreakOutside,
    /// Breaks that overlap, touch, or are not in order.
    BreaksOverlap,
    /// Too many breaks.
    TooManyBreaks,
    /// The pre-market does not end after its beginning and by the opening.
    PreMarket,
    /// The post-market does not begin at the close or later, and end after that.
    PostMarket,
    /// The era ends before it begins.
    EraBackwards,
    /// No day of the week.
    Weekday,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Impossible::Missing => "a session needs a time to open and one to close",
            Impossible::OnFullDay => "a full_day holiday has no hours",
            Impossible::CloseBeforeOpen => "it closes before it opens",
            Impossible::TooLong => "it lasts longer than 24 hours",
            Impossible::BreakBackwards => "a break ends before it begins",
            Impossible::BreakOutside => "a break does not lie within the session",
            Impossible::BreaksOverlap => "two breaks overlap, touch, or are not in order",
            Impossible::TooManyBreaks => "it has too many breaks",
            Impossible::PreMarket => "the pre-market must begin before it ends, and end by the opening",
            Impossible::PostMarket => "the post-market must begin at the close or later, and end after that",
            Impossible::EraBackwards => "its era ends before it begins",
            Impossible::Weekday => "days of the week are 0 (Monday) to 6 (Sunday)",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Malformed(place, problem) => write!(f, "{place}: {problem}"),
            Fault::Coverage(first, last) => write!(f, "it cannot cover the dates from {first} to {last}"),
            Fault::Hours(of, why) => write!(f, "{of}: {why}"),
            Fault::Eras(weekday, None) => write!(f, "two rows say what day {weekday} of the week is"),
            Fault::Eras(weekday, Some(day)) => write!(f, "two rows say what day {weekday} of the week is on {day}"),
            Fault::Twice(day) => write!(f, "two entries for {day}"),
            Fault::NotCovered(day) => write!(f, "{day} lies outside the dates that it covers"),
            Fault::Overlap(first, second) => write!(f, "the sessions of {first} and {second} overlap"),
            Fault::Clocks(day) => {
                write!(f, "the clocks change on {day}, and a part of that session would end before it begins")
            }
            Fault::TooMany(what, count) => write!(f, "{count} {what} are too many"),
        }
    }
}

impl Fault {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Fault::Malformed(..) => {
                "docs/calendar.md, and the comment of calendar.load_calendar(), say how a definition is written.".into()
            }
            Fault::Coverage(..) => format!("The last date is not before the first, and at most {MOST_DAYS} days later."),
            Fault::Hours(_, Impossible::CloseBeforeOpen) => {
                "Write 26:30 for half past two the day after, -17:00 for five in the afternoon of the day before; in the \
                 tables the columns …_offset count the days."
                    .into()
            }
            Fault::Hours(_, Impossible::TooManyBreaks) => format!("Say at most {MOST_BREAKS}."),
            Fault::Hours(..) => "Correct its times.".into(),
            Fault::Eras(..) => {
                "Let the era of the first end on the day before the second begins. Several sessions on one day are one \
                 with breaks."
                    .into()
            }
            Fault::Twice(_) => "A date has one entry; several segments of a session are told apart by breaks.".into(),
            Fault::NotCovered(_) => "Widen the dates that it covers first, or leave that day out.".into(),
            Fault::Overlap(..) => {
                "Pre-market, session and post-market of a date must end by the time at which the next date's begin.".into()
            }
            Fault::Clocks(_) => "Give that date hours of its own, as a special session.".into(),
            Fault::TooMany(..) => {
                format!("A calendar has at most {MOST_WEEKLY} weekly rows, and one exception for each date.")
            }
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The moment lies outside the loaded dates.
    Moment(Moment),
    /// The date lies outside the loaded dates.
    Date(Day),
    /// What is asked for lies before or after the loaded dates.
    Beyond,
    /// There is no session on this date.
    NoSession(Day),
    /// A range ends before it begins.
    Backwards,
}
