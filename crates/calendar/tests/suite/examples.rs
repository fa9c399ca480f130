//! Markets as they are.

use calendar::{Day, Kind, Phase, Unanswered, compile};
use serde_json::{Value, json};

use super::clocks::Clocks;
use super::{at, compiled, definition};

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

fn new_york() -> Value {
    json!({
        "name": "XNYS", "exchange": "NYSE", "timezone": "America/New_York", "from": "2024-11-01", "to": "2024-12-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00",
                    "pre_market": ["04:00", "09:30"], "post_market": ["16:00", "20:00"]}],
        "holidays": [{"date": "2024-11-28", "type": "full_day", "description": "Thanksgiving"}],
        "special": [{"date": "2024-11-29", "type": "special", "open": "09:30", "close": "13:00"}]
    })
}

#[test]
fn open_begins_with_the_opening_and_ends_before_the_close() {
    let xnys = compiled(&new_york()).expect("a calendar");
    for (moment, open) in [("09:29:59", false), ("09:30", true), ("15:59:59", true), ("16:00", false)] {
        assert_eq!(xnys.is_open(at(&format!("2024-11-05 {moment}"))), Ok(open), "{moment}");
    }
    assert_eq!(xnys.is_open(at("2024-11-28 12:00")), Ok(false), "a holiday");
    assert_eq!(xnys.is_open(at("2024-11-30 12:00")), Ok(false), "a Saturday");
}

#[test]
fn on_a_half_day_the_pre_market_stays_and_the_post_market_moves_with_the_close() {
    let xnys = compiled(&new_york()).expect("a calendar");
    let phase = |time: &str| xnys.phase(at(&format!("2024-11-29 {time}"))).expect("known").name();
    let phases: Vec<&str> = ["03:59", "04:00", "09:30", "13:00", "16:59", "17:00"].into_iter().map(phase).collect();
    assert_eq!(phases, ["closed", "pre_market", "market", "post_market", "post_market", "closed"]);
}

#[test]
fn a_half_day_may_have_its_own_post_market_or_none() {
    let mut own = new_york();
    own["special"][0]["post_market"] = json!(["13:00", "13:30"]);
    own["special"][0]["pre_market"] = json!([]);
    let xnys = compiled(&own).expect("a calendar");
    assert_eq!(xnys.phase(at("2024-11-29 13:29")), Ok(Phase::PostMarket));
    assert_eq!(xnys.phase(at("2024-11-29 13:30")), Ok(Phase::Closed));
    assert_eq!(xnys.phase(at("2024-11-29 09:00")), Ok(Phase::Closed));
}

#[test]
fn a_late_opening_has_the_pre_market_last_longer() {
    let mut late = new_york();
    late["special"][0] = json!({"date": "2024-11-29", "open": "11:00", "close": "16:00"});
    let xnys = compiled(&late).expect("a calendar");
    assert_eq!(xnys.phase(at("2024-11-29 10:59")), Ok(Phase::PreMarket));
    assert_eq!(xnys.phase(at("2024-11-29 19:59")), Ok(Phase::PostMarket));
}

#[test]
fn next_is_strictly_after_and_previous_strictly_before() {
    let xnys = compiled(&new_york()).expect("a calendar");
    let (open, close) = (at("2024-11-05 09:30"), at("2024-11-05 16:00"));
    assert_eq!(xnys.next_open(open - 1, false), Ok(open));
    assert_eq!(xnys.next_open(open, false), Ok(at("2024-11-06 09:30")));
    assert_eq!(xnys.previous_open(open, false), Ok(at("2024-11-04 09:30")));
    assert_eq!(xnys.previous_open(open + 1, false), Ok(open));
    assert_eq!(xnys.next_close(close, false), Ok(at("2024-11-06 16:00")));
    assert_eq!(xnys.previous_close(close + 1, false), Ok(close));
    assert_eq!(xnys.next_open(at("2024-11-27 12:00"), false), Ok(at("2024-11-29 09:30")), "over the holiday");
}

