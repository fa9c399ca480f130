//! The price of an auction in the examples that exchanges have published. Orders have limits here: where an example
//! has a market order, one stands that pays or takes any price. An example in which nothing but market orders meet
//! has no counterpart.

use matching::Side;

use crate::auction::{auction, price, uncross};
use crate::desk::money;

/// What a market buy pays at most, and what a market sell takes at least.
const ANY: [&str; 2] = ["1000", "0.01"];

/// (price, amount) of each order.
type Orders<'a> = &'a [(&'a str, &'a str)];

/// With each of these last prices the auction must have the price beside it.
fn check(example: &str, bids: Orders, asks: Orders, expected: &[(Option<&str>, Option<&str>)]) {
    for (last, expected) in expected {
        let ticks = expected.map(|p| i64::try_from(money(p).units() / money("0.01").units()).expect("small"));
        assert_eq!(price(*last, bids, asks), ticks, "{example}, last price {last:?}");
    }
}

/// Whatever the last price was.
fn always(example: &str, bids: Orders, asks: Orders, expected: Option<&str>) {
    let lasts = [None, Some("1"), Some("198.5"), Some("200"), Some("999")];
    check(example, bids, asks, &lasts.map(|last| (last, expected)));
}

/// Deutsche Börse, Market Model for the Trading Venue Xetra, examples of price determination in an auction, 1 to 5 and
/// 7. Where the reference lies between the limits it is the price since T7; before, the nearest limit was.
#[test]
fn xetra() {
    let (bids, asks) =
        ([("202", "200"), ("201", "200"), ("200", "300")], [("200", "100"), ("198", "200"), ("197", "400")]);
    always("1: one limit", &bids, &asks, Some("200"));
    always("2: bids left", &[("202", "400"), ("201", "200")], &[("199", "300"), ("198", "200")], Some("201"));
    always("3: offers left", &[("202", "300"), ("201", "200")], &[("199", "400"), ("198", "200")], Some("199"));
    let (bids, asks) = ([(ANY[0], "100"), ("199", "100")], [(ANY[1], "100"), ("202", "100")]);
    let between = [("198", "199"), ("199", "199"), ("200", "200"), ("202", "202"), ("203", "202")];
    check("4: bids left at 199, offers at 202", &bids, &asks, &between.map(|(last, price)| (Some(last), Some(price))));
    let (bids, asks) = ([("202", "300"), ("201", "200")], [("199", "300"), ("198", "200")]);
    let inside = [("198", "199"), ("200", "200"), ("202", "201")];
    check("5: nothing left", &bids, &asks, &inside.map(|(last, price)| (Some(last), Some(price))));
    always("7: nothing crosses", &[("200", "80"), ("199", "80")], &[("201", "80")], None);
}

/// Euronext, The Pure Market Order, examples of the call phase 1 and 3 to 5; the reference price is 10.
#[test]
fn euronext() {
    let ten = |price| [(Some("10"), Some(price))];
    let (mut bids, asks) =
        (vec![(ANY[0], "50"), ("10.1", "90"), ("9.9", "10")], [(ANY[1], "40"), ("10.08", "100"), ("10.15", "60")]);
    check("1", &bids, &asks, &ten("10.08"));
    bids.push((ANY[0], "20"));
    check("1, with one order more", &bids, &asks, &ten("10.1"));
    check("3", &[(ANY[0], "40")], &[("9.98", "40")], &ten("10"));
    check("4", &[(ANY[0], "40")], &[("9.98", "41")], &ten("9.98"));
    check("5", &[(ANY[0], "40")], &[("10.02", "40")], &ten("10.02"));
}

/// The trades of Euronext's example 1: buyers A, B, C, G are orders 1, 2, 3, 7, sellers D, E, F are 4, 5, 6.
#[test]
fn who_trades_in_euronexts_first_example() {
    let mut desk = auction();
    for (price, amount) in [(ANY[0], "50"), ("10.1", "90"), ("9.9", "10")] {
        desk.enter(1, Side::Buy, price, amount);
    }
    for (price, amount) in [(ANY[1], "40"), ("10.08", "100"), ("10.15", "60")] {
        desk.enter(2, Side::Sell, price, amount);
    }
    desk.enter(3, Side::Buy, ANY[0], "20");
    desk.market.last_price = Some(1_000);
    let (at, lots) = (1_010, 1_000_000);
    let expected = [(1, 4, at, 40 * lots), (1, 5, at, 10 * lots), (5, 7, at, 20 * lots), (2, 5, at, 70 * lots)];
    assert_eq!(uncross(&mut desk), expected);
    assert_eq!((desk.ids(Side::Buy), desk.ids(Side::Sell)), (vec![2, 3], vec![6]));
    assert_eq!(desk.order(2).remaining(), 20 * lots);
}

/// The opening algorithm of the ASX as the Trading Engine Course of UNSW works it out: 1,000 trade from 6.10 to 6.39,
/// and the bids that are left press the price up.
#[test]
fn asx() {
    let bids = [("6.4", "500"), ("6.39", "500"), ("6.39", "500"), ("6.34", "1000"), ("6.33", "500")];
    let asks = [("6.1", "1000"), ("6.4", "500"), ("6.41", "520"), ("6.42", "550"), ("6.43", "519")];
    always("stock X", &bids, &asks, Some("6.39"));
}
