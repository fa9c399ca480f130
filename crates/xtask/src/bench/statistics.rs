//! Medians of rounds and percentiles of latencies.

/// The middle value; the upper of the two middle ones of an even number, 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Latencies in ascending order.
pub struct Sorted(Vec<u64>);

impl Sorted {
    /// Sorts them.
    pub fn new(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self(values)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The least value that at least this fraction of all values does not exceed (nearest rank); 0 of none.
    pub fn percentile(&self, fraction: f64) -> u64 {
        let rank = (fraction * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.clamp(1, self.0.len().max(1)) - 1).copied().unwrap_or(0)
    }

    /// The greatest value.
    pub fn max(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[]) - 0.0).abs() < f64::EPSILON);
    }

    #[test]
    fn percentiles_go_by_the_nearest_rank() {
        let hundred = Sorted::new((1..=100).rev().collect());
        assert_eq!(hundred.percentile(0.5), 50);
        assert_eq!(hundred.percentile(0.99), 99);
        assert_eq!(hundred.percentile(1.0), 100);
        assert_eq!(hundred.percentile(0.0), 1);
        assert_eq!((hundred.max(), hundred.len()), (100, 100));
        let none = Sorted::new(Vec::new());
        assert_eq!((none.percentile(0.99), none.max()), (0, 0));
    }
}
