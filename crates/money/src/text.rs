//! Amounts as text: the shortest decimal.

use std::fmt;
use std::str::FromStr;

use crate::{Money, ONE, Overflow, Rate, Sum};

/// Decimals of an amount.
const DECIMALS: usize = 8;

impl fmt::Display for Money {
    /// The shortest decimal: `254.2575`, `-1`, `0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shortest(self.units(), f)
    }
}

impl fmt::Display for Rate {
    /// The shortest decimal: `0.015`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shortest(i128::from(self.units()), f)
    }
}

impl fmt::Display for Sum {
    /// The shortest decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shortest(self.units(), f)
    }
}

fn shortest(units: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (whole, part) = (units.unsigned_abs() / ONE as u128, units.unsigned_abs() % ONE as u128);
    let sign = if units < 0 { "-" } else { "" };
    if part == 0 {
        return write!(f, "{sign}{whole}");
    }
    let digits = format!("{part:08}");
    write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Why a text is no exact amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no decimal number: a sign or none, digits, and a point and digits or none.
    NotANumber,
    /// It has more than 8 decimals.
    TooFine,
    /// It does not fit `NUMERIC(20,8)`.
    TooLarge,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreadable::NotANumber => "not a decimal number",
            Unreadable::TooFine => "more than 8 decimals",
            Unreadable::TooLarge => "more than NUMERIC(20,8) holds",
        })
    }
}

impl std::error::Error for Unreadable {}

impl From<Overflow> for Unreadable {
    fn from(_: Overflow) -> Unreadable {
        Unreadable::TooLarge
    }
}

impl FromStr for Money {
    type Err = Unreadable;

    /// Reads `254.2575`, `-1`, `+0.50`: zeros that say nothing are no decimals.
    fn from_str(text: &str) -> Result<Money, Unreadable> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !number(whole) || part.is_some_and(|part| !number(part)) {
            return Err(Unreadable::NotANumber);
        }
        let part = part.unwrap_or_default().trim_end_matches('0');
        if part.len() > DECIMALS {
            return Err(Unreadable::TooFine);
        }
        let digit = |units: i128, byte: u8| Some(units.checked_mul(10)?.checked_add(i128::from(byte - b'0')));
        let padded = whole.bytes().chain(part.bytes()).chain(std::iter::repeat_n(b'0', DECIMALS - part.len()));
        let units = padded.into_iter().try_fold(0, |units, byte| digit(units, byte).flatten());
        let units = units.ok_or(Unreadable::TooLarge)?;
        Ok(Money::from_units(if negative { -units } else { units })?)
    }
}
