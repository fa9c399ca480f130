//! Dates and times as they are written.

use calendar::{Day, Local, Moment, json, rows};
use proptest::prelude::*;
use serde_json::json;

use super::{definition, oracle};

#[test]
fn dates_have_their_days_of_the_week() {
    for (text, number, weekday) in [
        ("1970-01-01", -10_957, 3),
        ("1999-12-31", -1, 4),
        ("2000-01-01", 0, 5),
        ("2000-02-29", 59, 1),
        ("2024-11-05", 9_075, 1),
        ("2100-03-01", 36_584, 0),
    ] {
        let day = Day::parse(text).expect("a date");
        assert_eq!((day.0, day.weekday(), day.to_string().as_str()), (number, weekday, text));
    }
    for text in ["2023-02-29", "2100-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "24-01-01", "2024-01-01 ", ""] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
}

#[test]
fn moments_are_told_in_utc() {
    assert_eq!(Moment(0).to_string(), "2000-01-01 00:00:00+00");
    assert_eq!(Moment(-1).to_string(), "1999-12-31 23:59:59+00");
    assert_eq!(Moment(i64::MAX).to_string(), "infinity");
}

#[test]
fn times_may_lie_on_the_day_before_and_after() {
    for (text, parts) in [
        ("00:00", (0, 0)),
        ("09:30", (0, 34_200_000_000)),
        ("24:00", (1, 0)),
        ("26:30", (1, 9_000_000_000)),
        ("48:00", (2, 0)),
        ("-17:00", (-1, 61_200_000_000)),
        ("-00:00", (-1, 0)),
        ("15:59:59.5", (0, 57_599_500_000)),
    ] {
        let time = Local::parse(text).expect("a time");
        assert_eq!((time.parts(), time.to_string().as_str()), (parts, text));
    }
    for text in ["9:30", "09:60", "48:01", "-24:00", "09:30:60", "09", "0930", "09:30.5", "+9:30", "09:30:00.1234567"] {
        assert_eq!(Local::parse(text), None, "{text}");
    }
    assert_eq!(Local::of_column("24:00:00", 0), Local::parse("24:00"));
    assert_eq!(Local::of_column("17:00:00", -2), None);
}

#[test]
fn days_with_the_same_hours_are_written_together() {
    let written = json!({
        "name": "X", "exchange": "XX", "timezone": "UTC", "from": "2024-01-01", "to": "2024-12-31",
        "weekly": [{"days": [0, 1, 4], "to": "2024-05-31", "open": "09:00", "close": "17:00"},
                   {"days": [5], "is_trading_day": false}],
        "holidays": [{"date": "2024-01-01", "type": "muhurat", "description": "not told yet"}],
        "special": [{"date": "2024-01-02", "type": "special", "open": "-17:00", "close": "16:00",
                     "breaks": [["01:00", "02:00"]], "pre_market": []}]
    });
    assert_eq!(json::write(&definition(&written).expect("a definition")), written);
}

proptest! {
    /// What is written is read back, as JSON and as rows.
    #[test]
    fn a_definition_comes_back(definition in oracle::definitions()) {
        if calendar::check::check(&definition).is_ok() {
            let mut back = json::read(&json::write(&definition)).expect("written by ourselves");
            back.weekly.sort_by_key(|row| (row.weekday, row.from));
            let mut same = definition.clone();
            same.weekly.sort_by_key(|row| (row.weekday, row.from));
            same.exceptions.sort_by_key(|exception| exception.date);
            prop_assert_eq!(&back, &same);
            prop_assert_eq!(rows::read(&rows::write(&same)), Ok(same));
        }
    }

    #[test]
    fn a_date_comes_back(number in -700_000..2_900_000i32) {
        let day = Day(number);
        prop_assert_eq!(Day::parse(&day.to_string()), Some(day));
        prop_assert_eq!((day.weekday() + 1) % 7, day.plus(1).weekday());
    }
}
