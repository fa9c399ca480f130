//! How long one order takes while the market is half busy, beside one INSERT at the same rate.

use super::grid::{self, Grid};
use super::request::Pace;
use super::samples::Sample;
use super::statistics::Sorted;
use super::throughput::{Arena, Contender};
use super::verdict::{Bound, Verdict};
use crate::failure::Result;

/// As in the target that it is measured for.
pub const CLIENTS: u32 = 16;
/// In the first second sessions prepare their statements and fill their caches.
const WARM_UP: u32 = 1;
/// Both run at the same rate: half of what the first can do.
pub const CONTENDERS: [Contender; 2] = [Contender::SubmitOrder, Contender::Floor];

/// All transactions of all rounds.
pub struct Latency {
    /// Transactions per second that were asked for.
    pub rate: f64,
    /// In the order of [`CONTENDERS`].
    pub samples: [Vec<Sample>; 2],
}

impl Latency {
    /// Measures both in turn, in every round.
    pub fn measure(arena: &Arena<'_>, pace: Pace, rate: f64) -> Result<Self> {
        let mut samples = [Vec::new(), Vec::new()];
        for round in 0..pace.rounds() {
            for index in [round % 2, (round + 1) % 2] {
                let contender = CONTENDERS[index];
                let pgbench = arena.pgbench(contender, CLIENTS, pace.latency_seconds()).at(rate);
                let fresh = pgbench.samples(WARM_UP)?;
                let sorted = sorted(&fresh, |sample| sample.latency);
                println!(
                    "  {:<14} {CLIENTS} clients at {rate:.0}/s  p50 {} ms  p99 {} ms",
                    contender.name(),
                    milliseconds(sorted.percentile(0.5)),
                    milliseconds(sorted.percentile(0.99))
                );
                samples[index].extend(fresh);
            }
        }
        Ok(Self { rate, samples })
    }

    /// Percentiles in milliseconds.
    pub fn table(&self) -> Grid {
        let mut grid =
            Grid::new(&["milliseconds", "transactions", "p50", "p95", "p99", "p99.9", "max", "p99 of the lag"]);
        for (contender, samples) in CONTENDERS.iter().zip(&self.samples) {
            let latency = sorted(samples, |sample| sample.latency);
            let mut row = vec![contender.name().to_owned(), grid::count(latency.len() as u64)];
            row.extend([0.5, 0.95, 0.99, 0.999].map(|fraction| milliseconds(latency.percentile(fraction))));
            row.push(milliseconds(latency.max()));
            row.push(milliseconds(sorted(samples, |sample| sample.lag).percentile(0.99)));
            grid.push(row);
        }
        grid
    }

    /// The p99 of ours against the floor's.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let p99 = |index: usize| sorted(&self.samples[index], |sample| sample.latency).percentile(0.99) as f64;
        vec![Verdict::new(
            "submit_order, p99 at half load, to one-row INSERTs at the same rate",
            p99(0) / p99(1),
            Bound::Below(5.0),
            1,
            " x",
        )]
    }

    /// The percentile curve of a contender: nines from 0 (the median is 0.3, p99 is 2), and milliseconds.
    pub fn curve(&self, index: usize) -> Vec<(f64, f64)> {
        let sorted = sorted(&self.samples[index], |sample| sample.latency);
        if sorted.len() == 0 {
            return Vec::new();
        }
        // Beyond the last whole sample there is nothing to draw.
        let last = (sorted.len() as f64).log10().min(MAX_NINES);
        let points = (last * POINTS_PER_NINE).floor() as u32;
        (0..=points)
            .map(|point| {
                let nines = f64::from(point) / POINTS_PER_NINE;
                let fraction = 1.0 - 10_f64.powf(-nines);
                (nines, sorted.percentile(fraction) as f64 / 1000.0)
            })
            .collect()
    }
}

/// 99.99 percent: what lies beyond is a handful of transactions.
pub const MAX_NINES: f64 = 4.0;
const POINTS_PER_NINE: f64 = 20.0;

fn sorted(samples: &[Sample], part: impl Fn(&Sample) -> u64) -> Sorted {
    Sorted::new(samples.iter().map(part).collect())
}

fn milliseconds(microseconds: u64) -> String {
    grid::thousands(microseconds as f64 / 1000.0, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(ours: u64, floor: u64) -> Latency {
        let all = |slowest: u64| -> Vec<Sample> {
            (1..=1000).map(|n| Sample { end: n, latency: slowest * n / 1000, lag: 0 }).collect()
        };
        Latency { rate: 100.0, samples: [all(ours), all(floor)] }
    }

    #[test]
    fn the_target_compares_the_same_percentile() {
        assert!(latency(40_000, 10_000).verdicts()[0].is_met());
        assert!(!latency(60_000, 10_000).verdicts()[0].is_met());
        assert!(!Latency { rate: 1.0, samples: [Vec::new(), Vec::new()] }.verdicts()[0].is_met());
    }

    #[test]
    fn a_curve_ends_where_the_samples_end() {
        let latency = latency(10_000, 10_000);
        let curve = latency.curve(0);
        assert_eq!(curve.len(), 61);
        let (nines, last) = curve[60];
        assert!((nines - 3.0).abs() < 1e-9 && (last - 9.99).abs() < 0.02, "{last}");
        assert!(curve.windows(2).all(|pair| pair[0].1 <= pair[1].1), "latency grows with the percentile");
    }

    #[test]
    fn the_table_is_in_milliseconds() {
        let text = latency(40_000, 10_000).table().markdown();
        assert!(text.contains("| submit_order | 1,000 | 20.00 | 38.00 | 39.60 | 39.96 | 40.00 | 0.00 |"), "{text}");
    }
}
