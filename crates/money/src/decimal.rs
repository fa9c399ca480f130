//! `rust_decimal` for prices, averages and results: a scale of its own, 28 digits. What comes back must be exact.

use rust_decimal::Decimal;

use crate::text::Unreadable;
use crate::{Money, Overflow, Rate, Sum};

/// Decimals of an amount.
const SCALE: u32 = 8;

impl From<Money> for Decimal {
    /// Always exact: 20 digits of 28.
    fn from(money: Money) -> Decimal {
        Decimal::from_i128_with_scale(money.units(), SCALE)
    }
}

impl From<Rate> for Decimal {
    /// Always exact.
    fn from(rate: Rate) -> Decimal {
        Decimal::new(rate.units(), SCALE)
    }
}

impl TryFrom<Sum> for Decimal {
    type Error = Overflow;

    /// Refused where 28 digits do not hold it.
    fn try_from(sum: Sum) -> Result<Decimal, Overflow> {
        Decimal::try_from_i128_with_scale(sum.units(), SCALE).map_err(|_| Overflow)
    }
}

impl TryFrom<Decimal> for Money {
    type Error = Unreadable;

    /// Refused where it has more than 8 decimals, or more than `NUMERIC(20,8)` holds.
    fn try_from(decimal: Decimal) -> Result<Money, Unreadable> {
        Ok(Money::from_units(units(decimal)?)?)
    }
}

impl TryFrom<Decimal> for Rate {
    type Error = Unreadable;

    /// Refused where it has more than 8 decimals, or more than the whole.
    fn try_from(decimal: Decimal) -> Result<Rate, Unreadable> {
        let units = i64::try_from(units(decimal)?).map_err(|_| Unreadable::TooLarge)?;
        Ok(Rate::from_units(units)?)
    }
}

fn units(decimal: Decimal) -> Result<i128, Unreadable> {
    let shortest = decimal.normalize();
    let missing = SCALE.checked_sub(shortest.scale()).ok_or(Unreadable::TooFine)?;
    shortest.mantissa().checked_mul(10_i128.pow(missing)).ok_or(Unreadable::TooLarge)
}
