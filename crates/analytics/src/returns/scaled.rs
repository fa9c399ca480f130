//! Products of any number of factors.

use std::cmp::Ordering;

/// A number with an exponent of its own: a million returns of 1 % come to more than an `f64` holds, and ratios of such
/// products do not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// Zero, or from `LOW` to below `HIGH` either side of it.
    part: f64,
    /// How many times 2^512.
    scale: i64,
}

/// 2^256, 2^-256.
const HIGH: f64 = f64::from_bits((1023 + 256) << 52);
const LOW: f64 = f64::from_bits((1023 - 256) << 52);
/// 2^512, 2^-512.
const UP: f64 = f64::from_bits((1023 + 512) << 52);
const DOWN: f64 = f64::from_bits((1023 - 512) << 52);

impl Scaled {
    /// 1.
    pub const ONE: Scaled = Scaled { part: 1.0, scale: 0 };

    /// A finite number.
    #[must_use]
    pub fn of(number: f64) -> Scaled {
        Scaled { part: number, scale: 0 }.settled()
    }

    /// What it consists of, and what [`Scaled::of_parts`] makes it from again.
    #[must_use]
    pub fn parts(self) -> (f64, i64) {
        (self.part, self.scale)
    }

    /// The number of these parts.
    #[must_use]
    pub fn of_parts(part: f64, scale: i64) -> Scaled {
        Scaled { part, scale }
    }

    #[inline]
    fn settled(self) -> Scaled {
        let size = self.part.abs();
        if (LOW..HIGH).contains(&size) || size == 0.0 { self } else { self.moved() }
    }

    #[cold]
    fn moved(mut self) -> Scaled {
        while self.part.abs() >= HIGH {
            self = Scaled { part: self.part * DOWN, scale: self.scale + 1 };
        }
        while self.part.abs() < LOW && self.part != 0.0 {
            self = Scaled { part: self.part * UP, scale: self.scale - 1 };
        }
        self
    }

    /// The product with a finite number.
    #[inline]
    #[must_use]
    pub fn times(self, factor: f64) -> Scaled {
        // At most 2^256 × 2^512, as the product of two.
        if factor.abs() < UP {
            return Scaled { part: self.part * factor, scale: self.scale }.settled();
        }
        self.product(Scaled::of(factor))
    }

    /// The same, or 1 where it is more than that.
    #[inline]
    #[must_use]
    pub fn times_up_to_one(self, factor: f64) -> Scaled {
        let part = self.part * factor;
        if self.scale == 0 && (LOW..HIGH).contains(&part) {
            return Scaled { part: part.min(1.0), scale: 0 };
        }
        self.times(factor).min(Scaled::ONE)
    }

    /// The product of two.
    #[inline]
    #[must_use]
    pub fn product(self, other: Scaled) -> Scaled {
        Scaled { part: self.part * other.part, scale: self.scale + other.scale }.settled()
    }

    /// The quotient; the divisor is not zero.
    #[inline]
    #[must_use]
    pub fn over(self, divisor: Scaled) -> Scaled {
        Scaled { part: self.part / divisor.part, scale: self.scale - divisor.scale }.settled()
    }

    /// As an `f64`: infinite where it is beyond.
    #[inline]
    #[must_use]
    pub fn value(self) -> f64 {
        match self.scale {
            0 => self.part,
            1.. => (1..=self.scale.min(4)).fold(self.part, |value, _| value * UP),
            _ => (self.scale.max(-4)..0).fold(self.part, |value, _| value * DOWN),
        }
    }

    /// The logarithm to the base 2 of its size.
    #[must_use]
    pub fn log2(self) -> f64 {
        self.part.abs().log2() + 512.0 * self.scale as f64
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.part < 0.0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.part == 0.0
    }

    /// Whether it is above another one.
    #[inline]
    #[must_use]
    pub fn exceeds(self, other: Scaled) -> bool {
        if self.scale == other.scale { self.part > other.part } else { self.order(other) == Ordering::Greater }
    }

    #[cold]
    fn order(self, other: Scaled) -> Ordering {
        let sign = |number: Scaled| i64::from(number.part > 0.0) - i64::from(number.part < 0.0);
        // Of two below zero the one with the larger scale is the lesser.
        let size = |number: Scaled| number.scale * sign(number);
        let sizes = if sign(self) == 0 { Ordering::Equal } else { size(self).cmp(&size(other)) };
        sign(self).cmp(&sign(other)).then(sizes)
    }

    /// The larger of two.
    #[inline]
    #[must_use]
    pub fn max(self, other: Scaled) -> Scaled {
        if other.exceeds(self) { other } else { self }
    }

    /// The smaller of two.
    #[inline]
    #[must_use]
    pub fn min(self, other: Scaled) -> Scaled {
        if self.exceeds(other) { other } else { self }
    }

    /// Less 1.
    #[must_use]
    pub fn less_one(self) -> f64 {
        self.value() - 1.0
    }
}

/// The compound rate of a year over so many observations. None: the product is negative, or there are none.
#[must_use]
pub(super) fn yearly(total: Scaled, n: f64, periods: f64) -> Option<f64> {
    if n == 0.0 || total.is_negative() {
        return None;
    }
    if total.is_zero() {
        return Some(-1.0);
    }
    Some(if total.scale == 0 {
        (total.part.ln() * periods / n).exp_m1()
    } else {
        (total.log2() * periods / n).exp2() - 1.0
    })
}