#[test]
fn outside_the_loaded_dates_there_is_no_answer() {
    let xnys = compiled(&new_york()).expect("a calendar");
    for outside in [i64::MIN, at("2024-10-31 23:59:59"), at("2025-01-01 00:00"), i64::MAX] {
        assert!(matches!(xnys.is_open(outside), Err(Unanswered::Moment(_))));
        assert!(matches!(xnys.next_open(outside, false), Err(Unanswered::Moment(_))));
    }
    assert_eq!(xnys.is_open(at("2024-12-31 23:59:59")), Ok(false));
    assert_eq!(xnys.next_open(at("2024-12-31 09:30"), false), Err(Unanswered::Beyond));
    assert_eq!(xnys.previous_close(at("2024-11-01 10:00"), true), Err(Unanswered::Beyond));
    assert_eq!(xnys.session_offset(day("2024-12-31"), 1), Err(Unanswered::Beyond));
    assert_eq!(xnys.session_offset(day("2024-12-31"), i64::MAX), Err(Unanswered::Beyond));
    assert_eq!(xnys.session_offset(day("2025-01-01"), 0), Err(Unanswered::Date(day("2025-01-01"))));
    assert_eq!(xnys.open_time(at("2024-12-31 00:00"), at("2025-01-01 00:00")), Ok(390 * 60_000_000));
}

#[test]
fn sessions_are_counted() {
    let xnys = compiled(&new_york()).expect("a calendar");
    assert_eq!(xnys.session_offset(day("2024-11-27"), 1), Ok(day("2024-11-29")));
    assert_eq!(xnys.session_offset(day("2024-11-29"), -2), Ok(day("2024-11-26")));
    assert_eq!(xnys.session_offset(day("2024-11-28"), 1), Err(Unanswered::NoSession(day("2024-11-28"))));
    let found: Vec<_> = xnys.sessions_between(day("2024-11-27"), day("2024-11-30")).expect("known").collect();
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].0.kind, found[1].1[0].closes), (Some(Kind::Special), at("2024-11-29 13:00")));
}

#[test]
fn a_break_is_not_open_and_counts_where_it_is_asked_for() {
    let xhkg = compiled(&json!({
        "name": "XHKG", "timezone": "Asia/Hong_Kong", "from": "2024-01-01", "to": "2024-01-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00", "breaks": [["12:00", "13:00"]]}]
    }))
    .expect("a calendar");
    assert_eq!(xhkg.phase(at("2024-01-02 12:00")), Ok(Phase::Break));
    assert_eq!(xhkg.is_open(at("2024-01-02 12:59")), Ok(false));
    assert_eq!(xhkg.session_of(at("2024-01-02 12:30")), Ok(Some(day("2024-01-02"))));
    assert_eq!(xhkg.next_open(at("2024-01-02 10:00"), true), Ok(at("2024-01-02 13:00")));
    assert_eq!(xhkg.next_close(at("2024-01-02 10:00"), true), Ok(at("2024-01-02 12:00")));
    assert_eq!(xhkg.next_close(at("2024-01-02 10:00"), false), Ok(at("2024-01-02 16:00")));
    assert_eq!(xhkg.open_time(at("2024-01-02 11:30"), at("2024-01-02 13:30")), Ok(60 * 60_000_000));
}

/// A day with other hours has the breaks of its day of the week that lie within them, unless it says something else.
#[test]
fn a_special_session_keeps_the_lunch_of_its_day_of_the_week() {
    let lunch = compiled(&json!({
        "name": "L", "timezone": "UTC", "from": "2024-01-01", "to": "2024-01-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:00", "close": "17:00", "breaks": [["12:00", "13:00"]]}],
        "special": [
            {"date": "2024-01-02", "open": "10:00", "close": "14:00"},
            {"date": "2024-01-03", "open": "10:00", "close": "14:00", "breaks": []},
            {"date": "2024-01-04", "open": "10:00", "close": "13:00"},
            {"date": "2024-01-05", "open": "10:00", "close": "14:00", "type": "muhurat"},
            {"date": "2024-01-06", "open": "10:00", "close": "14:00"}]
    }))
    .expect("a calendar");
    let phase = |date| lunch.phase(at(&format!("{date} 12:30")));
    assert_eq!(phase("2024-01-02"), Ok(Phase::Break));
    assert_eq!(phase("2024-01-03"), Ok(Phase::Market), "it says that there is none");
    assert_eq!(phase("2024-01-04"), Ok(Phase::Market), "not within its hours");
    assert_eq!(phase("2024-01-05"), Ok(Phase::Market), "muhurat takes nothing from other days");
    assert_eq!(phase("2024-01-06"), Ok(Phase::Market), "a Saturday has none to keep");
}

