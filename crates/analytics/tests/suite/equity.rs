//! Returns of an equity curve: periods, gaps, and clocks that are changed.

use analytics::equity::{Clocks, Every, MOST_PERIODS, Refused, returns};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Clocks an hour ahead from day 100 to day 200: at 01:00 UTC of day 100 and of day 200 they are changed.
struct Summer;

const FORWARD: i64 = 100 * DAY + HOUR;
const BACK: i64 = 200 * DAY + HOUR;

impl Clocks for Summer {
    fn ahead_at(&self, moment: i64) -> i64 {
        if (FORWARD..BACK).contains(&moment) { HOUR } else { 0 }
    }

    fn midnight(&self, day: i64) -> i64 {
        day * DAY - if (101..=200).contains(&day) { HOUR } else { 0 }
    }
}

#[test]
fn the_last_value_of_each_period_counts_and_is_carried_over_gaps() {
    let values = [(0, 100.0), (HOUR, 110.0), (DAY + HOUR, 121.0), (4 * DAY, 60.5), (4 * DAY + HOUR, 242.0)];
    let found = returns(&values, Every::Days(1), &Summer).expect("few periods");
    let rounded: Vec<(i64, f64)> = found.iter().map(|(at, r)| (at / DAY, r.expect("a return"))).collect();
    assert_eq!(rounded.len(), 4);
    for ((day, r), (wanted_day, wanted)) in rounded.iter().zip([(1, 0.1), (2, 0.0), (3, 0.0), (4, 1.0)]) {
        assert_eq!(*day, wanted_day);
        assert!((r - wanted).abs() < 1e-12, "{r} is not {wanted}");
    }
}

#[test]
fn a_day_on_which_clocks_are_changed_is_shorter_or_longer() {
    let starts = |values: &[(i64, f64)], every| -> Vec<i64> {
        returns(values, every, &Summer).expect("few periods").iter().map(|(at, _)| *at / HOUR).collect()
    };
    assert_eq!(starts(&[(99 * DAY, 1.0), (102 * DAY, 1.0)], Every::Days(1)), [2400, 2423, 2447]);
    let quarter = Every::Microseconds(6 * HOUR);
    let spring = starts(&[(100 * DAY, 1.0), (101 * DAY, 1.0)], quarter);
    assert_eq!(spring, [2406, 2412, 2418, 2423], "the last quarter has 5 hours");
    let autumn = starts(&[(200 * DAY - HOUR, 1.0), (201 * DAY, 1.0)], quarter);
    assert_eq!(autumn, [4805, 4811, 4817, 4823, 4824], "one more hour is a period of its own");
}

#[test]
fn months_and_weeks_begin_where_calendars_say() {
    // Days since 2000-01-01: 2000-02-29 is 59, 2000-03-01 is 60, 2001-01-01 is 366.
    assert_eq!(Every::Months(1).start_of(&Summer, 59 * DAY), 31 * DAY);
    assert_eq!(Every::Months(1).start_of(&Summer, 60 * DAY), 60 * DAY);
    assert_eq!(Every::Months(3).next(&Summer, 0), 91 * DAY);
    assert_eq!(Every::Months(12).next(&Summer, 0), 366 * DAY);
    assert_eq!(Every::Months(1).start_of(&Summer, -1), -31 * DAY);
    assert_eq!(Every::Days(7).start_of(&Summer, DAY), -5 * DAY, "a Saturday's week begins on Monday");
    assert_eq!(Every::Days(7).start_of(&Summer, 2 * DAY), 2 * DAY);
}

#[test]
fn lengths_that_do_not_fit_into_a_day_are_refused() {
    assert_eq!(Every::of(0, 0, 5 * HOUR), Err(Refused::Length));
    assert_eq!(Every::of(1, 1, 0), Err(Refused::Length));
    assert_eq!(Every::of(0, 0, 0), Err(Refused::Length));
    assert_eq!(Every::of(0, -1, 0), Err(Refused::Length));
    assert_eq!(Every::of(0, 0, DAY), Ok(Every::Days(1)));
    assert_eq!(Every::of(0, 0, 8 * HOUR), Ok(Every::Microseconds(8 * HOUR)));
}

#[test]
fn there_is_an_end_to_periods() {
    let long = [(0, 1.0), (MOST_PERIODS as i64 * 1_000_000 + DAY, 1.0)];
    assert_eq!(returns(&long, Every::Microseconds(1_000_000), &Summer).err(), Some(Refused::TooMany));
}

#[test]
fn nothing_is_returned_on_nothing() {
    let found = returns(&[(0, 0.0), (DAY, 5.0), (2 * DAY, 10.0)], Every::Days(1), &Summer).expect("few periods");
    assert_eq!(found[..], [(DAY, None), (2 * DAY, Some(1.0))]);
    assert!(returns(&[(0, 1.0), (1, 2.0)], Every::Days(1), &Summer).expect("one period").is_empty());
}
