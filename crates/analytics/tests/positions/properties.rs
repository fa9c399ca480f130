//! What holds for any fills.

use analytics::position::{Beyond, Direction, Exact, Fee, Fill, Method, Piece, Position, Side, Terms};
use money::Money;
use num_rational::BigRational;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::folded;
use crate::model::{Model, fine, fraction, magnitude};

fn units(n: i128) -> Money {
    Money::from_units(n).expect("it fits")
}

/// Few digits and many, crumbs and whole ones, and quantities that meet each other.
fn size() -> impl Strategy<Value = Money> {
    prop_oneof![
        (1..=5_i64).prop_map(Money::whole),
        (1..=5_i128).prop_map(units),
        (1..=100_000_000_000_i128).prop_map(units),
    ]
}

fn price() -> impl Strategy<Value = Money> {
    prop_oneof![
        (0..=3_i64).prop_map(Money::whole),
        (0..=20_000_000_000_i128).prop_map(units),
        (0..9_i128).prop_map(units)
    ]
}

fn fee() -> impl Strategy<Value = Fee> {
    let amount = || (-1_000_i128..=1_000).prop_map(units);
    prop_oneof![
        Just(Fee::Quote(Money::ZERO)),
        amount().prop_map(Fee::Quote),
        amount().prop_map(Fee::Base),
        Just(Fee::Unconverted),
    ]
}

fn fill() -> impl Strategy<Value = Fill> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    (side, size(), price(), fee()).prop_map(|(side, quantity, price, fee)| {
        let is_crumb = quantity <= units(1_000);
        let fee = if is_crumb && matches!(fee, Fee::Base(_)) { Fee::Unconverted } else { fee };
        Fill { number: 0, at: 0, side, quantity, price, fee }
    })
}

