//! How long after the call that enqueues a job it starts, in a client that listens.

use super::queue::{self, Arena, CLAIM, LISTENING, Queue};
use super::request::Pace;
use crate::bench::grid::{self, Grid};
use crate::bench::statistics::Sorted;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::Result;

/// Milliseconds from one job to the next, as bench/jobs/node/main.mjs has it.
pub const PAUSE: u32 = 25;

/// Microseconds of every job, in the order of [`LISTENING`].
#[derive(Default)]
pub struct Latency([Vec<u64>; LISTENING.len()]);

impl Latency {
    /// All rounds.
    pub fn measure(arena: &Arena<'_>, pace: Pace) -> Result<Self> {
        for queue in LISTENING {
            arena.prepare(queue, 0)?;
        }
        let mut latency = Self::default();
        for round in 0..pace.rounds() {
            for queue in queue::order(&LISTENING, round) {
                let samples = arena.latencies(queue, pace.latency_seconds())?;
                println!("  {:<26} {:>9.2} ms", queue.name, milliseconds(&samples, 0.5));
                latency.of(queue).extend(samples);
            }
        }
        Ok(latency)
    }

    fn of(&mut self, queue: Queue) -> &mut Vec<u64> {
        let place = LISTENING.iter().position(|other| *other == queue);
        &mut self.0[place.unwrap_or_default()]
    }

    /// Percentiles.
    pub fn table(&self) -> Grid {
        let mut grid = Grid::new(&["milliseconds", "jobs", "p50", "p95", "p99"]);
        for (queue, samples) in LISTENING.iter().zip(&self.0) {
            let mut row = vec![queue.name.to_owned(), grid::count(samples.len() as u64)];
            row.extend([0.5, 0.95, 0.99].map(|fraction| grid::thousands(milliseconds(samples, fraction), 2)));
            grid.push(row);
        }
        grid
    }

    /// The target of ours.
    pub fn verdict(&self) -> Verdict {
        let ours = LISTENING.iter().zip(&self.0).find(|(queue, _)| **queue == CLAIM);
        let p50 = ours.filter(|(_, samples)| !samples.is_empty()).map_or(f64::NAN, |(_, all)| milliseconds(all, 0.5));
        Verdict::new("from enqueue to start, p50", p50, Bound::Below(5.0), 2, " ms")
    }
}

fn milliseconds(samples: &[u64], fraction: f64) -> f64 {
    Sorted::new(samples.to_vec()).percentile(fraction) as f64 / 1000.0
}
