//! The calendars of `data/calendars`, on clocks that never change: what is said of local times holds there too.

use calendar::{Calendar, Day, Kind};
use serde_json::Value;

use super::{at, compiled};

const FILES: [(&str, &str); 7] = [
    ("XNYS", include_str!("../../../../data/calendars/XNYS.json")),
    ("XNSE", include_str!("../../../../data/calendars/XNSE.json")),
    ("XBOM", include_str!("../../../../data/calendars/XBOM.json")),
    ("XHKG", include_str!("../../../../data/calendars/XHKG.json")),
    ("XTKS", include_str!("../../../../data/calendars/XTKS.json")),
    ("CMES", include_str!("../../../../data/calendars/CMES.json")),
    ("24/7", include_str!("../../../../data/calendars/24-7.json")),
];

fn shipped(name: &str) -> Calendar {
    let (_, text) = FILES.iter().find(|(other, _)| *other == name).expect("a file");
    compiled(&serde_json::from_str::<Value>(text).expect("JSON")).expect("a calendar")
}

/// The phases at moments of one date.
fn phases(calendar: &Calendar, date: &str, times: &[&str]) -> Vec<&'static str> {
    let phase = |time: &&str| calendar.phase(at(&format!("{date} {time}"))).expect("known").name();
    times.iter().map(phase).collect()
}

/// How many hours and minutes a date is open, and what it is called.
fn session(calendar: &Calendar, date: &str) -> Option<(String, Option<Kind>)> {
    let day = Day::parse(date).expect("a date");
    let mut found = calendar.sessions_between(day, day).expect("known");
    let (session, segments) = found.next()?;
    let minutes = segments.iter().map(|segment| segment.closes - segment.opens).sum::<i64>() / 60_000_000;
    Some((format!("{}:{:02}", minutes / 60, minutes % 60), session.kind))
}

fn open_for(calendar: &Calendar, date: &str) -> String {
    session(calendar, date).map_or_else(|| "closed".to_owned(), |(time, _)| time)
}

#[test]
fn every_file_is_a_calendar_of_thirteen_years_under_its_own_name() {
    for (name, text) in FILES {
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(value["name"], name);
        let coverage = compiled(&value).unwrap_or_else(|fault| panic!("{name}: {fault}")).coverage();
        assert_eq!(coverage, Day::parse("2015-01-01").zip(Day::parse("2027-12-31")), "{name}");
    }
}

#[test]
fn rows_stand_in_the_order_of_their_dates() {
    for (name, text) in FILES {
        let value: Value = serde_json::from_str(text).expect("JSON");
        for list in ["holidays", "special"] {
            let rows = value[list].as_array().expect("a list");
            let dates: Vec<&str> = rows.iter().filter_map(|row| row["date"].as_str()).collect();
            assert!(dates.is_sorted(), "{name} {list}");
            assert!(rows.iter().all(|row| row["description"].is_string()), "{name} {list}");
        }
    }
}

