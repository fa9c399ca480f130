//! Amounts, positions, ids.

use std::collections::BTreeMap;

use analytics::position::{Beyond, Fee, Fill, Method, Position, Side, Terms};
use ids::{IdMap, OrderId};
use money::{Money, Rate, Sum, mul_div};

use crate::bytes::Bytes;

/// Products and quotients lie next to the exact ones, and what is spelled is read again.
pub fn money(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (a, b, by) = (i128::from(bytes.long()), i128::from(bytes.long()), i128::from(bytes.long()).max(1));
    // Both fit: the product of two of 64 bits has 128.
    let (found, product) = (mul_div(a, b, by).expect("it fits"), a * b);
    assert!((found - product / by).abs() <= 1, "{a} * {b} / {by} is not {found}");
    let _ = mul_div(bytes.huge(), bytes.huge(), bytes.huge());
    let (one, other) = (bytes.amount(), bytes.amount());
    let sum = (Sum::from(one) + other).money();
    assert_eq!(one.plus(other), sum);
    assert_eq!(sum.ok().and_then(|sum| sum.minus(other).ok()), sum.ok().map(|_| one));
    for amount in [one, other] {
        assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
    }
    if let Ok(rate) = Rate::from_units(bytes.long() % 100_000_000) {
        let fee = one.commission(rate).units();
        let exact = one.units() * i128::from(rate.units()) / money::ONE;
        assert!((fee - exact).abs() <= 1, "{fee} of {one} at {rate}");
    }
    if let Ok(read) = bytes.text().parse::<Money>() {
        assert_eq!(read.to_string().parse::<Money>(), Ok(read));
    }
}

/// What is open is what was bought less what was sold; a refused fill changes nothing; what is kept goes on as it was.
pub fn positions(data: &[u8]) {
    let mut bytes = Bytes(data);
    let terms = Terms {
        method: bytes.pick(&[Method::Average, Method::Fifo]),
        multiplier: bytes.pick(&[Money::whole(1), Money::whole(50), Money::known_to_fit(1)]),
        most_lots: 1 + usize::from(bytes.below(5)),
        beyond: bytes.pick(&[Beyond::Refused, Beyond::Joins]),
    };
    let (mut position, mut pieces, mut open) = (Position::new(terms), Vec::new(), 0);
    for number in 0..40 {
        if bytes.is_over() {
            break;
        }
        let (side, quantity, price) = (bytes.pick(&[Side::Buy, Side::Sell]), bytes.amount(), bytes.amount());
        let fee = match bytes.below(4) {
            0 => Fee::Unconverted,
            1 => Fee::Quote(bytes.amount()),
            _ => Fee::Quote(Money::ZERO),
        };
        let (before, made) = (position.kept(), pieces.len());
        match position.apply(&Fill { number, at: number, side, quantity, price, fee }, &mut pieces) {
            Ok(_) if side == Side::Buy => open += quantity.units(),
            Ok(_) => open -= quantity.units(),
            Err(_) => assert_eq!((position.kept(), pieces.len()), (before, made)),
        }
        assert_eq!(position.quantity().units(), open.abs());
        assert_eq!(position.is_flat(), open == 0);
        assert!(position.open_lots() <= terms.most_lots);
        if let Ok(again) = Position::of(&position.kept()) {
            assert_eq!(again.kept(), position.kept());
        }
    }
}

/// A map by ids is a map.
pub fn ids(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (mut fast, mut plain) = (IdMap::<OrderId, i64>::default(), BTreeMap::new());
    while !bytes.is_over() {
        let (id, value) = (bytes.small() - 300, bytes.small());
        if value % 5 == 0 {
            assert_eq!(fast.remove(&OrderId(id)), plain.remove(&id));
        } else {
            assert_eq!(fast.insert(OrderId(id), value), plain.insert(id, value));
        }
    }
    assert_eq!(fast.len(), plain.len());
    assert!(plain.iter().all(|(id, value)| fast.get(&OrderId(*id)) == Some(value)));
}
