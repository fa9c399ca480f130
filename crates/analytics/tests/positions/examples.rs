//! What users of other systems have reported, and arithmetic that can be done by hand.

use analytics::position::{Direction, Fee, Fill, Filled, Method, Position, Side};
use money::Money;

use crate::{buy, fill, folded, gains, money, pairs, sell, terms, unrealized};

#[test]
fn an_exit_over_two_entries_is_split_at_the_lots_it_closes() {
    let fills = [buy(1, "100", "10"), buy(2, "100", "11"), sell(3, "150", "12"), sell(4, "50", "13")];
    let (fifo, pieces) = folded(terms(Method::Fifo), &fills);
    assert_eq!(gains(&pieces), pairs(&[("100", "200"), ("50", "50"), ("50", "100")]));
    let spans: Vec<_> = pieces.iter().map(|piece| (piece.first_fill, piece.last_fill)).collect();
    assert_eq!(spans, [(1, 3), (2, 3), (2, 4)]);
    let (average, pieces) = folded(terms(Method::Average), &fills);
    assert_eq!(gains(&pieces), pairs(&[("150", "225"), ("50", "125")]));
    assert_eq!((fifo.realized(), average.realized()), (money("350"), money("350")));
}

#[test]
fn a_flip_opens_the_rest_at_the_price_of_the_fill() {
    let fee = Fee::Quote(money("3.758"));
    let fills = [sell(1, "1.1", "2.781"), fill(2, Side::Buy, "375.8", "2.662", fee)];
    for method in [Method::Average, Method::Fifo] {
        let (position, pieces) = folded(terms(method), &fills);
        assert_eq!((position.direction(), position.quantity()), (Direction::Long, money("374.7")));
        assert_eq!(position.average_price(), Ok(Some(money("2.662"))));
        // 1.1 × (2.781 - 2.662), and 1.1 of the 375.8 that the fee is for.
        assert_eq!(gains(&pieces), pairs(&[("1.1", "0.1309")]));
        assert_eq!((pieces[0].direction, pieces[0].commission), (Direction::Short, money("0.011")));
        assert_eq!(pieces[0].net, money("0.1199"));
        assert_eq!(position.seen().map(|lot| lot.fees).collect::<Vec<_>>(), [money("3.747")]);
    }
}

#[test]
fn a_position_that_opens_again_does_not_show_the_old_gain_twice() {
    let fills = [buy(1, "1", "100"), sell(2, "1", "95"), buy(3, "1", "96")];
    let (position, _) = folded(terms(Method::Average), &fills);
    assert_eq!((position.realized(), unrealized(&position, "97")), (money("-5"), money("1")));
}

#[test]
fn a_price_moves_what_is_open_and_not_what_is_realised() {
    let (position, _) = folded(terms(Method::Average), &[sell(1, "3", "100"), buy(2, "1", "110")]);
    assert_eq!(position.realized(), money("-10"));
    assert_eq!([unrealized(&position, "100"), unrealized(&position, "104")], [money("0"), money("-8")]);
}

#[test]
fn a_fee_is_paid_when_positive_and_got_when_negative() {
    for (fee, net) in [("0.1", "-0.2"), ("-0.02", "0.04")] {
        let fee = Fee::Quote(money(fee));
        let fills = [fill(1, Side::Buy, "1", "100", fee), fill(2, Side::Sell, "1", "100", fee)];
        let (position, pieces) = folded(terms(Method::Average), &fills);
        assert_eq!((pieces[0].gross, pieces[0].net), (money("0"), money(net)));
        assert_eq!((position.fees(), position.closed_fees()), (-money(net), -money(net)));
    }
}

#[test]
fn fees_of_both_ways_decide_whether_it_is_a_loss() {
    let fee = Fee::Quote(money("0.10"));
    let fills = [fill(1, Side::Buy, "1", "100", fee), fill(2, Side::Sell, "1", "100.15", fee)];
    let (_, pieces) = folded(terms(Method::Fifo), &fills);
    assert_eq!((pieces[0].gross, pieces[0].net), (money("0.15"), money("-0.05")));
    // -0.05 % of what it has cost, in ten thousandths.
    assert_eq!(pieces[0].percentage(), Some(-500));
}

