//! A position.

use std::collections::VecDeque;

use money::{Money, Overflow};

use super::change::{Beyond, Change, Refusal, Terms};
use super::close::{Closed, Closing, Piece};
use super::exact::Exact;
use super::extremes::Lowest;
use super::fill::{Direction, Fill, Method};
use super::lot::Lot;
use crate::series::Full;

/// Fills of one asset, added up.
#[derive(Clone, Debug)]
pub struct Position {
    terms: Terms,
    /// Which way the open lots face.
    direction: Direction,
    lots: VecDeque<Lot>,
    /// The number of the oldest lot: lots are counted from 0 on.
    first: u64,
    lowest: Lowest,
    /// Of marks with their sign turned.
    highest: Lowest,
    totals: Totals,
}

/// What is added up over all lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    quantity: Money,
    cost: Exact,
    gain: Exact,
    realized: Money,
    fees: Money,
    closed_fees: Money,
    unconverted: u32,
    funding: Money,
}

/// What a position is, to be stored and to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What holds from the first fill on.
    pub terms: Terms,
    /// Which way the lots face.
    pub direction: Direction,
    /// What is open, the oldest first.
    pub lots: Vec<Lot>,
    /// Gain without fees, with all its decimals.
    pub gain: Exact,
    /// Gain of all pieces: the same, rounded at the last of them.
    pub realized: Money,
    /// All fees that could be converted.
    pub fees: Money,
    /// Those of them that pieces have.
    pub closed_fees: Money,
    /// How many fees could not be converted.
    pub unconverted: u32,
    /// Paid to the holder for being open; negative: paid by him.
    pub funding: Money,
}

/// What a fill has come to, beside its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How much of it has closed.
    pub closed: Money,
    /// How much of it has opened, in the direction of its side.
    pub opened: Money,
    /// Gain of its pieces, without fees.
    pub gross: Money,
    /// Its own fee, as far as it could be converted.
    pub commission: Money,
    /// That part of its fee that belongs to what it has opened.
    pub opening_commission: Money,
    /// Commission of its pieces: their entries', and the rest of its fee.
    pub closed_commission: Money,
}

impl Position {
    /// Nothing yet.
    #[must_use]
    pub fn new(terms: Terms) -> Position {
        Position {
            terms,
            direction: Direction::Long,
            lots: VecDeque::new(),
            first: 0,
            lowest: Lowest::default(),
            highest: Lowest::default(),
            totals: Totals::default(),
        }
    }

    /// Goes on from what was kept.
    pub fn of(kept: &Kept) -> Result<Position, Overflow> {
        let mut position = Position::new(kept.terms);
        position.direction = kept.direction;
        let mut totals = Totals {
            gain: kept.gain,
            realized: kept.realized,
            fees: kept.fees,
            closed_fees: kept.closed_fees,
            unconverted: kept.unconverted,
            funding: kept.funding,
            ..Totals::default()
        };
        for lot in &kept.lots {
            totals.quantity = totals.quantity.plus(lot.quantity)?;
            totals.cost = totals.cost.plus(lot.cost)?;
            position.push(*lot);
        }
        position.totals = totals;
        Ok(position)
    }

