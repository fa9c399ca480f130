//! Random definitions: the compiled calendar and the naive one agree, on every answer and on what is none.

use calendar::check::check;
use calendar::day::DAY;
use calendar::{Around, Day, Definition, Exception, Hours, Kind, Local, Span, Weekly, compile};
use proptest::prelude::*;

use super::clocks::Clocks;
use super::naive::Naive;

const FIRST: Day = Day(8_850);
const DAYS: i32 = 24;
const HALF_HOUR: i64 = 1_800_000_000;

fn time(half_hours: i64) -> Local {
    Local::MIDNIGHT.plus(half_hours * HALF_HOUR)
}

fn around(start: i64, length: i64) -> Around {
    Around::At(Span { start: time(start), end: time(start + length) })
}

fn hours() -> impl Strategy<Value = Hours> {
    let pre = prop_oneof![3 => Just(None), 1 => (0..4i64, 1..6i64).prop_map(Some)];
    let post = prop_oneof![3 => Just(None), 1 => (0..4i64, 1..6i64).prop_map(Some)];
    (-18..36i64, 1..20i64, proptest::collection::vec((1..18i64, 1..4i64), 0..3), pre, post).prop_map(
        |(open, length, pauses, pre, post)| {
            let mut breaks: Vec<Span> = Vec::new();
            for (start, length) in pauses {
                breaks.push(Span { start: time(open + start), end: time(open + start + length) });
            }
            breaks.sort_by_key(|pause| pause.start);
            // Most that are drawn would be none.
            if breaks.windows(2).any(|pair| pair[1].start <= pair[0].end) {
                breaks.truncate(1);
            }
            breaks.retain(|pause| pause.end < time(open + length));
            let pre_market = pre.map_or(Around::Unsaid, |(gap, of)| around(open - gap - of, of));
            let post_market = post.map_or(Around::Unsaid, |(gap, of)| around(open + length + gap, of));
            Hours { open: time(open), close: time(open + length), breaks: Some(breaks), pre_market, post_market }
        },
    )
}

fn weekly() -> impl Strategy<Value = Weekly> {
    let day = || prop_oneof![2 => Just(None), 1 => (0..DAYS).prop_map(|number| Some(FIRST.plus(number)))];
    (0..7u8, day(), day(), hours(), prop::bool::weighted(0.9)).prop_map(|(weekday, from, to, hours, is_trading_day)| {
        Weekly { weekday, from, to, is_trading_day, hours: Some(hours) }
    })
}

fn exception() -> impl Strategy<Value = Exception> {
    let unsaid = |hours: Hours| Some(Hours { breaks: hours.breaks.filter(|breaks| !breaks.is_empty()), ..hours });
    let hours = prop_oneof![1 => Just(None), 2 => hours().prop_map(Some), 2 => hours().prop_map(unsaid)];
    (0..DAYS, hours, prop::bool::ANY, prop::option::of("[a-z]{1,8}")).prop_map(|(day, hours, special, description)| {
        let kind = match (hours.is_some(), special) {
            (false, _) => Kind::FullDay,
            (true, true) => Kind::Special,
            (true, false) => Kind::Muhurat,
        };
        Exception { date: FIRST.plus(day), kind, description, hours }
    })
}

/// Definitions that are calendars more often than not.
pub fn definitions() -> impl Strategy<Value = Definition> {
    (proptest::collection::vec(weekly(), 0..8), proptest::collection::vec(exception(), 0..5)).prop_map(
        |(mut weekly, mut exceptions)| {
            // Two rows of one day of the week are mostly refused: half of the definitions have none.
            if weekly.len().is_multiple_of(2) {
                weekly.sort_by_key(|row| row.weekday);
                weekly.dedup_by_key(|row| row.weekday);
            }
            exceptions.sort_by_key(|exception| exception.date);
            exceptions.dedup_by_key(|exception| exception.date);
            let coverage = Some((FIRST, FIRST.plus(DAYS - 1)));
            Definition { name: "X".into(), exchange: None, timezone: "UTC".into(), coverage, weekly, exceptions }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn compiled_and_naive_agree(definition in definitions(), summer in prop::bool::ANY, minutes in 0..60i64) {
        let clocks = if summer { Clocks::summer(FIRST.plus(5), FIRST.plus(15)) } else { Clocks::UTC };
        let compiled = compile(&definition, &clocks);
        if check(&definition).is_err() {
            prop_assert!(compiled.is_err());
            return Ok(());
        }
        let naive = Naive::of(&definition, &clocks);
        prop_assert_eq!(compiled.is_ok(), naive.is_some());
        let (Ok(calendar), Some(naive)) = (compiled, naive) else { return Ok(()) };
        let begin = i64::from(FIRST.0) * DAY + minutes * 60_000_000;
        let mut before = None;
        for at in (0..i64::from(DAYS) * 48).map(|number| begin + number * HALF_HOUR) {
            let Ok(phase) = calendar.phase(at) else { continue };
            let (expected, date) = naive.phase(at);
            prop_assert_eq!((phase, calendar.session_of(at)), (expected, Ok(date)));
            let day = Day((at.div_euclid(DAY)) as i32);
            let own = calendar.session(day);
            prop_assert_eq!(own.map(|found| found.map(|found| (found.opens, found.closes))), Ok(naive.session(day)));
            for breaks in [false, true] {
                let (opens, closes) = (naive.edges(false, breaks), naive.edges(true, breaks));
                let after = |edges: &[i64]| edges.iter().copied().find(|edge| *edge > at);
                let until = |edges: &[i64]| edges.iter().copied().rfind(|edge| *edge < at);
                prop_assert_eq!(calendar.next_open(at, breaks).ok(), after(&opens));
                prop_assert_eq!(calendar.next_close(at, breaks).ok(), after(&closes));
                prop_assert_eq!(calendar.previous_open(at, breaks).ok(), until(&opens));
                prop_assert_eq!(calendar.previous_close(at, breaks).ok(), until(&closes));
            }
            if let Some(before) = before.replace(at) {
                prop_assert_eq!(calendar.open_time(before, at), Ok(naive.open_time(before, at)));
            }
        }
    }
}