#[test]
fn what_has_cost_nothing_has_no_percentage() {
    let (_, pieces) = folded(terms(Method::Average), &[buy(1, "1", "0"), sell(2, "1", "5")]);
    assert_eq!((pieces[0].net, pieces[0].percentage()), (money("5"), None));
    let (_, pieces) = folded(terms(Method::Average), &[buy(1, "1", "0.00000001"), sell(2, "1", "5")]);
    assert_eq!(pieces[0].percentage(), None);
}

#[test]
fn a_percentage_has_six_digits_before_the_point_at_most() {
    for (exit, percentage) in [("10000.9999", Some(9_999_999_900)), ("10001", None)] {
        let (_, pieces) = folded(terms(Method::Average), &[buy(1, "1", "1"), sell(2, "1", exit)]);
        assert_eq!(pieces[0].percentage(), percentage, "{exit}");
    }
}

#[test]
fn a_fee_in_what_is_bought_reduces_the_quantity() {
    let (position, _) = folded(terms(Method::Average), &[fill(1, Side::Buy, "1", "20000", Fee::Base(money("0.001")))]);
    assert_eq!((position.quantity(), position.fees()), (money("0.999"), money("20")));
    assert_eq!(position.average_price(), Ok(Some(money("20000"))));
    // 20,000 were paid for 0.999.
    assert_eq!(unrealized(&position, "30000") - position.fees(), money("9970"));
}

#[test]
fn a_fee_in_what_is_sold_is_sold_too() {
    let fills = [buy(1, "2", "100"), fill(2, Side::Sell, "1", "110", Fee::Base(money("0.01")))];
    let (position, pieces) = folded(terms(Method::Average), &fills);
    assert_eq!(position.quantity(), money("0.99"));
    assert_eq!((pieces[0].size, pieces[0].gross, pieces[0].net), (money("1.01"), money("10.1"), money("9")));
}

