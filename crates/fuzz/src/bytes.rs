//! Arguments out of bytes. Where the bytes are over, everything is 0.

use money::{MAX, Money};

/// What is left.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// A number below this.
    pub fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    /// The next two bytes.
    pub fn small(&mut self) -> i64 {
        i64::from(self.byte()) << 8 | i64::from(self.byte())
    }

    /// The next eight bytes.
    pub fn long(&mut self) -> i64 {
        (0..8).fold(0, |number: i64, _| number << 8 | i64::from(self.byte()))
    }

    /// The next sixteen.
    pub fn huge(&mut self) -> i128 {
        i128::from(self.long()) << 64 | i128::from(self.long() as u64)
    }

    /// An amount: crumbs, whole ones, any, and the most there is.
    pub fn amount(&mut self) -> Money {
        let units = match self.below(6) {
            0 => i128::from(self.byte()),
            1 => i128::from(self.byte()) * 100_000_000,
            2 => i128::from(self.small()) * 1_000_000,
            3 => MAX - i128::from(self.byte()),
            _ => i128::from(self.long().unsigned_abs()) * 5,
        };
        Money::from_units(units.min(MAX)).unwrap_or(Money::ZERO)
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    /// All that is left, as far as it is text.
    pub fn text(&self) -> &'a str {
        match std::str::from_utf8(self.0) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&self.0[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}
