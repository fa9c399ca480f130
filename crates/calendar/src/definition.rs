//! What a calendar is made of.

use crate::day::Day;
use crate::local::Local;

/// A whole calendar, as its owner says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The code of the exchange.
    pub exchange: Option<String>,
    /// The IANA name of the zone whose wall clock the times are read from.
    pub timezone: String,
    /// The first and the last date of which it says whether there is a session; none: nothing is known.
    pub coverage: Option<(Day, Day)>,
    /// The hours of the days of the week.
    pub weekly: Vec<Weekly>,
    /// Dates that are not as their day of the week: one entry for each.
    pub exceptions: Vec<Exception>,
}

/// The hours of one day of the week, from one date to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// 0 Monday … 6 Sunday.
    pub weekday: u8,
    /// The first date; none: the calendar's first.
    pub from: Option<Day>,
    /// The last date; none: the calendar's last.
    pub to: Option<Day>,
    /// Whether there is a session; if not, the hours are kept and say nothing.
    pub is_trading_day: bool,
    /// When; there may be none on a day without a session.
    pub hours: Option<Hours>,
}

impl Weekly {
    /// Whether it is about this date.
    #[must_use]
    pub fn holds_on(&self, day: Day) -> bool {
        self.weekday == day.weekday() && self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The hours of its session.
    #[must_use]
    pub fn session(&self) -> Option<&Hours> {
        self.hours.as_ref().filter(|_| self.is_trading_day)
    }
}

/// A date that is not as its day of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The date.
    pub date: Day,
    /// What it is called.
    pub kind: Kind,
    /// Why.
    pub description: Option<String>,
    /// The hours of its session; none: there is no session.
    pub hours: Option<Hours>,
}

/// What an exception is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No session.
    FullDay,
    /// The short session of Diwali, which has nothing to do with the hours of other days.
    Muhurat,
    /// Other hours than the day of the week has: a half day, a late opening, a session on a weekend.
    Special,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::FullDay, Kind::Muhurat, Kind::Special];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::FullDay => "full_day",
            Kind::Muhurat => "muhurat",
            Kind::Special => "special",
        }
    }
}

/// The hours of a session. It is open from `open` to `close` without the breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When it opens.
    pub open: Local,
    /// When it closes: the first moment at which it is not open.
    pub close: Local,
    /// When it is not open in between. None: nothing is said, so on a special day what the day of the week has and lies
    /// within the session; otherwise nothing.
    pub breaks: Option<Vec<Span>>,
    /// The pre-market.
    pub pre_market: Around,
    /// The post-market.
    pub post_market: Around,
}

impl Hours {
    /// The breaks that are said.
    #[must_use]
    pub fn said_breaks(&self) -> &[Span] {
        self.breaks.as_deref().unwrap_or_default()
    }
}

/// From one time to another, which does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub start: Local,
    /// The moment after its last.
    pub end: Local,
}

/// What is before or after a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Nothing is said: on a special day what the day of the week has, moved with the session; otherwise nothing.
    Unsaid,
    /// Nothing.
    Nothing,
    /// This.
    At(Span),
}

impl Around {
    /// What is said.
    #[must_use]
    pub fn said(self) -> Option<Span> {
        if let Around::At(span) = self { Some(span) } else { None }
    }
}