    /// What to store.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let totals = &self.totals;
        Kept {
            terms: self.terms,
            direction: self.direction,
            lots: self.seen().collect(),
            gain: totals.gain,
            realized: totals.realized,
            fees: totals.fees,
            closed_fees: totals.closed_fees,
            unconverted: totals.unconverted,
            funding: totals.funding,
        }
    }

    /// Adds a fill, and its round trips to `pieces`. What is refused changes nothing.
    pub fn apply(&mut self, fill: &Fill, pieces: &mut Vec<Piece>) -> Result<Filled, Refusal> {
        let known = pieces.len();
        let applied = self.try_apply(fill, pieces);
        if applied.is_err() {
            pieces.truncate(known);
        }
        applied
    }

    fn try_apply(&mut self, fill: &Fill, pieces: &mut Vec<Piece>) -> Result<Filled, Refusal> {
        let change = Change::of(fill, &self.terms)?;
        let faces = fill.side.opens();
        let against = self.totals.quantity > Money::ZERO && self.direction != faces;
        let quantity = if against { self.totals.quantity.min(change.quantity) } else { Money::ZERO };
        let opened = change.quantity.minus(quantity)?;
        let commission = change.commission.mul_div(quantity, change.quantity)?;
        let opening_commission = change.commission.minus(commission)?;
        let (direction, multiplier, unconverted) = (self.direction, self.terms.multiplier, change.unconverted);
        let closing = Closing { fill, direction, multiplier, quantity, commission, unconverted };
        let gained = (self.totals.gain.plus(change.rounded)?, self.totals.realized);
        let closed = closing.plan(self.seen(), gained, pieces)?;
        let lot = self.opening(fill, &change, opened, opening_commission)?;
        let gross = closed.realized.minus(self.totals.realized)?;
        let totals = self.totals_after(&change, &closed, quantity, lot.as_ref())?;
        self.reserve()?;
        // From here on nothing is refused.
        self.totals = totals;
        self.settle(fill.price, &closed);
        if let Some(lot) = lot {
            self.direction = faces;
            self.open(lot);
        }
        Ok(Filled {
            closed: quantity,
            opened,
            gross,
            commission: change.commission,
            opening_commission,
            closed_commission: closed.commission,
        })
    }

    /// Makes room for one more lot.
    fn reserve(&mut self) -> Result<(), Full> {
        self.lots.try_reserve(1).map_err(|_| Full::Memory)?;
        self.lowest.reserve()?;
        self.highest.reserve()
    }

    /// The lot that the rest of a fill opens or, by average cost or beyond the most lots, adds to one that is open.
    fn opening(&self, fill: &Fill, change: &Change, opened: Money, fees: Money) -> Result<Option<Lot>, Refusal> {
        if opened == Money::ZERO {
            return Ok(None);
        }
        let adds = self.direction == fill.side.opens();
        let open = if adds { self.lots.len() } else { 0 };
        let refuses = self.terms.method == Method::Fifo && self.terms.beyond == Beyond::Refused;
        if refuses && open >= self.terms.most_lots {
            return Err(Refusal::TooManyLots);
        }
        Ok(Some(Lot {
            quantity: opened,
            cost: Exact::product(opened, fill.price, self.terms.multiplier)?,
            fees,
            unconverted: u32::from(change.unconverted),
            first_fill: fill.number,
            entry_at: fill.at,
            low: fill.price,
            high: fill.price,
        }))
    }

    fn totals_after(
        &self,
        change: &Change,
        closed: &Closed,
        quantity: Money,
        lot: Option<&Lot>,
    ) -> Result<Totals, Overflow> {
        let now = &self.totals;
        let (opened, cost) = lot.map_or((Money::ZERO, Exact::ZERO), |lot| (lot.quantity, lot.cost));
        let quantity = now.quantity.minus(quantity)?.plus(opened)?;
        let fees = now.fees.plus(change.commission)?;
        let closed_fees = now.closed_fees.plus(closed.commission)?;
        // The fees of what is open are those that are left.
        fees.minus(closed_fees)?;
        Ok(Totals {
            quantity,
            cost: now.cost.minus(closed.cost)?.plus(cost)?,
            gain: closed.gain,
            realized: closed.realized,
            fees,
            closed_fees,
            unconverted: now.unconverted + u32::from(change.unconverted),
            funding: now.funding,
        })
    }

    /// Takes the closed lots away.
    fn settle(&mut self, price: Money, closed: &Closed) {
        self.lots.drain(..closed.lots);
        self.first += closed.lots as u64;
        if let (Some(lot), Some(rest)) = (self.lots.front_mut(), closed.rest) {
            *lot = rest;
        }
        if self.lots.is_empty() {
            self.lowest.clear();
            self.highest.clear();
        } else {
            self.lowest.forget_before(self.first);
            self.highest.forget_before(self.first);
            self.mark(price);
        }
    }

    fn open(&mut self, lot: Lot) {
        let joins = self.terms.method == Method::Average || self.lots.len() >= self.terms.most_lots;
        match self.lots.back_mut().filter(|_| joins) {
            // Sums of parts of the totals, which fit.
            Some(open) => {
                open.quantity += lot.quantity;
                open.cost = open.cost.known_sum(lot.cost);
                open.fees += lot.fees;
                open.unconverted += lot.unconverted;
            }
            None => self.push(lot),
        }
    }

    fn push(&mut self, lot: Lot) {
        let number = self.first + self.lots.len() as u64;
        self.lowest.open(number, lot.low);
        self.highest.open(number, -lot.high);
        self.lots.push_back(lot);
    }

    /// A price is seen, for how far each lot was ahead and behind.
    pub fn mark(&mut self, price: Money) {
        self.lowest.mark(price);
        self.highest.mark(-price);
    }

    /// Funding, a dividend, interest: paid to the holder, or by him where it is negative.
    pub fn fund(&mut self, amount: Money) -> Result<(), Overflow> {
        self.totals.funding = self.totals.funding.plus(amount)?;
        Ok(())
    }

    /// The open lots, the oldest first, with the marks that they have seen.
    pub fn seen(&self) -> impl Iterator<Item = Lot> {
        let marks = self.lowest.of(self.first, self.lots.len()).zip(self.highest.of(self.first, self.lots.len()));
        self.lots.iter().zip(marks).map(|(lot, (low, high))| Lot { low, high: -high, ..*lot })
    }

    /// How many lots are open.
    #[must_use]
    pub fn open_lots(&self) -> usize {
        self.lots.len()
    }

    /// What it would gain beyond what is realised, if it were closed at this price, without fees: exactly what its fills
    /// have paid and got, and what is open is worth, less what is realised.
    pub fn unrealized(&self, price: Money) -> Result<Exact, Overflow> {
        let worth = Exact::product(self.totals.quantity, price, self.terms.multiplier)?;
        self.direction.gain(self.totals.cost, worth)
    }

    /// Gain of what is closed, without fees, with all its decimals.
    #[must_use]
    pub fn gain(&self) -> Exact {
        self.totals.gain
    }

    /// Gain of all pieces, without fees: the same, rounded at the last of them.
    #[must_use]
    pub fn realized(&self) -> Money {
        self.totals.realized
    }

    /// What holds from the first fill on.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What one of the quantity stands for.
    #[must_use]
    pub fn multiplier(&self) -> Money {
        self.terms.multiplier
    }

    /// Which way it faces. Flat, it is the way that it faced last.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether nothing is open.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.totals.quantity == Money::ZERO
    }

    /// How much is open, never below zero.
    #[must_use]
    pub fn quantity(&self) -> Money {
        self.totals.quantity
    }

    /// What is open has cost, or has brought where it is short.
    #[must_use]
    pub fn cost(&self) -> Exact {
        self.totals.cost
    }

    /// What one of the open quantity has cost, rounded to 8 decimals; none: nothing is open.
    pub fn average_price(&self) -> Result<Option<Money>, Overflow> {
        if self.is_flat() { Ok(None) } else { self.cost().price(self.quantity(), self.multiplier()).map(Some) }
    }

    /// All fees that could be converted.
    #[must_use]
    pub fn fees(&self) -> Money {
        self.totals.fees
    }

    /// Those of them that round trips have.
    #[must_use]
    pub fn closed_fees(&self) -> Money {
        self.totals.closed_fees
    }

    /// How many fees could not be converted.
    #[must_use]
    pub fn unconverted(&self) -> u32 {
        self.totals.unconverted
    }

    /// How many of them are fees of what is open.
    #[must_use]
    pub fn open_unconverted(&self) -> u32 {
        self.lots.iter().map(|lot| lot.unconverted).sum()
    }

    /// Funding until now.
    #[must_use]
    pub fn funding(&self) -> Money {
        self.totals.funding
    }
}
