//! The same answers without anything clever: every phase of every date in one list, which every question reads whole.

use calendar::{Around, Day, Definition, Hours, Kind, Local, Phase, Span, Zone};

/// All phases that are not closed: from, to, which, of which date.
pub struct Naive(pub Vec<(i64, i64, Phase, Day)>);

impl Naive {
    /// None where the definition is no calendar, of whose rows each is possible for itself.
    pub fn of(definition: &Definition, zone: &impl Zone) -> Option<Naive> {
        let (first, last) = definition.coverage?;
        let mut phases = Vec::new();
        for day in (first.0..=last.0).map(Day) {
            for (start, end, phase) in hours_of(definition, day)?.iter().flat_map(local_phases) {
                let instant = |local: Local| {
                    let (days, time) = local.parts();
                    zone.instant(day.plus(days), time)
                };
                phases.push((instant(start), instant(end), phase, day));
            }
        }
        let is_in_order = phases.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        let is_whole = phases.iter().all(|(start, end, ..)| start < end);
        (is_in_order && is_whole).then_some(Naive(phases))
    }

    pub fn phase(&self, at: i64) -> (Phase, Option<Day>) {
        let found = self.0.iter().find(|(start, end, ..)| *start <= at && at < *end);
        found.map_or((Phase::Closed, None), |(_, _, phase, day)| (*phase, Some(*day)))
    }

    /// Openings or closes, of every segment or of sessions.
    pub fn edges(&self, closes: bool, breaks: bool) -> Vec<i64> {
        let market = |(_, _, phase, _): &&(i64, i64, Phase, Day)| *phase == Phase::Market;
        let segments: Vec<_> = self.0.iter().filter(market).collect();
        let is_wanted = |segment: &&&(i64, i64, Phase, Day)| {
            let same_day = segments.iter().filter(|other| other.3 == segment.3);
            breaks || same_day.clone().all(|other| if closes { other.1 <= segment.1 } else { segment.0 <= other.0 })
        };
        segments.iter().filter(is_wanted).map(|segment| if closes { segment.1 } else { segment.0 }).collect()
    }

    pub fn session(&self, date: Day) -> Option<(i64, i64)> {
        let own = self.0.iter().filter(|(_, _, phase, of)| *phase == Phase::Market && *of == date);
        own.map(|(start, end, ..)| (*start, *end)).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    pub fn open_time(&self, from: i64, to: i64) -> i64 {
        let market = self.0.iter().filter(|(_, _, phase, _)| *phase == Phase::Market);
        market.map(|(start, end, ..)| ((*end).min(to) - (*start).max(from)).max(0)).sum()
    }
}

/// None where two rows hold at once; otherwise the hours of a date, if it has any.
fn hours_of(definition: &Definition, day: Day) -> Option<Option<Hours>> {
    let rows: Vec<_> = definition.weekly.iter().filter(|row| row.holds_on(day)).collect();
    if rows.len() > 1 {
        return None;
    }
    let weekly = rows.first().filter(|row| row.is_trading_day).and_then(|row| row.hours.clone());
    let Some(exception) = definition.exceptions.iter().find(|exception| exception.date == day) else {
        return Some(weekly);
    };
    let Some(mut own) = exception.hours.clone() else { return Some(None) };
    let regular = weekly
        .filter(|regular| exception.kind == Kind::Special && !(own.close <= regular.open || regular.close <= own.open));
    if let Some(regular) = regular {
        if own.breaks.is_none() {
            let mut kept = regular.breaks.clone().unwrap_or_default();
            kept.retain(|pause| !(pause.start <= own.open || own.close <= pause.end));
            own.breaks = Some(kept);
        }
        if own.pre_market == Around::Unsaid
            && let Around::At(pre) = regular.pre_market
        {
            let end = if pre.end == regular.open || own.open < pre.end { own.open } else { pre.end };
            own.pre_market = if pre.start < end { Around::At(Span { start: pre.start, end }) } else { Around::Nothing };
        }
        if own.post_market == Around::Unsaid
            && let Around::At(post) = regular.post_market
        {
            let later = |time: Local| own.close.plus(time.since(regular.close));
            own.post_market = Around::At(Span { start: later(post.start), end: later(post.end) });
        }
    }
    Some(Some(own))
}

fn local_phases(hours: &Hours) -> Vec<(Local, Local, Phase)> {
    let mut phases = Vec::new();
    if let Around::At(pre) = hours.pre_market {
        phases.push((pre.start, pre.end, Phase::PreMarket));
    }
    let mut edges = vec![hours.open];
    edges.extend(hours.said_breaks().iter().flat_map(|pause| [pause.start, pause.end]));
    edges.push(hours.close);
    for (at, pair) in edges.windows(2).enumerate() {
        phases.push((pair[0], pair[1], if at % 2 == 0 { Phase::Market } else { Phase::Break }));
    }
    if let Around::At(post) = hours.post_market {
        phases.push((post.start, post.end, Phase::PostMarket));
    }
    phases
}
