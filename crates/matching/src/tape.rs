//! Which trade of a span was the first to reach a price.

use crate::Side;

/// Trades in sequence, with the lowest and the highest price of every half, quarter, eighth … of the span.
#[derive(Debug)]
pub struct Tape {
    /// The sequence of the first trade.
    first: i64,
    count: usize,
    /// A binary tree in one array: the parts of node n are 2n and 2n + 1; the trades stand in its second half.
    parts: Vec<(i64, i64)>,
}

/// No price is within it.
const NOTHING: (i64, i64) = (i64::MAX, i64::MIN);

impl Tape {
    /// The trades from the sequence `first` on, by their prices in ticks.
    #[must_use]
    pub fn new(first: i64, prices: &[i64]) -> Tape {
        let size = prices.len().next_power_of_two();
        let mut parts = vec![NOTHING; 2 * size];
        for (part, price) in parts[size..].iter_mut().zip(prices) {
            *part = (*price, *price);
        }
        for at in (1..size).rev() {
            let ((low, high), (other_low, other_high)) = (parts[2 * at], parts[2 * at + 1]);
            parts[at] = (low.min(other_low), high.max(other_high));
        }
        Tape { first, count: prices.len(), parts }
    }

    /// The lowest and the highest price; none when there is no trade.
    #[must_use]
    pub fn prices(&self) -> Option<(i64, i64)> {
        (self.count > 0).then(|| self.parts[1])
    }

    /// The first trade at or after `sequence` that reaches a stop: from below for a buy, from above for a sell.
    #[must_use]
    pub fn first_reaching(&self, sequence: i64, side: Side, stop: i64) -> Option<i64> {
        let size = self.parts.len() / 2;
        let reaches = |(low, high): (i64, i64)| match side {
            Side::Buy => high >= stop,
            Side::Sell => low <= stop,
        };
        let from = usize::try_from(sequence.saturating_sub(self.first)).unwrap_or_default();
        if from >= self.count {
            return None;
        }
        // Up, past parts that do not reach it, then down into the one that does.
        let mut at = size + from;
        while !reaches(self.parts[at]) {
            while at % 2 == 1 {
                at /= 2;
                if at <= 1 {
                    return None;
                }
            }
            at += 1;
        }
        while at < size {
            at *= 2;
            if !reaches(self.parts[at]) {
                at += 1;
            }
        }
        Some(self.first + (at - size) as i64)
    }
}
