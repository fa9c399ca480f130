//! What is refused changes nothing.

use analytics::position::{Beyond, Exact, Fee, Fill, Method, Position, Refusal, Side};
use money::{Money, Overflow};

use crate::{buy, fill, folded, money, sell, terms};

fn refused(position: &mut Position, fill: &Fill) -> Refusal {
    let (before, mut pieces) = (position.kept(), vec![]);
    let refusal = position.apply(fill, &mut pieces).expect_err("it is refused");
    assert_eq!((position.kept(), pieces), (before, vec![]));
    refusal
}

#[test]
fn a_quantity_is_positive() {
    let mut position = Position::new(terms(Method::Fifo));
    for quantity in ["0", "-1"] {
        assert_eq!(refused(&mut position, &buy(1, quantity, "1")), Refusal::NoQuantity);
    }
}

#[test]
fn a_fee_in_what_is_bought_leaves_something() {
    let mut position = Position::new(terms(Method::Average));
    let all = fill(1, Side::Buy, "1", "100", Fee::Base(money("1")));
    assert_eq!(refused(&mut position, &all), Refusal::FeeTakesAll);
}

#[test]
fn so_many_lots_are_open_and_no_more() {
    let mut few = terms(Method::Fifo);
    few.most_lots = 2;
    let (mut position, _) = folded(few, &[buy(1, "1", "1"), buy(2, "1", "1")]);
    assert_eq!(refused(&mut position, &buy(3, "1", "1")), Refusal::TooManyLots);
    // A flip closes what is open, and opens one.
    assert!(position.apply(&sell(4, "3", "1"), &mut vec![]).is_ok());
    few.method = Method::Average;
    folded(few, &[buy(1, "1", "1"), buy(2, "1", "1"), buy(3, "1", "1")]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let most = "999999999999.99999999";
    for method in [Method::Average, Method::Fifo] {
        let mut position = Position::new(terms(method));
        assert_eq!(refused(&mut position, &buy(1, most, "1.1")), Refusal::Overflow, "the cost");
        position.apply(&buy(2, most, "0.5"), &mut vec![]).expect("it fits");
        assert_eq!(refused(&mut position, &buy(3, "1", "0.5")), Refusal::Overflow, "the quantity");
        assert_eq!(refused(&mut position, &sell(4, most, "1.6")), Refusal::Overflow, "the proceeds");
        let fee = Fee::Quote(Money::MAX);
        position.apply(&fill(5, Side::Sell, "1", "0.5", fee), &mut vec![]).expect("it fits");
        assert_eq!(refused(&mut position, &fill(6, Side::Sell, "1", "0.5", fee)), Refusal::Overflow, "the fees");
    }
}

#[test]
fn what_is_exact_is_read_and_never_cut() {
    assert_eq!(Exact::product(Money::MAX, Money::MAX, Money::from_units(1).expect("it fits")), Err(Overflow));
    let least = Money::from_units(1).expect("it fits");
    let product = Exact::product(least, least, least).expect("it fits");
    assert_eq!((product.units(), product.to_string()), (1, "0.000000000000000000000001".to_owned()));
    assert_eq!(Exact::from(money("-2.5")).to_string(), "-2.50000000");
    assert_eq!(Exact::MAX.plus(product), Err(Overflow));
    assert_eq!(Exact::from_units(i128::MIN), Err(Overflow));
    assert_eq!(Exact::from_units(Exact::MAX.units()), Ok(Exact::from(Money::MAX)));
    assert_eq!(Exact::ZERO.to_string(), "0.00000000");
}

#[test]
fn one_lot_more_joins_the_youngest_where_nothing_is_refused() {
    let mut few = terms(Method::Fifo);
    (few.most_lots, few.beyond) = (2, Beyond::Joins);
    let (mut position, mut pieces) = folded(few, &[buy(1, "1", "1"), buy(2, "1", "2"), buy(3, "2", "5")]);
    let lots: Vec<_> = position.seen().collect();
    assert_eq!((lots.len(), lots[1].quantity, lots[1].first_fill), (2, money("3"), 2));
    assert_eq!((lots[1].cost, lots[1].low, lots[1].high), (money("12").into(), money("2"), money("5")));
    // The oldest lot gives up what it has cost, the youngest its average: together what was paid.
    position.apply(&sell(4, "2", "10"), &mut pieces).expect("it fits");
    assert_eq!(pieces.iter().map(|piece| piece.gross).collect::<Vec<_>>(), [money("9"), money("6")]);
    position.apply(&sell(5, "2", "10"), &mut pieces).expect("it fits");
    assert_eq!(position.realized(), money("27"));
}
