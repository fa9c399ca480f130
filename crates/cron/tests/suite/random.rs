//! Random expressions in random zones.

use cron::Expression;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::clock::{Changes, date, utc, written};
use crate::model::{Day, Days, Model, Numbers};

fn numbers(first: i64, last: i64) -> impl Strategy<Value = Numbers> {
    let all: Vec<i64> = (first..=last).collect();
    let plain = |text: String, values: Vec<i64>| Numbers { text, values, is_plain: true };
    let star = Just(Numbers { text: "*".to_owned(), values: all.clone(), is_plain: false });
    let single = (first..=last).prop_map(move |value| plain(value.to_string(), vec![value]));
    let list = subsequence(all.clone(), 1..5).prop_map(move |values| {
        let text: Vec<String> = values.iter().map(i64::to_string).collect();
        plain(text.join(","), values)
    });
    let range = (first..=last, first..=last).prop_map(move |(a, b)| {
        let (from, to) = (a.min(b), a.max(b));
        plain(format!("{from}-{to}"), (from..=to).collect())
    });
    let step = (1..=last - first + 1).prop_map(move |step| Numbers {
        text: format!("*/{step}"),
        values: (first..=last).step_by(step as usize).collect(),
        is_plain: false,
    });
    prop_oneof![1 => star, 3 => single, 1 => list, 1 => range, 1 => step]
}

fn days(one: impl Strategy<Value = Day>) -> impl Strategy<Value = Days> {
    prop_oneof![Just(Days(vec![])), proptest::collection::vec(one, 1..3).prop_map(Days)]
}

fn model() -> impl Strategy<Value = Model> {
    let zero = Just(Numbers { text: "0".to_owned(), values: vec![0], is_plain: true });
    let of_month = prop_oneof![
        3 => (1..=31_i64).prop_map(Day::OfMonth),
        1 => Just(Day::Last),
        1 => (1..=31_i64).prop_map(Day::Working)
    ];
    let of_month = prop_oneof![4 => days(of_month), 1 => Just(Days(vec![Day::LastWorking]))];
    let of_week = prop_oneof![
        3 => (0..=7_i64).prop_map(Day::OfWeek),
        1 => (0..=7_i64, 1..=5_i64).prop_map(|(day, nth)| Day::Nth(day, nth)),
        1 => (0..=7_i64).prop_map(Day::LastOfWeek)
    ];
    let every_month = Just(Numbers { text: "*".to_owned(), values: (1..=12).collect(), is_plain: false });
    (
        prop_oneof![3 => zero, 1 => numbers(0, 59)],
        numbers(0, 59),
        numbers(0, 23),
        of_month,
        prop_oneof![4 => every_month, 1 => numbers(1, 12)],
        days(of_week),
        any::<bool>(),
    )
        .prop_map(|(second, minute, hour, of_month, month, of_week, both)| Model {
            second,
            minute,
            hour,
            of_month,
            month,
            of_week,
            both,
        })
}

/// A zone with two changes near the time that is asked about, of up to two hours.
fn zone(around: i64) -> impl Strategy<Value = Changes> {
    let quarter = 900;
    (-40..=40_i64, -8..=8_i64, -8..=8_i64, -96..=96_i64, 300..900_i64).prop_map(
        move |(first, change, second, place, apart)| {
            let from = around.div_euclid(quarter) * quarter + place * quarter;
            let then = [(from, first + change), (from + apart * quarter, first + change + second)];
            Changes { first: first * quarter, then: then.map(|(from, offset)| (from, offset * quarter)).to_vec() }
        },
    )
}

fn case() -> impl Strategy<Value = (Model, Changes, i64)> {
    (model(), utc("2024-01-01 00:00")..utc("2032-01-01 00:00"))
        .prop_flat_map(|(model, after)| (Just(model), zone(after), Just(after)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// What croner finds is what looking at every minute of five days finds.
    #[test]
    fn next_ticks_are_those_of_the_model((model, zone, after) in case()) {
        let text = model.text();
        let Ok(expression) = Expression::parse(&text) else { return Ok(()) };
        let last = after + 5 * 86_400;
        let (mut found, mut expected) = (after, after);
        for _ in 0..4 {
            found = expression.next_after(&zone, found).unwrap();
            let Some(next) = model.next_after(&zone, expected, last) else {
                prop_assert!(found > last, "{text} after {}: {}", written(after), written(found));
                break;
            };
            prop_assert_eq!(written(found), written(next), "{} after {}", text, written(expected));
            expected = next;
        }
    }

    /// What is refused as never due has no day in 28 years; the model's first day of all others is the one found.
    #[test]
    fn only_what_is_never_due_is_refused(model in model()) {
        let text = model.text();
        let utc_zone = Changes { first: 0, then: vec![] };
        let first_day = (utc("2000-01-01 00:00") / 86_400..utc("2028-01-01 00:00") / 86_400).find(|day| model.day_fits(*day));
        match (Expression::parse(&text), first_day) {
            (Ok(expression), Some(day)) => {
                let next = expression.next_after(&utc_zone, utc("1999-12-31 23:59:59")).unwrap();
                prop_assert_eq!(date(next.div_euclid(86_400)), date(day), "{}", text);
            }
            (Err(_), None) => {}
            (parsed, day) => prop_assert!(false, "{text}: {parsed:?}, {day:?}"),
        }
    }

    /// Nothing that is accepted makes a search fail, and ticks are in order.
    #[test]
    fn any_text_is_refused_or_due(text in "[0-9*,/LW#?+A-Z@ -]{1,24}", after in 0..4_000_000_000_i64) {
        if let Ok(expression) = Expression::parse(&text) {
            let next = expression.next_after(&Changes { first: 0, then: vec![] }, after);
            prop_assert!(next.is_some_and(|next| next > after), "{text}: {next:?}");
        }
    }
}
