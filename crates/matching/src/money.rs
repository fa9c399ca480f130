//! Money: whole units of 1e-8, as `NUMERIC(20,8)` holds them.

use crate::Refusal;

/// Units of 1e-8 in one.
pub const ONE: i128 = 100_000_000;

/// The largest amount that `NUMERIC(20,8)` holds: 999,999,999,999.99999999.
pub const MAX: i128 = 100_000_000_000_000_000_000 - 1;

/// An exact amount of an asset, a price or a notional, in units of 1e-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i128);

/// A commission rate in units of 1e-8 (0.015 is 1,500,000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// `n` whole ones.
    #[must_use]
    pub const fn whole(n: i64) -> Money {
        Money(n as i128 * ONE)
    }

    /// The sum, refused beyond what `NUMERIC(20,8)` holds.
    pub fn plus(self, other: Money) -> Result<Money, Refusal> {
        Money::checked(self.0.checked_add(other.0))
    }

    /// The difference, refused beyond what `NUMERIC(20,8)` holds.
    pub fn minus(self, other: Money) -> Result<Money, Refusal> {
        Money::checked(self.0.checked_sub(other.0))
    }

    /// The commission on this notional: half away from zero at 8 decimals.
    ///
    /// Cannot overflow: a notional is below 1e20 units and a rate at most 1e8.
    #[must_use]
    pub const fn commission(self, rate: Rate) -> Money {
        Money(div_half_away(self.0 * rate.0 as i128, ONE))
    }

    fn checked(value: Option<i128>) -> Result<Money, Refusal> {
        match value {
            Some(v) if v.abs() <= MAX => Ok(Money(v)),
            _ => Err(Refusal::Overflow),
        }
    }
}

impl std::ops::Add for Money {
    type Output = Money;
    /// For amounts whose sum is known to fit: parts of what an account already holds.
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl std::ops::Sub for Money {
    type Output = Money;
    /// For amounts whose difference is known to fit.
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl std::ops::Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl std::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        self.0 -= other.0;
    }
}

impl std::fmt::Display for Money {
    /// The shortest decimal: `254.2575`, `-1`, `0`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / ONE as u128, self.0.unsigned_abs() % ONE as u128);
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:08}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// `n / d` rounded half away from zero; `d` is positive.
#[must_use]
pub const fn div_half_away(n: i128, d: i128) -> i128 {
    let half = d / 2;
    if n >= 0 { (n + half) / d } else { (n - half) / d }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_away_from_zero() {
        assert_eq!([div_half_away(5, 10), div_half_away(4, 10), div_half_away(-5, 10)], [1, 0, -1]);
    }

    #[test]
    fn commission_of_the_worked_example() {
        let rate = Rate(1_500_000);
        assert_eq!(Money::whole(200).commission(rate), Money::whole(3));
        assert_eq!(Money(5_050_000_000).commission(rate), Money(75_750_000));
    }

    #[test]
    fn refuses_what_numeric_20_8_cannot_hold() {
        assert_eq!(Money(MAX).plus(Money(1)), Err(Refusal::Overflow));
        assert_eq!(Money(-MAX).minus(Money(1)), Err(Refusal::Overflow));
        assert_eq!(Money(MAX - 1).plus(Money(1)), Ok(Money(MAX)));
    }

    #[test]
    fn shows_the_shortest_decimal() {
        let shown = [Money(25_425_750_000), Money(-1), Money(0), Money::whole(7)].map(|m| m.to_string());
        assert_eq!(shown, ["254.2575", "-0.00000001", "0", "7"]);
    }
}
