//! Positions: worked examples, what is refused, and random fills against a naive model.

mod examples;
mod marks;
mod model;
mod properties;
mod refusals;

use analytics::position::{Beyond, Exact, Fee, Fill, Method, Piece, Position, Side, Terms};
use money::Money;

fn money(text: &str) -> Money {
    text.parse().expect("an amount")
}

fn terms(method: Method) -> Terms {
    Terms { method, multiplier: Money::whole(1), most_lots: 1_000, beyond: Beyond::Refused }
}

/// A fill at the time of its number.
fn fill(number: i64, side: Side, quantity: &str, price: &str, fee: Fee) -> Fill {
    Fill { number, at: number, side, quantity: money(quantity), price: money(price), fee }
}

fn buy(number: i64, quantity: &str, price: &str) -> Fill {
    fill(number, Side::Buy, quantity, price, Fee::Quote(Money::ZERO))
}

fn sell(number: i64, quantity: &str, price: &str) -> Fill {
    fill(number, Side::Sell, quantity, price, Fee::Quote(Money::ZERO))
}

/// A position of these fills, and its round trips.
fn folded(terms: Terms, fills: &[Fill]) -> (Position, Vec<Piece>) {
    let (mut position, mut pieces) = (Position::new(terms), vec![]);
    for fill in fills {
        position.apply(fill, &mut pieces).expect("the fill fits");
    }
    (position, pieces)
}

/// What it would gain more at this price, rounded to 8 decimals.
fn unrealized(position: &Position, price: &str) -> Money {
    position.unrealized(money(price)).map(Exact::money).expect("it fits")
}

/// Sizes and gains of round trips.
fn gains(pieces: &[Piece]) -> Vec<(Money, Money)> {
    pieces.iter().map(|piece| (piece.size, piece.gross)).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(Money, Money)> {
    of.iter().map(|(a, b)| (money(a), money(b))).collect()
}