#[test]
fn dates_are_asked_for_their_sessions() {
    let xnys = compiled(&json!({
        "name": "N", "timezone": "UTC", "from": "2024-12-23", "to": "2024-12-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "-17:00", "close": "16:00"}],
        "holidays": [{"date": "2024-12-25"}]
    }))
    .expect("a calendar");
    let found = xnys.session(day("2024-12-26")).expect("known").expect("a session");
    assert_eq!((found.opens, found.closes), (at("2024-12-25 17:00"), at("2024-12-26 16:00")));
    assert_eq!(xnys.session(day("2024-12-25")), Ok(None));
    assert_eq!(xnys.session(day("2025-01-01")), Err(Unanswered::Date(day("2025-01-01"))));
    let to = |date, forward| xnys.date_to_session(day(date), forward);
    assert_eq!(to("2024-12-26", true), Ok(day("2024-12-26")));
    assert_eq!(to("2024-12-25", true), Ok(day("2024-12-26")));
    assert_eq!(to("2024-12-25", false), Ok(day("2024-12-24")));
    assert_eq!(to("2024-12-29", false), Ok(day("2024-12-27")));
    assert_eq!(to("2025-01-01", false), Err(Unanswered::Date(day("2025-01-01"))));
    let ends = compiled(&json!({
        "name": "E", "timezone": "UTC", "from": "2024-12-27", "to": "2024-12-29",
        "weekly": [{"days": [4], "open": "09:00", "close": "16:00"}]
    }))
    .expect("a calendar");
    assert_eq!(ends.date_to_session(day("2024-12-28"), true), Err(Unanswered::Beyond));
}

#[test]
fn an_era_ends_and_what_was_before_stays_as_it_was() {
    let xtks = compiled(&json!({
        "name": "XTKS", "timezone": "Asia/Tokyo", "from": "2024-10-01", "to": "2024-12-31",
        "weekly": [
            {"days": [0, 1, 2, 3, 4], "to": "2024-11-04", "open": "09:00", "close": "15:00"},
            {"days": [0, 1, 2, 3, 4], "from": "2024-11-05", "open": "09:00", "close": "15:30"}]
    }))
    .expect("a calendar");
    assert_eq!(xtks.is_open(at("2024-11-01 15:15")), Ok(false));
    assert_eq!(xtks.is_open(at("2024-11-05 15:15")), Ok(true));
}

#[test]
fn a_session_of_the_evening_before_is_labelled_by_its_trade_date() {
    let cmes = compiled(&json!({
        "name": "CMES", "timezone": "America/Chicago", "from": "2024-01-01", "to": "2024-01-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "-17:00", "close": "16:00"}]
    }))
    .expect("a calendar");
    assert_eq!(cmes.session_of(at("2024-01-07 17:00")), Ok(Some(day("2024-01-08"))), "Sunday evening is Monday's");
    assert_eq!(cmes.session_of(at("2024-01-08 16:30")), Ok(None));
    // The last date is a Wednesday: from five on it might be the session of a Thursday that nobody has loaded.
    assert_eq!(cmes.is_open(at("2024-01-31 16:59")), Ok(false));
    assert!(cmes.is_open(at("2024-01-31 17:00")).is_err());
    assert_eq!(cmes.previous_open(at("2024-01-01 12:00"), false), Ok(at("2023-12-31 17:00")));
}

