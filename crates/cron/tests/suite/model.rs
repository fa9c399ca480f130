//! The slowest way to know when an expression is due: to look at every minute.

use cron::{Period, Zone};

use crate::clock::{Changes, date, month_length};

/// A field of numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    pub text: String,
    pub values: Vec<i64>,
    /// Whether it is neither `*` nor a step.
    pub is_plain: bool,
}

impl Numbers {
    fn has(&self, value: i64) -> bool {
        self.values.contains(&value)
    }

    fn is_star(&self) -> bool {
        self.text == "*" || self.text == "?"
    }
}

/// A part of a field of days.
#[derive(Clone, Debug)]
pub enum Day {
    OfMonth(i64),
    Last,
    LastWorking,
    Working(i64),
    OfWeek(i64),
    Nth(i64, i64),
    LastOfWeek(i64),
}

impl Day {
    pub fn text(&self) -> String {
        match self {
            Self::OfMonth(day) | Self::OfWeek(day) => day.to_string(),
            Self::Last => "L".to_owned(),
            Self::LastWorking => "LW".to_owned(),
            Self::Working(day) => format!("{day}W"),
            Self::Nth(day, nth) => format!("{day}#{nth}"),
            Self::LastOfWeek(day) => format!("{day}L"),
        }
    }

    fn fits(&self, year: i64, month: i64, day: i64, weekday: i64) -> bool {
        let length = month_length(year, month);
        let weekday_of = |other: i64| (weekday + other - day).rem_euclid(7);
        let is_working = |day: i64| (1..=length).contains(&day) && (1..=5).contains(&weekday_of(day));
        match *self {
            Self::OfMonth(of) => of == day,
            Self::Last => day == length,
            Self::LastWorking => is_working(day) && !(day + 1..=length).any(is_working),
            Self::Working(of) => {
                // The nearest working day of the month; of a Sunday the Monday, of a Saturday the Friday.
                let near = [of, of - 1, of + 1, of - 2, of + 2];
                let order = if weekday_of(of) == 0 { [of, of + 1, of - 1, of + 2, of - 2] } else { near };
                of <= length && order.into_iter().find(|day| is_working(*day)) == Some(day)
            }
            Self::OfWeek(of) => of % 7 == weekday,
            Self::Nth(of, nth) => of % 7 == weekday && (day - 1) / 7 + 1 == nth,
            Self::LastOfWeek(of) => of % 7 == weekday && day + 7 > length,
        }
    }
}

/// A field of days; none is `*`.
#[derive(Clone, Debug)]
pub struct Days(pub Vec<Day>);

impl Days {
    pub fn text(&self) -> String {
        if self.0.is_empty() { "*".to_owned() } else { self.0.iter().map(Day::text).collect::<Vec<_>>().join(",") }
    }
}

#[derive(Clone, Debug)]
pub struct Model {
    pub second: Numbers,
    pub minute: Numbers,
    pub hour: Numbers,
    pub of_month: Days,
    pub month: Numbers,
    pub of_week: Days,
    pub both: bool,
}

impl Model {
    pub fn text(&self) -> String {
        let both = if self.both && !self.of_week.0.is_empty() { "+" } else { "" };
        let (of_month, of_week) = (self.of_month.text(), self.of_week.text());
        let (second, minute, hour, month) = (&self.second, &self.minute, &self.hour, &self.month);
        format!("{} {} {} {of_month} {} {both}{of_week}", second.text, minute.text, hour.text, month.text)
    }

    fn is_single_time(&self) -> bool {
        [&self.second, &self.minute, &self.hour].iter().all(|field| field.is_plain && field.values.len() == 1)
    }

    pub fn day_fits(&self, day: i64) -> bool {
        let (year, month, of_month) = date(day);
        let weekday = (day + 4).rem_euclid(7);
        let fits = |days: &Days| days.0.iter().any(|one| one.fits(year, month, of_month, weekday));
        let (stars_month, stars_week) = (self.of_month.0.is_empty(), self.of_week.0.is_empty());
        let fits = match (stars_month, stars_week) {
            (true, true) => true,
            (true, false) => fits(&self.of_week),
            (false, true) => fits(&self.of_month),
            (false, false) if self.both => fits(&self.of_month) && fits(&self.of_week),
            (false, false) => fits(&self.of_month) || fits(&self.of_week),
        };
        fits && (self.month.is_star() || self.month.has(month))
    }

    /// Whether it names what a clock shows.
    fn names(&self, shown: i64) -> bool {
        let of_day = shown.rem_euclid(86_400);
        self.second.has(of_day % 60)
            && self.minute.has(of_day / 60 % 60)
            && self.hour.has(of_day / 3600)
            && self.day_fits(shown.div_euclid(86_400))
    }

    /// Whether it is due at a second.
    fn is_due(&self, zone: &Changes, at: i64) -> bool {
        let Period { offset, .. } = zone.period(at);
        let before = zone.period(at - 1).offset;
        if !self.is_single_time() {
            return self.names(at + offset);
        }
        // What the clock has left out right before, if this day is one of its days.
        let left_out = offset > before && self.day_fits((at + offset).div_euclid(86_400)) && {
            (at + before..at + offset).any(|shown| self.names(shown))
        };
        // What the clock shows for the second time, it has shown an hour or so ago.
        let comes_again = zone.then.iter().any(|(from, then)| {
            let was = zone.period(from - 1).offset;
            *from <= at && was > *then && at - from < was - then
        });
        left_out || self.names(at + offset) && !comes_again
    }

    /// The first second after this one, up to the last that is looked at.
    pub fn next_after(&self, zone: &Changes, after: i64, last: i64) -> Option<i64> {
        // All changes of the clock are at whole minutes.
        let mut seconds = self.second.values.clone();
        seconds.push(0);
        seconds.sort_unstable();
        let minutes = after.div_euclid(60)..=last.div_euclid(60);
        let seconds = minutes.flat_map(|minute| seconds.iter().map(move |second| minute * 60 + second));
        seconds.filter(|at| *at > after && *at <= last).find(|at| self.is_due(zone, *at))
    }
}
