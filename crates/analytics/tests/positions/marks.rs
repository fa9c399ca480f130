//! How far a round trip was ahead and behind.

use analytics::position::extremes::Lowest;
use analytics::position::{Method, Piece, Position};
use money::Money;

use crate::{buy, money, sell, terms};

fn excursions(pieces: &[Piece]) -> Vec<(Money, Money)> {
    pieces.iter().map(|piece| (piece.mae, piece.mfe)).collect()
}

#[test]
fn each_lot_has_seen_the_marks_since_it_was_opened() {
    let (mut position, mut pieces) = (Position::new(terms(Method::Fifo)), vec![]);
    position.apply(&buy(1, "1", "100"), &mut pieces).expect("it fits");
    [90, 130].into_iter().for_each(|price| position.mark(Money::whole(price)));
    position.apply(&buy(2, "2", "120"), &mut pieces).expect("it fits");
    [110, 125].into_iter().for_each(|price| position.mark(Money::whole(price)));
    position.apply(&sell(3, "3", "115"), &mut pieces).expect("it fits");
    let seen = [("-10", "30"), ("-20", "10")].map(|(mae, mfe)| (money(mae), money(mfe)));
    assert_eq!(excursions(&pieces), seen);
}

#[test]
fn a_short_is_behind_when_the_price_rises() {
    let (mut position, mut pieces) = (Position::new(terms(Method::Average)), vec![]);
    position.apply(&sell(1, "2", "100"), &mut pieces).expect("it fits");
    [107, 99].into_iter().for_each(|price| position.mark(Money::whole(price)));
    position.apply(&buy(2, "2", "98"), &mut pieces).expect("it fits");
    assert_eq!(excursions(&pieces), [(money("-14"), money("4"))]);
}

#[test]
fn what_never_moved_was_neither_ahead_nor_behind() {
    let (mut position, mut pieces) = (Position::new(terms(Method::Fifo)), vec![]);
    position.apply(&buy(1, "1", "100"), &mut pieces).expect("it fits");
    position.apply(&sell(2, "1", "100"), &mut pieces).expect("it fits");
    assert_eq!(excursions(&pieces), [(Money::ZERO, Money::ZERO)]);
}

#[test]
fn marks_of_closed_lots_are_forgotten() {
    let opened = |lots: std::ops::Range<u64>| {
        let mut lowest = Lowest::default();
        lots.for_each(|lot| lowest.open(lot, Money::whole(lot as i64)));
        lowest
    };
    let mut lowest = opened(0..5);
    lowest.forget_before(3);
    assert_eq!(lowest, opened(3..5));
    lowest.clear();
    assert_eq!(lowest, Lowest::default());
}