fn fills() -> impl Strategy<Value = Vec<Fill>> {
    vec(fill(), 1..40).prop_map(|mut fills| {
        (0..).zip(&mut fills).for_each(|(number, fill)| (fill.number, fill.at) = (number, number * 10));
        fills
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let method = prop_oneof![Just(Method::Average), Just(Method::Fifo)];
    let multiplier =
        prop_oneof![Just(Money::whole(1)), Just(Money::whole(1_250)), (1..=300_000_000_i128).prop_map(units)];
    (method, multiplier).prop_map(|(method, multiplier)| Terms {
        method,
        multiplier,
        most_lots: 1_000,
        beyond: Beyond::Refused,
    })
}

/// A unit of the last decimal of what is exact for each division that may have been rounded.
fn last_decimals(count: usize) -> BigRational {
    BigRational::new(count.into(), 10_i128.pow(24).into())
}

fn is_near(left: &BigRational, right: &BigRational, by: &BigRational) -> bool {
    magnitude(&(left - right)) <= *by
}

/// Everything that is realised, in the account and by its pieces.
fn adds_up(position: &Position, pieces: &[Piece]) {
    let sum = |of: fn(&Piece) -> Money| pieces.iter().map(|piece| of(piece).units()).sum::<i128>();
    assert_eq!(sum(|piece| piece.gross), position.realized().units());
    assert_eq!(sum(|piece| piece.commission), position.closed_fees().units());
    assert_eq!(sum(|piece| piece.net), (position.realized() - position.closed_fees()).units());
    let open: i128 = position.seen().map(|lot| lot.fees.units()).sum();
    assert_eq!(open, (position.fees() - position.closed_fees()).units());
    assert_eq!(position.seen().map(|lot| lot.quantity.units()).sum::<i128>(), position.quantity().units());
    assert_eq!(position.seen().map(|lot| lot.cost.units()).sum::<i128>(), position.cost().units());
}

/// What of a position is one thing by both methods whenever it is flat.
fn when_flat(position: &Position) -> (Exact, Money, Money, Money) {
    (position.gain(), position.realized(), position.fees(), position.closed_fees())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn realised_and_unrealised_are_what_was_got_and_what_is_held((terms, fills, mark) in (terms(), fills(), price())) {
        let (mut position, mut pieces, mut model) = (Position::new(terms), vec![], Model::new(&terms));
        for (count, fill) in fills.iter().enumerate() {
            position.apply(fill, &mut pieces).expect("it fits");
            model.apply(fill);
            let unrealized = fine(position.unrealized(mark).expect("it fits"));
            let realized = fine(position.gain()) - fraction(position.fees());
            // To the last decimal, whatever was rounded on the way.
            prop_assert_eq!(&realized + &unrealized, &model.cash + model.value(&fraction(mark)));
            let (near, last) = (last_decimals(count + 1), fills.len());
            prop_assert!(is_near(&unrealized, &model.unrealized(&fraction(mark)), &near), "{} of {}", count, last);
            prop_assert!(is_near(&realized, &(&model.realized - &model.fees), &near), "{} of {}", count, last);
            let open = if position.direction() == Direction::Long { position.quantity() } else { -position.quantity() };
            prop_assert_eq!(fraction(open), model.quantity());
            adds_up(&position, &pieces);
        }
    }

    #[test]
    fn first_in_first_out_rounds_nothing((mut terms, fills) in (terms(), fills())) {
        terms.method = Method::Fifo;
        let (position, _) = folded(terms, &fills);
        let mut model = Model::new(&terms);
        fills.iter().for_each(|fill| model.apply(fill));
        prop_assert_eq!(fine(position.gain()) - fraction(position.fees()), model.realized - model.fees);
    }

    #[test]
    fn both_methods_agree_whenever_flat((terms, fills, last) in (terms(), fills(), price())) {
        let mut both = [Method::Average, Method::Fifo].map(|method| Position::new(Terms { method, ..terms }));
        for fill in &fills {
            both.iter_mut().for_each(|position| { position.apply(fill, &mut vec![]).expect("it fits"); });
            prop_assert_eq!(both[0].quantity(), both[1].quantity());
            if both[0].is_flat() {
                prop_assert_eq!(when_flat(&both[0]), when_flat(&both[1]));
            }
        }
        let side = if both[0].direction() == Direction::Long { Side::Sell } else { Side::Buy };
        let quantity = both[0].quantity();
        if quantity > Money::ZERO {
            let out = Fill { number: 99, at: 99, side, quantity, price: last, fee: Fee::Quote(units(7)) };
            both.iter_mut().for_each(|position| { position.apply(&out, &mut vec![]).expect("it fits"); });
        }
        prop_assert_eq!(when_flat(&both[0]), when_flat(&both[1]));
        prop_assert_eq!(both[0].realized(), both[0].gain().money());
    }

    #[test]
    fn what_was_kept_goes_on_as_if_it_had_never_stopped((terms, fills, at) in (terms(), fills(), 0..40_usize)) {
        let at = at.min(fills.len());
        let (whole, all) = folded(terms, &fills);
        let (begun, mut pieces) = folded(terms, &fills[..at]);
        let mut kept = Position::of(&begun.kept()).expect("it fits");
        prop_assert_eq!(kept.kept(), begun.kept());
        for fill in &fills[at..] {
            kept.apply(fill, &mut pieces).expect("it fits");
        }
        prop_assert_eq!(kept.kept(), whole.kept());
        prop_assert_eq!(pieces, all);
    }

    #[test]
    fn each_lot_has_the_marks_of_a_naive_look(fills in fills()) {
        let terms = Terms { method: Method::Fifo, multiplier: Money::whole(1), most_lots: 1_000, beyond: Beyond::Refused };
        let mut position = Position::new(terms);
        for (count, fill) in fills.iter().enumerate() {
            position.apply(fill, &mut vec![]).expect("it fits");
            for lot in position.seen() {
                let seen = fills[lot.first_fill as usize..=count].iter().map(|fill| fill.price);
                prop_assert_eq!(Some(lot.low), seen.clone().min());
                prop_assert_eq!(Some(lot.high), seen.max());
            }
        }
    }
}