#[test]
fn sessions_are_as_many_as_were_compared_with_others() {
    let counts = FILES.map(|(name, _)| (name, shipped(name).sessions().len()));
    let expected = [
        ("XNYS", 3268),
        ("XNSE", 3224),
        ("XBOM", 3224),
        ("XHKG", 3201),
        ("XTKS", 3173),
        ("CMES", 3358),
        ("24/7", 4748),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn india_trades_on_weekends_when_it_says_so() {
    for name in ["XNSE", "XBOM"] {
        let india = shipped(name);
        let (hour, day) = ("1:00".to_owned(), "6:15".to_owned());
        for muhurat in ["2016-10-30", "2019-10-27", "2020-11-14", "2023-11-12"] {
            assert_eq!(session(&india, muhurat), Some((hour.clone(), Some(Kind::Muhurat))), "{name} {muhurat}");
        }
        for budget in ["2015-02-28", "2020-02-01", "2025-02-01", "2026-02-01"] {
            assert_eq!(session(&india, budget), Some((day.clone(), Some(Kind::Special))), "{name} {budget}");
        }
        assert_eq!(open_for(&india, "2024-01-20"), day, "in place of the Monday");
        assert_eq!(open_for(&india, "2024-01-22"), "closed");
        let times = ["18:00", "18:15", "19:14", "19:15", "19:25", "19:35"];
        let expected = ["pre_market", "market", "market", "closed", "post_market", "closed"];
        assert_eq!(phases(&india, "2023-11-12", &times), expected);
    }
}

#[test]
fn india_had_two_short_sessions_on_one_saturday() {
    for (name, date) in [("XNSE", "2024-03-02"), ("XBOM", "2024-03-02"), ("XNSE", "2024-05-18"), ("XBOM", "2024-05-18")]
    {
        let times = ["09:14", "09:15", "09:59", "10:00", "11:29", "11:30", "12:29", "12:30", "12:40"];
        let expected =
            ["pre_market", "market", "market", "break", "break", "market", "market", "closed", "post_market"];
        assert_eq!(phases(&shipped(name), date, &times), expected, "{name} {date}");
    }
}

#[test]
fn an_outage_at_one_exchange_extended_the_day_at_both() {
    assert_eq!(open_for(&shipped("XBOM"), "2021-02-24"), "7:45");
    let times = ["11:39", "11:40", "15:30", "15:45", "16:59", "17:00"];
    let expected = ["market", "break", "break", "market", "market", "closed"];
    assert_eq!(phases(&shipped("XNSE"), "2021-02-24", &times), expected);
}

#[test]
fn a_half_day_in_new_york_ends_everything_three_hours_earlier() {
    let xnys = shipped("XNYS");
    for half in ["2015-11-27", "2018-07-03", "2024-12-24", "2026-11-27"] {
        let times = ["03:59", "04:00", "09:30", "12:59", "13:00", "16:59", "17:00"];
        let expected = ["closed", "pre_market", "market", "market", "post_market", "post_market", "closed"];
        assert_eq!(phases(&xnys, half, &times), expected, "{half}");
    }
}

#[test]
fn new_york_mourns_and_keeps_juneteenth_since_2022() {
    let xnys = shipped("XNYS");
    for closed in ["2018-12-05", "2025-01-09", "2022-06-20", "2027-06-18", "2021-12-24"] {
        assert_eq!(open_for(&xnys, closed), "closed", "{closed}");
    }
    for open in ["2021-06-18", "2021-12-31", "2027-12-31"] {
        assert_eq!(open_for(&xnys, open), "6:30", "{open}");
    }
}

#[test]
fn tokyo_closes_half_an_hour_later_since_november_2024() {
    let xtks = shipped("XTKS");
    assert_eq!(open_for(&xtks, "2024-11-01"), "5:00");
    assert_eq!(open_for(&xtks, "2024-11-04"), "closed");
    assert_eq!(open_for(&xtks, "2024-11-05"), "5:30");
    assert_eq!(open_for(&xtks, "2020-10-01"), "closed", "the system failed");
    assert_eq!(
        phases(&xtks, "2024-11-01", &["08:00", "11:30", "12:30", "15:00"]),
        ["pre_market", "break", "market", "closed"]
    );
}

#[test]
fn hong_kong_has_half_days_and_storms() {
    let xhkg = shipped("XHKG");
    for (date, open) in [
        ("2015-02-18", "2:30"),
        ("2027-02-05", "2:30"),
        ("2016-08-02", "closed"),
        ("2019-07-31", "3:25"),
        ("2020-08-19", "2:30"),
        ("2020-10-13", "closed"),
        ("2021-06-28", "2:30"),
        ("2022-08-25", "3:00"),
        ("2022-11-02", "3:25"),
        ("2023-09-01", "closed"),
        ("2023-09-08", "closed"),
        ("2023-10-09", "2:00"),
        ("2024-09-06", "closed"),
        ("2024-09-09", "5:30"),
    ] {
        assert_eq!(open_for(&xhkg, date), open, "{date}");
    }
    let closing_auction = ["12:00", "12:09", "12:10"];
    assert_eq!(phases(&xhkg, "2015-12-24", &closing_auction), ["closed"; 3], "before the closing auction");
    assert_eq!(phases(&xhkg, "2018-12-24", &closing_auction), ["post_market", "post_market", "closed"]);
    assert_eq!(phases(&xhkg, "2021-06-28", &["09:00", "13:00", "13:30"]), ["closed", "closed", "market"]);
    assert_eq!(phases(&xhkg, "2022-11-02", &["13:54", "13:55"]), ["market", "closed"]);
}

#[test]
fn sunday_evening_in_chicago_is_monday() {
    let cmes = shipped("CMES");
    let session_of = |moment: &str| cmes.session_of(at(moment)).expect("known").map(|day| day.to_string());
    assert_eq!(session_of("2024-11-03 16:59"), None);
    assert_eq!(session_of("2024-11-03 17:00").as_deref(), Some("2024-11-04"));
    assert_eq!(session_of("2024-11-04 15:59").as_deref(), Some("2024-11-04"));
    assert_eq!(session_of("2024-11-04 16:00"), None);
    assert_eq!(session_of("2024-11-04 17:00").as_deref(), Some("2024-11-05"));
    assert_eq!(session_of("2024-11-08 17:00"), None, "a Friday evening");
    for (date, open) in [
        ("2015-09-18", "23:00"),
        ("2015-09-21", "22:45"),
        ("2021-06-28", "23:00"),
        ("2018-12-05", "15:30"),
        ("2025-01-09", "15:30"),
        ("2023-04-07", "15:15"),
        ("2024-03-29", "closed"),
        ("2022-06-20", "19:00"),
        ("2024-11-28", "19:00"),
        ("2024-11-29", "19:15"),
        ("2024-12-25", "closed"),
    ] {
        assert_eq!(open_for(&cmes, date), open, "{date}");
    }
}

#[test]
fn what_never_closes_is_open_at_midnight_and_on_sundays() {
    let always = shipped("24/7");
    assert_eq!(phases(&always, "2020-02-29", &["00:00", "12:00", "23:59:59"]), ["market"; 3]);
    assert_eq!(open_for(&always, "2024-03-31"), "24:00");
}
