//! How a fill closes lots.

use money::{Money, Overflow, mul_div};

use super::change::Refusal;
use super::exact::Exact;
use super::fill::{Direction, Fill};
use super::lot::Lot;
use crate::series::Full;

/// A round trip: what was opened, or a part of it, and closed by one fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which way it faced.
    pub direction: Direction,
    /// How much.
    pub size: Money,
    /// What it has cost, or has brought where it was short.
    pub cost: Exact,
    /// The same of one, rounded to 8 decimals.
    pub entry_price: Money,
    /// At what price it was closed.
    pub exit_price: Money,
    /// Gain without fees. The pieces of a position add up to its gain, rounded to 8 decimals.
    pub gross: Money,
    /// Its part of the fees of entry and exit.
    pub commission: Money,
    /// Gross less commission.
    pub net: Money,
    /// How many of its fees could not be converted, and are in neither.
    pub unconverted: u32,
    /// The fill that opened it.
    pub first_fill: i64,
    /// The fill that closed it.
    pub last_fill: i64,
    /// When it was opened.
    pub entry_at: i64,
    /// When it was closed, not before it was opened.
    pub exit_at: i64,
    /// The most that it was behind at any mark, at most zero.
    pub mae: Money,
    /// The most that it was ahead at any mark, at least zero.
    pub mfe: Money,
    /// Whether nothing is left of its lot.
    pub ends_lot: bool,
}

impl Piece {
    /// What it has gained net, in ten thousandths of a per cent of its cost; none: it has cost nothing, or
    /// `NUMERIC(10,4)` does not hold it.
    #[must_use]
    pub fn percentage(&self) -> Option<i128> {
        let percentage = mul_div(Exact::from(self.net).units(), 1_000_000, self.cost.units().abs())?;
        (percentage.abs() < 10_000_000_000).then_some(percentage)
    }
}

/// What is to be closed, and by what.
pub(super) struct Closing<'a> {
    pub(super) fill: &'a Fill,
    /// Which way the lots face.
    pub(super) direction: Direction,
    pub(super) multiplier: Money,
    /// How much.
    pub(super) quantity: Money,
    /// The part of the fill's fee that belongs to it.
    pub(super) commission: Money,
    /// Whether the fill has a fee that could not be converted.
    pub(super) unconverted: bool,
}

/// What closing comes to.
pub(super) struct Closed {
    /// So many of the oldest lots are closed.
    pub(super) lots: usize,
    /// What is left of the next one, if any of it was closed.
    pub(super) rest: Option<Lot>,
    /// What the closed parts had cost.
    pub(super) cost: Exact,
    /// Gain of the position with all its decimals, and as its pieces have it.
    pub(super) gain: Exact,
    pub(super) realized: Money,
    /// Commission of all pieces.
    pub(super) commission: Money,
}

/// A part of a lot that is closed.
struct Part {
    lot: Lot,
    size: Money,
    cost: Exact,
    fees: Money,
}

impl Part {
    fn of(lot: Lot, size: Money) -> Result<Part, Overflow> {
        let cost = lot.cost.share(size, lot.quantity)?;
        let fees = if size == lot.quantity { lot.fees } else { lot.fees.mul_div(size, lot.quantity)? };
        Ok(Part { lot, size, cost, fees })
    }

    fn rest(&self) -> Result<Option<Lot>, Overflow> {
        let quantity = self.lot.quantity - self.size;
        if quantity == Money::ZERO {
            return Ok(None);
        }
        let (cost, fees) = (self.lot.cost.minus(self.cost)?, self.lot.fees.minus(self.fees)?);
        Ok(Some(Lot { quantity, cost, fees, ..self.lot }))
    }
}

impl Closing<'_> {
    /// Finds what is closed of the lots, the oldest first, without changing anything. Until now the position has gained
    /// `gain`, of which its pieces have `realized`.
    pub(super) fn plan(
        &self,
        lots: impl Iterator<Item = Lot>,
        (gain, realized): (Exact, Money),
        pieces: &mut Vec<Piece>,
    ) -> Result<Closed, Refusal> {
        let zero = Money::ZERO;
        let mut closed = Closed { lots: 0, rest: None, cost: Exact::ZERO, gain, realized, commission: zero };
        let (mut done, mut charged) = (zero, zero);
        for lot in lots {
            let size = lot.quantity.min(self.quantity - done);
            if size == zero {
                break;
            }
            let part = Part::of(lot, size)?;
            done += size;
            // What the pieces up to this one pay together, less what the others do: no unit is lost between them.
            let due = self.commission.mul_div(done, self.quantity)?;
            closed.gain = closed.gain.plus(self.gain(&part)?)?;
            // So do their gains: each has what the sum has more with it, rounded.
            let gross = closed.gain.money().minus(closed.realized)?;
            let piece = self.piece(&part, gross, due.minus(charged)?)?;
            charged = due;
            closed.cost = closed.cost.plus(part.cost)?;
            closed.realized = closed.gain.money();
            closed.commission = closed.commission.plus(piece.commission)?;
            pieces.try_reserve(1).map_err(|_| Full::Memory)?;
            pieces.push(piece);
            closed.rest = part.rest()?;
            closed.lots += usize::from(closed.rest.is_none());
        }
        Ok(closed)
    }

    fn gain(&self, part: &Part) -> Result<Exact, Overflow> {
        let worth = Exact::product(part.size, self.fill.price, self.multiplier)?;
        self.direction.gain(part.cost, worth)
    }

    fn piece(&self, part: &Part, gross: Money, exit_fee: Money) -> Result<Piece, Overflow> {
        let (lot, fill, direction, multiplier) = (&part.lot, self.fill, self.direction, self.multiplier);
        let commission = part.fees.plus(exit_fee)?;
        let at = |mark: Money| direction.gain(part.cost, Exact::product(part.size, mark, multiplier)?);
        let (low, high) = (at(lot.low.min(fill.price))?.money(), at(lot.high.max(fill.price))?.money());
        Ok(Piece {
            direction,
            size: part.size,
            cost: part.cost,
            entry_price: part.cost.price(part.size, multiplier)?,
            exit_price: fill.price,
            gross,
            commission,
            net: gross.minus(commission)?,
            unconverted: lot.unconverted + u32::from(self.unconverted),
            first_fill: lot.first_fill,
            last_fill: fill.number,
            entry_at: lot.entry_at,
            // Where one clock is behind another, nothing ends before it begins.
            exit_at: fill.at.max(lot.entry_at),
            mae: low.min(high).min(Money::ZERO),
            mfe: low.max(high).max(Money::ZERO),
            ends_lot: part.size == lot.quantity,
        })
    }
}
