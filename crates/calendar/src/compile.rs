//! From rules to instants.

use crate::answers::{Calendar, Phase, Session};
use crate::check::check;
use crate::day::{DAY, Day};
use crate::definition::{Around, Definition, Exception, Hours, Kind, Span, Weekly};
use crate::fault::Fault;
use crate::local::Local;

/// The clocks of a place. What it says of a time that the clocks skip, or show twice, is the rule.
pub trait Zone {
    /// The instant, in microseconds since 2000-01-01 UTC, at which the clocks show this date and this time of day.
    fn instant(&self, date: Day, time: i64) -> i64;
}

/// Compiles a definition. Without dates that it covers there is nothing to ask it.
pub fn compile(definition: &Definition, zone: &impl Zone) -> Result<Calendar, Fault> {
    check(definition)?;
    let mut calendar = Calendar::default();
    let Some((first, last)) = definition.coverage else { return Ok(calendar) };
    let rules = Rules::of(definition);
    for number in first.0..=last.0 {
        let day = Day(number);
        if let Some((kind, exception, hours)) = rules.session(day) {
            let built = Built::of(day, &hours, zone)?;
            if let Some(before) = calendar.sessions().last().filter(|before| built.start() < before.ends) {
                return Err(Fault::Overlap(before.date, day));
            }
            let description = exception.and_then(|exception| exception.description.clone());
            calendar.push(day, kind, description, &built.spans);
        }
    }
    calendar.seal((first, last), edges(&rules, (first, last), zone));
    Ok(calendar)
}

/// The first moment of which everything is known, and the moment after the last. A session of the day before the first
/// date, or after the last, might reach into these dates: as the weekly rows have it.
fn edges(rules: &Rules<'_>, (first, last): (Day, Day), zone: &impl Zone) -> (i64, i64) {
    let next = last.plus(1);
    let begin = rules.weekly(next).map_or(Local::MIDNIGHT, |hours| begins(hours).min(Local::MIDNIGHT));
    let day = Local::MIDNIGHT.plus(DAY);
    let end = rules.weekly(first.plus(-1)).map_or(day, |hours| ends(hours).max(day));
    (instant(first.plus(-1), end, zone), instant(next, begin, zone))
}

fn begins(hours: &Hours) -> Local {
    hours.pre_market.said().map_or(hours.open, |pre| pre.start)
}

fn ends(hours: &Hours) -> Local {
    hours.post_market.said().map_or(hours.close, |post| post.end)
}

fn instant(date: Day, local: Local, zone: &impl Zone) -> i64 {
    let (days, time) = local.parts();
    zone.instant(date.plus(days), time)
}

/// A definition in an order in which a date is found.
struct Rules<'a> {
    /// By day of the week.
    weekly: [Vec<&'a Weekly>; 7],
    /// By date.
    exceptions: Vec<&'a Exception>,
}

impl<'a> Rules<'a> {
    fn of(definition: &'a Definition) -> Rules<'a> {
        let rows = |weekday| definition.weekly.iter().filter(move |row| usize::from(row.weekday) == weekday).collect();
        let mut exceptions: Vec<&Exception> = definition.exceptions.iter().collect();
        exceptions.sort_unstable_by_key(|exception| exception.date);
        Rules { weekly: std::array::from_fn(rows), exceptions }
    }

    /// What the day of the week has on a date, whatever else is said of the date.
    fn weekly(&self, day: Day) -> Option<&'a Hours> {
        let rows = &self.weekly[usize::from(day.weekday())];
        rows.iter().find(|row| row.holds_on(day)).and_then(|row| row.session())
    }

    /// A session on a date: a special one before a holiday, and that before the day of the week.
    fn session(&self, day: Day) -> Option<(Option<Kind>, Option<&'a Exception>, Hours)> {
        let weekly = self.weekly(day);
        match self.exceptions.binary_search_by_key(&day, |exception| exception.date) {
            Ok(at) => {
                let exception = self.exceptions[at];
                let own = exception.hours.as_ref()?;
                let lends = weekly.filter(|hours| exception.kind == Kind::Special && overlap(hours, own));
                Some((Some(exception.kind), Some(exception), moved(own, lends)))
            }
            Err(_) => weekly.map(|hours| (None, None, hours.clone())),
        }
    }
}

fn overlap(one: &Hours, other: &Hours) -> bool {
    one.open < other.close && other.open < one.close
}

/// Hours with the breaks, pre-market and post-market of the day of the week, where nothing else is said of them: the
/// breaks that lie within the session, the post-market as long after the close as it always is, the pre-market as early
/// as always and up to the opening.
fn moved(own: &Hours, weekly: Option<&Hours>) -> Hours {
    let mut hours = own.clone();
    let Some(weekly) = weekly else { return hours };
    if own.breaks.is_none() {
        let within = |pause: &&Span| own.open < pause.start && pause.end < own.close;
        hours.breaks = Some(weekly.said_breaks().iter().filter(within).copied().collect());
    }
    if let (Around::Unsaid, Around::At(pre)) = (own.pre_market, weekly.pre_market) {
        let end = if pre.end == weekly.open { own.open } else { pre.end.min(own.open) };
        hours.pre_market = if pre.start < end { Around::At(Span { end, ..pre }) } else { Around::Nothing };
    }
    if let (Around::Unsaid, Around::At(post)) = (own.post_market, weekly.post_market) {
        let later = own.close.since(weekly.close);
        hours.post_market = Around::At(Span { start: post.start.plus(later), end: post.end.plus(later) });
    }
    hours
}

/// The phases of a session in instants, in order; between two of them it is closed.
struct Built {
    spans: Vec<(i64, i64, Phase)>,
}

impl Built {
    fn of(day: Day, hours: &Hours, zone: &impl Zone) -> Result<Built, Fault> {
        let mut spans = Vec::with_capacity(3 + 2 * hours.said_breaks().len());
        let mut push = |start, end, phase| spans.push((instant(day, start, zone), instant(day, end, zone), phase));
        if let Some(pre) = hours.pre_market.said() {
            push(pre.start, pre.end, Phase::PreMarket);
        }
        let mut open = hours.open;
        for pause in hours.said_breaks() {
            push(open, pause.start, Phase::Market);
            push(pause.start, pause.end, Phase::Break);
            open = pause.end;
        }
        push(open, hours.close, Phase::Market);
        if let Some(post) = hours.post_market.said() {
            push(post.start, post.end, Phase::PostMarket);
        }
        let runs_back = spans.iter().any(|(start, end, _)| end <= start) || spans.windows(2).any(|w| w[1].0 < w[0].1);
        if runs_back { Err(Fault::Clocks(day)) } else { Ok(Built { spans }) }
    }

    fn start(&self) -> i64 {
        self.spans.first().map_or(i64::MAX, |span| span.0)
    }
}

/// A session, and what it is made of, for [`Calendar::push`].
impl Calendar {
    fn push(&mut self, date: Day, kind: Option<Kind>, description: Option<String>, spans: &[(i64, i64, Phase)]) {
        let number = self.sessions().len();
        let segments = self.segments().len();
        for (start, end, phase) in spans {
            self.push_span(*start, *end, *phase, number);
        }
        let ends = spans.last().map_or(i64::MIN, |span| span.1);
        self.push_session(Session { date, kind, description, ends, first: segments, last: self.segments().len() });
    }
}
