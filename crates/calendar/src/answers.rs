//! What is asked of a calendar. Each answer is a search in a sorted list.

use crate::day::{Day, Moment};
use crate::definition::Kind;
use crate::fault::Unanswered;

/// What a market does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the opening.
    PreMarket,
    /// It is open.
    Market,
    /// In between two segments of a session.
    Break,
    /// After the close.
    PostMarket,
    /// None of these.
    Closed,
}

impl Phase {
    /// As it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::PreMarket => "pre_market",
            Phase::Market => "market",
            Phase::Break => "break",
            Phase::PostMarket => "post_market",
            Phase::Closed => "closed",
        }
    }
}

/// A session of a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The date that it is labelled by.
    pub date: Day,
    /// What the exception is called that it comes from; none: it is that of the day of the week.
    pub kind: Option<Kind>,
    /// What the exception says of itself.
    pub description: Option<String>,
    /// When all of it is over, the post-market included.
    pub(crate) ends: i64,
    /// Its segments.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// From an opening to a close without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first moment at which it is open.
    pub opens: i64,
    /// The first moment at which it is not open any more.
    pub closes: i64,
}

/// A compiled calendar. Instants are microseconds since 2000-01-01 UTC.
#[derive(Debug, Default)]
pub struct Calendar {
    /// The first and the last date, and the moments from which and up to which everything is known.
    covers: Option<((Day, Day), (i64, i64))>,
    /// When a phase begins; it lasts until the next one does. Before the first it is closed.
    starts: Vec<i64>,
    phases: Vec<(Phase, u32)>,
    /// The end of the last phase that is not closed.
    ended: i64,
    segments: Vec<Segment>,
    /// How long it has been open in the segments before each one.
    open_before: Vec<i64>,
    sessions: Vec<Session>,
    /// The opening and the close of each session.
    outer: Vec<Segment>,
}

impl Calendar {
    /// The first and the last date of which it says whether there is a session.
    #[must_use]
    pub fn coverage(&self) -> Option<(Day, Day)> {
        self.covers.map(|(dates, _)| dates)
    }

    /// Whether it is open.
    pub fn is_open(&self, at: i64) -> Result<bool, Unanswered> {
        Ok(self.phase(at)? == Phase::Market)
    }

    /// What it does.
    pub fn phase(&self, at: i64) -> Result<Phase, Unanswered> {
        self.require(at)?;
        Ok(self.span(at).map_or(Phase::Closed, |(phase, _)| phase))
    }

    /// The first moment after this one at which the phase is another.
    pub fn next_change(&self, at: i64) -> Result<i64, Unanswered> {
        let phase = self.phase(at)?;
        let after = self.starts.partition_point(|start| *start <= at);
        let change = self.phases[after..].iter().position(|(next, _)| *next != phase);
        change.map(|steps| self.starts[after + steps]).ok_or(Unanswered::Beyond)
    }

    /// The date of the session that has begun, pre-market and post-market included, and is not closed.
    pub fn session_of(&self, at: i64) -> Result<Option<Day>, Unanswered> {
        self.require(at)?;
        let span = self.span(at).filter(|(phase, _)| *phase != Phase::Closed);
        Ok(span.map(|(_, session)| self.sessions[session as usize].date))
    }

    /// The first opening after a moment; `breaks`: also behind a break.
    pub fn next_open(&self, at: i64, breaks: bool) -> Result<i64, Unanswered> {
        self.next(at, breaks, |segment| segment.opens)
    }

    /// The first close after a moment; `breaks`: also before a break.
    pub fn next_close(&self, at: i64, breaks: bool) -> Result<i64, Unanswered> {
        self.next(at, breaks, |segment| segment.closes)
    }

    /// The last opening before a moment; `breaks`: also behind a break.
    pub fn previous_open(&self, at: i64, breaks: bool) -> Result<i64, Unanswered> {
        self.previous(at, breaks, |segment| segment.opens)
    }

    /// The last close before a moment; `breaks`: also before a break.
    pub fn previous_close(&self, at: i64, breaks: bool) -> Result<i64, Unanswered> {
        self.previous(at, breaks, |segment| segment.closes)
    }

    /// The sessions of these dates, the last one included, each with its segments.
    pub fn sessions_between(
        &self,
        from: Day,
        to: Day,
    ) -> Result<impl Iterator<Item = (&Session, &[Segment])>, Unanswered> {
        self.require_day(from)?;
        self.require_day(to)?;
        if to < from {
            return Err(Unanswered::Backwards);
        }
        let first = self.sessions.partition_point(|session| session.date < from);
        let last = self.sessions.partition_point(|session| session.date <= to);
        Ok(self.sessions[first..last].iter().map(|session| (session, &self.segments[session.first..session.last])))
    }

    /// The opening and the close of the session of a date, if it has one.
    pub fn session(&self, date: Day) -> Result<Option<Segment>, Unanswered> {
        self.require_day(date)?;
        let at = self.sessions.binary_search_by_key(&date, |session| session.date);
        Ok(at.ok().and_then(|at| self.outer.get(at)).copied())
    }

