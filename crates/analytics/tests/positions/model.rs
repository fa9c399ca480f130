//! The same rules, naively: fractions of any size, and nothing rounded.

use std::collections::VecDeque;

use analytics::position::{Exact, Fee, Fill, Method, Side, Terms};
use money::Money;
use num_rational::BigRational;

/// The amount as a fraction.
pub fn fraction(amount: Money) -> BigRational {
    BigRational::new(amount.units().into(), money::ONE.into())
}

/// What is exact, as a fraction.
pub fn fine(amount: Exact) -> BigRational {
    BigRational::new(amount.units().into(), 10_i128.pow(24).into())
}

/// Quantities below zero are sold.
#[derive(Debug)]
pub struct Model {
    method: Method,
    multiplier: BigRational,
    lots: VecDeque<(BigRational, BigRational)>,
    pub realized: BigRational,
    pub fees: BigRational,
    /// What was got, less what was paid.
    pub cash: BigRational,
}

pub fn zero() -> BigRational {
    fraction(Money::ZERO)
}

impl Model {
    pub fn new(terms: &Terms) -> Model {
        let multiplier = fraction(terms.multiplier);
        Model { method: terms.method, multiplier, lots: VecDeque::new(), realized: zero(), fees: zero(), cash: zero() }
    }

    pub fn quantity(&self) -> BigRational {
        self.lots.iter().fold(zero(), |sum, lot| sum + &lot.0)
    }

    pub fn value(&self, price: &BigRational) -> BigRational {
        self.quantity() * price * &self.multiplier
    }

    pub fn unrealized(&self, price: &BigRational) -> BigRational {
        self.lots.iter().fold(zero(), |sum, (quantity, at)| sum + quantity * (price - at) * &self.multiplier)
    }

    pub fn apply(&mut self, fill: &Fill) {
        let price = fraction(fill.price);
        let signed = if fill.side == Side::Buy { fraction(fill.quantity) } else { -fraction(fill.quantity) };
        self.cash -= &signed * &price * &self.multiplier;
        let mut change = signed;
        match fill.fee {
            Fee::Quote(fee) => {
                self.fees += fraction(fee);
                self.cash -= fraction(fee);
            }
            Fee::Base(fee) => {
                self.fees += fraction(fee) * &price * &self.multiplier;
                change -= fraction(fee);
            }
            Fee::Unconverted => {}
        }
        self.trade(change, &price);
    }

    fn trade(&mut self, mut change: BigRational, price: &BigRational) {
        while change != zero() {
            let Some((quantity, at)) = self.lots.front().cloned().filter(|lot| (lot.0 > zero()) != (change > zero()))
            else {
                self.open(change, price);
                return;
            };
            let closes_all = magnitude(&change) >= magnitude(&quantity);
            let closed = if closes_all { quantity.clone() } else { -change.clone() };
            self.realized += &closed * (price - at) * &self.multiplier;
            change += &closed;
            if closes_all {
                self.lots.pop_front();
            } else {
                self.lots[0].0 = quantity - closed;
            }
        }
    }

    fn open(&mut self, change: BigRational, price: &BigRational) {
        match self.lots.front_mut().filter(|_| self.method == Method::Average) {
            Some((quantity, at)) => {
                let sum = &*quantity + &change;
                *at = (&*quantity * &*at + change * price) / &sum;
                *quantity = sum;
            }
            None => self.lots.push_back((change, price.clone())),
        }
    }
}

/// Without its sign.
pub fn magnitude(of: &BigRational) -> BigRational {
    if *of < zero() { -of.clone() } else { of.clone() }
}