#[test]
fn a_fee_in_a_third_currency_takes_a_rate_or_is_counted() {
    let bnb = money("0.001");
    assert_eq!(Fee::third(bnb, Some(money("600"))), Ok(Fee::Quote(money("0.6"))));
    assert_eq!(Fee::third(Money::ZERO, None), Ok(Fee::Quote(Money::ZERO)), "nothing needs no rate");
    let fee = Fee::third(bnb, None).expect("it fits");
    let fills = [fill(1, Side::Buy, "1", "100", fee), sell(2, "0.4", "101"), sell(3, "0.6", "101")];
    let (position, pieces) = folded(terms(Method::Average), &fills);
    assert_eq!((position.unconverted(), position.fees()), (1, Money::ZERO));
    assert_eq!(pieces.iter().map(|piece| piece.unconverted).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn a_multiplier_multiplies_gain_and_cost() {
    let mut terms = terms(Method::Average);
    terms.multiplier = money("1250");
    let (position, pieces) = folded(terms, &[buy(1, "2", "80.5"), sell(2, "1", "81")]);
    assert_eq!((position.realized(), position.cost().money()), (money("625"), money("100625")));
    assert_eq!((position.average_price(), pieces[0].entry_price), (Ok(Some(money("80.5"))), money("80.5")));
}

#[test]
fn an_average_that_no_decimal_holds_loses_nothing() {
    let fills = [buy(1, "1", "100"), buy(2, "2", "101"), sell(3, "1", "100"), sell(4, "1", "100"), sell(5, "1", "100")];
    let (position, pieces) = folded(terms(Method::Average), &fills);
    let each = ["-0.66666667", "-0.66666666", "-0.66666667"].map(money);
    assert_eq!(pieces.iter().map(|piece| piece.gross).collect::<Vec<_>>(), each);
    assert_eq!(position.realized(), money("-2"));
    assert_eq!(position.gain().to_string(), "-2.00000000");
}

#[test]
fn crumbs_below_the_eighth_decimal_add_up() {
    // Each costs 0.4 of the last decimal: rounded one by one they would cost nothing.
    let mut fills: Vec<_> = (0..10).map(|number| buy(number, "0.00000001", "0.4")).collect();
    fills.push(sell(10, "0.0000001", "0.5"));
    let (position, pieces) = folded(terms(Method::Fifo), &fills);
    assert_eq!(position.realized(), money("0.00000001"));
    assert_eq!(pieces.iter().map(|piece| piece.gross.units()).sum::<i128>(), 1);
}

#[test]
fn funding_is_neither_gain_nor_fee() {
    let mut position = Position::new(terms(Method::Average));
    position.apply(&buy(1, "1", "100"), &mut vec![]).expect("it fits");
    for amount in ["-0.3", "0.1"] {
        position.fund(money(amount)).expect("it fits");
    }
    assert_eq!((position.funding(), position.realized(), position.fees()), (money("-0.2"), Money::ZERO, Money::ZERO));
}

/// Two venues' clocks, or a report that comes late.
#[test]
fn an_exit_that_was_told_with_an_earlier_time_ends_when_its_entry_began() {
    for method in [Method::Average, Method::Fifo] {
        let fills = [buy(2, "1", "100"), Fill { at: 1, ..sell(3, "1", "101") }];
        let (_, pieces) = folded(terms(method), &fills);
        let times: Vec<_> = pieces.iter().map(|piece| (piece.entry_at, piece.exit_at)).collect();
        assert_eq!(times, [(2, 2)], "{method:?}");
        assert_eq!(gains(&pieces), pairs(&[("1", "1")]), "{method:?}");
    }
}

#[test]
fn a_fill_tells_what_it_has_closed_and_what_it_has_opened() {
    let (mut position, mut pieces) = (Position::new(terms(Method::Fifo)), vec![]);
    let [bought, sold] =
        [(Side::Buy, "2", "10", "1"), (Side::Sell, "3", "12", "0.6")].map(|(side, size, price, fee)| {
            position.apply(&fill(1, side, size, price, Fee::Quote(money(fee))), &mut pieces).expect("it fits")
        });
    let nothing = Money::ZERO;
    let opens = Filled {
        closed: nothing,
        opened: money("2"),
        gross: nothing,
        commission: money("1"),
        opening_commission: money("1"),
        closed_commission: nothing,
    };
    let flips = Filled {
        closed: money("2"),
        opened: money("1"),
        gross: money("4"),
        commission: money("0.6"),
        opening_commission: money("0.2"),
        closed_commission: money("1.4"),
    };
    assert_eq!((bought, sold), (opens, flips));
}

#[test]
fn fees_without_a_rate_are_counted_as_long_as_their_lots_are_open() {
    let fee = Fee::Unconverted;
    let fills = [(1, Side::Buy), (2, Side::Buy), (3, Side::Sell)].map(|(n, side)| fill(n, side, "1", "100", fee));
    for (method, open, of_piece) in [(Method::Average, 2, 3), (Method::Fifo, 1, 2)] {
        let (position, pieces) = folded(terms(method), &fills);
        assert_eq!((position.unconverted(), position.open_unconverted(), position.open_lots()), (3, open, 1));
        assert_eq!((pieces[0].unconverted, pieces[0].ends_lot), (of_piece, method == Method::Fifo));
    }
}

#[test]
fn a_position_tells_its_terms() {
    let mut of_contracts = terms(Method::Fifo);
    of_contracts.multiplier = money("1250");
    let position = Position::new(of_contracts);
    assert_eq!((position.terms(), position.multiplier()), (&of_contracts, money("1250")));
    assert_eq!((position.is_flat(), position.average_price()), (true, Ok(None)));
}