    /// The date itself when it has a session, or the next date that has one, or the one before.
    pub fn date_to_session(&self, date: Day, forward: bool) -> Result<Day, Unanswered> {
        self.require_day(date)?;
        let found = if forward {
            self.sessions.get(self.sessions.partition_point(|session| session.date < date))
        } else {
            let after = self.sessions.partition_point(|session| session.date <= date);
            after.checked_sub(1).and_then(|at| self.sessions.get(at))
        };
        found.map(|session| session.date).ok_or(Unanswered::Beyond)
    }

    /// The session so many sessions after that of a date, or before it.
    pub fn session_offset(&self, date: Day, count: i64) -> Result<Day, Unanswered> {
        self.require_day(date)?;
        let at = self.sessions.binary_search_by_key(&date, |session| session.date);
        let at = i64::try_from(at.map_err(|_| Unanswered::NoSession(date))?).map_err(|_| Unanswered::Beyond)?;
        let found = at.checked_add(count).and_then(|at| usize::try_from(at).ok());
        found.and_then(|at| self.sessions.get(at)).map(|session| session.date).ok_or(Unanswered::Beyond)
    }

    /// How long it is open from one moment to another, in microseconds.
    pub fn open_time(&self, from: i64, to: i64) -> Result<i64, Unanswered> {
        let (begin, end) = self.covers.ok_or(Unanswered::Moment(Moment(from)))?.1;
        for at in [from, to] {
            if !(begin..=end).contains(&at) {
                return Err(Unanswered::Moment(Moment(at)));
            }
        }
        if to < from { Err(Unanswered::Backwards) } else { Ok(self.open_until(to) - self.open_until(from)) }
    }

    /// All sessions, in order.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    fn open_until(&self, at: i64) -> i64 {
        match self.segments.partition_point(|segment| segment.opens <= at).checked_sub(1) {
            Some(last) => self.open_before[last] + at.min(self.segments[last].closes) - self.segments[last].opens,
            None => 0,
        }
    }

    fn span(&self, at: i64) -> Option<(Phase, u32)> {
        self.starts.partition_point(|start| *start <= at).checked_sub(1).map(|found| self.phases[found])
    }

    fn require(&self, at: i64) -> Result<(), Unanswered> {
        let is_known = self.covers.is_some_and(|(_, (begin, end))| (begin..end).contains(&at));
        if is_known { Ok(()) } else { Err(Unanswered::Moment(Moment(at))) }
    }

    fn require_day(&self, day: Day) -> Result<(), Unanswered> {
        let is_known = self.covers.is_some_and(|((first, last), _)| (first..=last).contains(&day));
        if is_known { Ok(()) } else { Err(Unanswered::Date(day)) }
    }

    fn list(&self, breaks: bool) -> &[Segment] {
        if breaks { &self.segments } else { &self.outer }
    }

    fn next(&self, at: i64, breaks: bool, edge: impl Fn(&Segment) -> i64) -> Result<i64, Unanswered> {
        self.require(at)?;
        let list = self.list(breaks);
        list.get(list.partition_point(|segment| edge(segment) <= at)).map(edge).ok_or(Unanswered::Beyond)
    }

    fn previous(&self, at: i64, breaks: bool, edge: impl Fn(&Segment) -> i64) -> Result<i64, Unanswered> {
        self.require(at)?;
        let list = self.list(breaks);
        let found = list.partition_point(|segment| edge(segment) < at).checked_sub(1);
        found.map(|found| edge(&list[found])).ok_or(Unanswered::Beyond)
    }

    /// The segments of all sessions, in order.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Adds a phase of a session, behind all that are there.
    pub(crate) fn push_span(&mut self, start: i64, end: i64, phase: Phase, session: usize) {
        let session = u32::try_from(session).unwrap_or(u32::MAX);
        if !self.starts.is_empty() && self.ended < start {
            self.starts.push(self.ended);
            self.phases.push((Phase::Closed, session));
        }
        self.starts.push(start);
        self.phases.push((phase, session));
        self.ended = end;
        if phase == Phase::Market {
            let before = self.segments.last().map_or(0, |last| last.closes - last.opens);
            self.open_before.push(self.open_before.last().copied().unwrap_or(0) + before);
            self.segments.push(Segment { opens: start, closes: end });
        }
    }

    /// Adds a session, whose phases have been added.
    pub(crate) fn push_session(&mut self, session: Session) {
        let segments = &self.segments[session.first..session.last];
        if let (Some(first), Some(last)) = (segments.first(), segments.last()) {
            self.outer.push(Segment { opens: first.opens, closes: last.closes });
        }
        self.sessions.push(session);
    }

    /// Ends the last phase, and says what is known.
    pub(crate) fn seal(&mut self, dates: (Day, Day), moments: (i64, i64)) {
        if !self.starts.is_empty() {
            self.starts.push(self.ended);
            self.phases.push((Phase::Closed, u32::MAX));
        }
        self.covers = Some((dates, moments));
    }
}