#[test]
fn a_market_that_never_closes_is_always_open() {
    let always = compiled(&json!({
        "name": "24/7", "timezone": "UTC", "from": "2024-01-01", "to": "2024-01-31",
        "weekly": [{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]
    }))
    .expect("a calendar");
    for moment in ["2024-01-01 00:00", "2024-01-02 00:00", "2024-01-06 23:59:59"] {
        assert_eq!(always.is_open(at(moment)), Ok(true));
    }
    let month = always.open_time(at("2024-01-01 00:00"), at("2024-02-01 00:00"));
    assert_eq!(month, Ok(31 * 24 * 60 * 60_000_000));
}

#[test]
fn a_session_from_five_to_five_lasts_a_day() {
    let metals = compiled(&json!({
        "name": "METALS", "timezone": "UTC", "from": "2024-01-01", "to": "2024-01-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "-17:00", "close": "17:00"}]
    }))
    .expect("a calendar");
    assert_eq!(metals.is_open(at("2024-01-08 17:00")), Ok(true), "Tuesday's has begun");
    assert_eq!(metals.next_close(at("2024-01-08 16:59"), false), Ok(at("2024-01-08 17:00")));
}

/// Weekends and holidays with a session are loaded as such, and every answer sees them.
#[test]
fn g12_sessions_on_a_saturday_and_on_a_holiday_are_seen() {
    let xnse = compiled(&json!({
        "name": "XNSE", "timezone": "Asia/Kolkata", "from": "2024-01-01", "to": "2024-12-31",
        "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:15", "close": "15:30",
                    "pre_market": ["09:00", "09:15"], "post_market": ["15:40", "16:00"]}],
        "holidays": [{"date": "2024-11-01", "type": "full_day", "description": "Diwali Laxmi Pujan"}],
        "special": [
            {"date": "2024-03-02", "open": "09:15", "close": "12:30", "breaks": [["10:00", "11:30"]]},
            {"date": "2024-11-01", "type": "muhurat", "open": "18:00", "close": "19:00"}]
    }))
    .expect("a calendar");
    assert_eq!(xnse.next_open(at("2024-03-01 20:00"), false), Ok(at("2024-03-02 09:15")), "a Saturday");
    assert_eq!(xnse.is_open(at("2024-03-02 10:30")), Ok(false), "between two short sessions");
    assert_eq!(xnse.is_open(at("2024-03-02 12:00")), Ok(true));
    assert_eq!(xnse.session_offset(day("2024-03-01"), 1), Ok(day("2024-03-02")));
    assert_eq!(xnse.is_open(at("2024-11-01 12:00")), Ok(false), "a holiday");
    assert_eq!(xnse.is_open(at("2024-11-01 18:30")), Ok(true));
    assert_eq!(xnse.phase(at("2024-11-01 17:59")), Ok(Phase::Closed), "no pre-market from another day");
    let muhurat = xnse.sessions_between(day("2024-11-01"), day("2024-11-01")).expect("known").next().expect("one");
    assert_eq!((muhurat.0.kind, muhurat.0.description.as_deref()), (Some(Kind::Muhurat), Some("Diwali Laxmi Pujan")));
}

#[test]
fn the_clocks_decide_how_long_a_night_is() {
    let night = json!({
        "name": "N", "timezone": "Europe/Berlin", "from": "2024-03-01", "to": "2024-11-30",
        "weekly": [{"days": [5, 6], "open": "-22:00", "close": "06:00"}]
    });
    let clocks = Clocks::summer(day("2024-03-31"), day("2024-10-27"));
    let night = compile(&definition(&night).expect("a definition"), &clocks).expect("a calendar");
    let hours = |date: &str| {
        let mut found = night.sessions_between(day(date), day(date)).expect("known");
        let segment = found.next().expect("a session").1[0];
        (segment.closes - segment.opens) / 3_600_000_000
    };
    assert_eq!([hours("2024-03-30"), hours("2024-03-31"), hours("2024-10-27")], [8, 7, 9]);
}
