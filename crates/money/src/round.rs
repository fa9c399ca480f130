//! Division, rounded half away from zero: as `round(numeric)` of PostgreSQL does.

use ethnum::I256;

/// `n / d` rounded half away from zero. `d` is positive, and half of it can be added to `n`.
#[inline]
#[must_use]
pub const fn half_away(n: i128, d: i128) -> i128 {
    let half = d / 2;
    if n < 0 { -quotient(half - n, d) } else { quotient(n + half, d) }
}

/// `n / d`, cut off; neither is negative. Of most amounts 64 bits hold both: that division needs no call, and none at all
/// where the divisor is known.
#[inline]
#[must_use]
pub const fn quotient(n: i128, d: i128) -> i128 {
    const WORD: i128 = u64::MAX as i128;
    if n <= WORD && d <= WORD { (n as u64 / d as u64) as i128 } else { n / d }
}

/// `a × b / divisor`, rounded half away from zero; the product may have 256 bits. None: the divisor is zero, or the
/// result does not fit.
#[must_use]
pub fn mul_div(a: i128, b: i128, divisor: i128) -> Option<i128> {
    if divisor == 0 {
        return None;
    }
    if let Some(product) = a.checked_mul(b).filter(|product| is_narrow(*product, divisor)) {
        return Some(half_away(product, divisor));
    }
    let (product, divisor) = (I256::from(a) * I256::from(b), I256::from(divisor));
    let (quotient, rest) = (product / divisor, product % divisor);
    // Less than a 128-bit divisor: twice the rest does not overflow.
    let away = rest.abs() * I256::from(2) >= divisor.abs();
    let step = if (product < 0) == (divisor < 0) { I256::ONE } else { I256::MINUS_ONE };
    i128::try_from(if away { quotient + step } else { quotient }).ok()
}

/// Whether 128 bits hold half of the divisor added to the product, as they do of most amounts.
const fn is_narrow(product: i128, divisor: i128) -> bool {
    divisor > 0 && product.unsigned_abs() < 1 << 126
}
