//! What is no expression, and what croner would take for one.

use cron::Expression;
use cron::zone::Fixed;

use crate::clock::{utc, written};

fn refusal(text: &str) -> String {
    match Expression::parse(text) {
        Err(refusal) => refusal.to_string(),
        Ok(_) => panic!("{text:?} is accepted"),
    }
}

#[test]
fn croner_would_read_something_else() {
    for text in [
        "1,,2 * * * *",
        ",1 * * * *",
        "1, * * * *",
        ", * * * *",
        "* * * JANFEB *",
        "* * * * MON1",
        "JAN * * * *",
        "* * * MON *",
        "* * * * JAN",
        "* * 1MON * *",
        "* * 15W3 * *",
        "* * 15WW * *",
        "* * LW5 * *",
        "* * L,LW * *",
        "* * * * L",
        "* * * * 5LL",
        "* * * * 1-5#2",
        "* * * * */2#1",
        "* * * * 1-3/1L",
        "*/61 * * * *",
        "1-5/10 * * * *",
        "* * ?/2 * *",
        "* * ?,5 * *",
        "* * * * ++1",
        "* * * * +*",
        "* * * * +?",
        "001 * * * *",
        "* * * * fr\u{131}",
        "* * * * \u{17f}un",
        "* * * *\u{2003}*",
        "0 0 0 1 1 * 2027",
    ] {
        refusal(text);
    }
    assert_eq!(refusal("1,,2 * * * *"), "an empty part in the minute");
    assert_eq!(refusal("* * * JANFEB *"), "\"JANFEB\" in the month");
}

#[test]
fn nobody_would_read_anything() {
    for text in [
        "",
        "*",
        "* * * *",
        "* * * * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "* * * * FRI-MON",
        "*/0 * * * *",
        "5/10 * * * *",
        "/5 * * * *",
        "*/5/5 * * * *",
        "-5 * * * *",
        "1-2-3 * * * *",
        "1.5 * * * *",
        "+1 * * * *",
        "* * * * 1#0",
        "* * * * 1#6",
        "* * * * #1",
        "* * * * 1#1#1",
        "* * W * *",
        "* * 0W * *",
        "@reboot",
        "@every 5m",
        "@daily @daily",
        "* * * * * ; DROP",
    ] {
        refusal(text);
    }
    assert_eq!(refusal("* * * *"), "4 fields, neither five nor six");
    assert!(refusal(&"*".repeat(101)).starts_with("more than 100 characters"));
    assert_eq!(refusal("@reboot"), "none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly");
}

#[test]
fn what_no_year_has_is_never_due() {
    for text in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 2 *", "0 0 29 2 +1#1", "0 0 1-7 * +MON#2"] {
        assert_eq!(refusal(text), "no day of any year fits", "{text}");
    }
    // The next one is 40 years away: 2088 to 2128, for 2100 does not leap.
    let expression = Expression::parse("0 0 29 2 +SUN").unwrap();
    let after = expression.next_after(&Fixed(0), utc("2088-02-29 00:00")).unwrap();
    assert_eq!(written(after), "2128-02-29 00:00:00");
}

#[test]
fn what_is_accepted_is_due_when_it_says() {
    for (text, expected) in [
        ("@midnight", "2026-07-02 00:00:00"),
        ("  @Hourly ", "2026-07-01 13:00:00"),
        ("@monthly", "2026-08-01 00:00:00"),
        ("@weekly", "2026-07-05 00:00:00"),
        ("@yearly", "2027-01-01 00:00:00"),
        ("@annually", "2027-01-01 00:00:00"),
        ("*/10 * * * * *", "2026-07-01 12:00:10"),
        ("00 09 * * *", "2026-07-02 09:00:00"),
        ("0\t0 * * mon", "2026-07-06 00:00:00"),
        ("0 0 * * SAT-SUN", "2026-07-04 00:00:00"),
        ("0 0 * * SUN-SUN", "2026-07-05 00:00:00"),
        ("0 0 * * 7", "2026-07-05 00:00:00"),
        ("0 0 * JAN-MAR/2 *", "2027-01-01 00:00:00"),
        ("0 0 ? * FRI#2", "2026-07-10 00:00:00"),
        ("0 0 * * FRIL", "2026-07-31 00:00:00"),
        ("0 0 * * 5#L", "2026-07-31 00:00:00"),
        ("0 0 L * *", "2026-07-31 00:00:00"),
        ("0 0 LW 10 ?", "2026-10-30 00:00:00"),
        ("0 0 4W * *", "2026-07-03 00:00:00"),
        ("0 0 13 * +FRI", "2026-11-13 00:00:00"),
        ("0 0 13 * FRI", "2026-07-03 00:00:00"),
        ("0 */24 * * *", "2026-07-02 00:00:00"),
    ] {
        let expression = Expression::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        let next = expression.next_after(&Fixed(0), utc("2026-07-01 12:00")).unwrap();
        assert_eq!(written(next), expected, "{text}");
    }
}

#[test]
fn outside_of_the_years_is_nothing() {
    let daily = Expression::parse("@daily").unwrap();
    assert_eq!(daily.next_after(&Fixed(0), i64::MIN), None);
    assert_eq!(daily.next_after(&Fixed(0), i64::MAX), None);
    assert_eq!(daily.next_after(&Fixed(0), utc("4899-12-31 00:00")), None);
    assert_eq!(daily.next_after(&Fixed(0), utc("4899-12-30 00:00")), Some(utc("4899-12-31 00:00")));
}
