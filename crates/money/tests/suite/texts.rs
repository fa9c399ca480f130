//! Amounts as text, both ways.

use money::text::Unreadable;
use money::{Money, Overflow, Rate, Sum};
use proptest::prelude::*;

use crate::{amount, units};

#[test]
fn shows_the_shortest_decimal() {
    let shown = [25_425_750_000, -1, 0, 700_000_000].map(|n| units(n).to_string());
    assert_eq!(shown, ["254.2575", "-0.00000001", "0", "7"]);
    assert_eq!(Rate::from_units(-1_500_000).expect("a rate").to_string(), "-0.015");
    assert_eq!((Sum::from(Money::MAX) + Money::MAX).to_string(), "1999999999999.99999998");
}

#[test]
fn reads_decimals() {
    for (text, n) in [("0", 0), ("-0.00000001", -1), ("+254.2575", 25_425_750_000), ("007.50", 750_000_000), ("-0", 0)]
    {
        assert_eq!(text.parse(), Ok(units(n)), "{text}");
    }
    assert_eq!("999999999999.99999999".parse(), Ok(Money::MAX));
    assert_eq!("1.5000000000000".parse(), Ok(units(150_000_000)));
}

#[test]
fn refuses_what_is_no_exact_amount() {
    use Unreadable::{NotANumber, TooFine, TooLarge};
    for text in ["", "-", ".", "1.", ".5", "1e3", "NaN", " 1", "1,5", "--1", "0x1", "１"] {
        assert_eq!(text.parse::<Money>(), Err(NotANumber), "{text:?}");
    }
    assert_eq!("0.000000001".parse::<Money>(), Err(TooFine));
    for text in ["1000000000000", "-1000000000000", &"9".repeat(60)] {
        assert_eq!(text.parse::<Money>(), Err(TooLarge), "{text}");
    }
}

#[test]
fn a_refusal_says_why() {
    let reasons = [Unreadable::NotANumber, Unreadable::TooFine, Unreadable::from(Overflow)].map(|why| why.to_string());
    assert_eq!(reasons, ["not a decimal number", "more than 8 decimals", "more than NUMERIC(20,8) holds"]);
    assert_eq!(Overflow.to_string(), "the amount leaves the range of NUMERIC(20,8)");
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(money in amount()) {
        prop_assert_eq!(money.to_string().parse(), Ok(money));
    }
}
