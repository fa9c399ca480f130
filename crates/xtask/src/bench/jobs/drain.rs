//! Jobs per second beside other queues, each with its own client or the SQL that it documents.

use std::collections::BTreeMap;

use super::queue::{self, Arena, CLAIM, ONE_COMMIT, Queue};
use super::request::Pace;
use crate::bench::grid::{self, Grid};
use crate::bench::statistics::median;
use crate::bench::verdict::{Bound, Verdict};
use crate::failure::Result;

/// Workers and jobs of a batch.
type Shape = (u32, u32);

const SHAPES: [Shape; 4] = [(1, 1), (8, 1), (1, 100), (8, 100)];

/// Rates of all rounds, by queue and shape.
#[derive(Default)]
pub struct Drain(BTreeMap<(Queue, Shape), Vec<f64>>);

/// Whether a queue can be in it at all.
fn fits(queue: Queue, (_, batch): Shape) -> bool {
    batch == 1 || queue.has_batches
}

impl Drain {
    /// All turns.
    pub fn measure(arena: &Arena<'_>, pace: Pace) -> Result<Self> {
        let mut drain = Self::default();
        for queue in queue::NODE.into_iter().chain(queue::PYTHON) {
            for (_, batch) in SHAPES.into_iter().filter(|shape| shape.0 == 1 && fits(queue, *shape)) {
                arena.prepare(queue, pace.waiting(batch))?;
            }
        }
        for shape in SHAPES {
            for queues in [&queue::NODE[..], &queue::PYTHON] {
                let queues: Vec<Queue> = queues.iter().copied().filter(|queue| fits(*queue, shape)).collect();
                for (queue, rates) in queues.iter().zip(arena.race(&queues, shape, pace)?) {
                    println!("  {:<26} {:>2} x {:<3} {:>9.0}/s", queue.name, shape.0, shape.1, median(&rates));
                    drain.0.insert((*queue, shape), rates);
                }
            }
        }
        Ok(drain)
    }

    fn rates(&self, queue: Queue, shape: Shape) -> &[f64] {
        self.0.get(&(queue, shape)).map_or(&[], Vec::as_slice)
    }

    /// The median over the rounds of what one does to what the other does in the same round; NaN of no round.
    fn ratio(&self, ours: Queue, peer: Queue, shape: Shape) -> f64 {
        let rounds = self.rates(ours, shape).iter().zip(self.rates(peer, shape));
        let ratios: Vec<f64> = rounds.map(|(ours, peer)| ours / peer).collect();
        if ratios.is_empty() { f64::NAN } else { median(&ratios) }
    }

    /// The least ratio to any of the peers, and whose it is.
    fn to_best(&self, ours: Queue, peers: &[Queue], shape: Shape) -> (f64, &'static str) {
        let measured = peers.iter().filter(|peer| !peer.is_ours && !self.rates(**peer, shape).is_empty());
        let ratios = measured.map(|peer| (self.ratio(ours, *peer, shape), peer.name));
        ratios.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, "a peer"))
    }

    /// Medians, and after each peer's what our doors do to it.
    pub fn table(&self, batch: u32) -> Grid {
        let shapes: Vec<Shape> = SHAPES.into_iter().filter(|shape| shape.1 == batch).collect();
        let mut head = vec!["jobs per second".to_owned()];
        for (workers, _) in &shapes {
            let workers = if *workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
            head.extend([workers, "claim, complete to it".to_owned(), "complete_and_claim to it".to_owned()]);
        }
        let mut grid = Grid::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
        for queue in queue::NODE.into_iter().chain(queue::PYTHON) {
            let mut row = vec![queue.name.to_owned()];
            for shape in &shapes {
                let rates = self.rates(queue, *shape);
                row.push(if rates.is_empty() { String::new() } else { grid::thousands(median(rates), 0) });
                row.extend(queue::rivals(queue).map(|ours| {
                    let ratio = ours.map_or(f64::NAN, |ours| self.ratio(ours, queue, *shape));
                    if ratio.is_nan() { String::new() } else { grid::ratio(ratio, 1.0, 2) }
                }));
            }
            grid.push(row);
        }
        grid
    }

    /// The targets beside the best of them.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let with_retries: Vec<Queue> = queue::NODE.into_iter().filter(|queue| queue.has_retries).collect();
        let verdict = |ours: Queue, peers: &[Queue], shape: Shape, goal: f64| {
            let (workers, batch) = shape;
            let (ratio, peer) = self.to_best(ours, peers, shape);
            let s = if workers == 1 { "" } else { "s" };
            let what = format!("{}, {workers} worker{s}, batches of {batch}, to {peer}", ours.name);
            Verdict::new(what, ratio, Bound::AtLeast(goal), 2, " x")
        };
        vec![
            verdict(CLAIM, &queue::NODE, (1, 1), 1.3),
            verdict(CLAIM, &queue::NODE, (8, 1), 1.3),
            verdict(ONE_COMMIT, &queue::NODE, (1, 1), 2.0),
            verdict(ONE_COMMIT, &queue::NODE, (8, 1), 2.0),
            verdict(CLAIM, &with_retries, (1, 100), 1.5),
            verdict(CLAIM, &with_retries, (8, 100), 1.5),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_one_round_and_the_best_peer_decides() {
        let mut drain = Drain::default();
        let mut put = |queue, rates: [f64; 3]| drain.0.insert((queue, (1, 1)), rates.to_vec());
        put(CLAIM, [300.0, 30.0, 150.0]);
        put(queue::NODE[2], [100.0, 10.0, 100.0]);
        put(queue::NODE[4], [200.0, 30.0, 100.0]);
        assert!((drain.ratio(CLAIM, queue::NODE[2], (1, 1)) - 3.0).abs() < 1e-9, "what slows a round slows both");
        let (ratio, peer) = drain.to_best(CLAIM, &queue::NODE, (1, 1));
        assert!((ratio - 1.5).abs() < 1e-9 && peer == "pgmq", "{ratio} {peer}");
        assert!(drain.verdicts()[0].is_met());
        assert!(!drain.verdicts()[2].is_met(), "what was not measured misses");
        let table = drain.table(1).markdown();
        assert!(table.contains("| pgmq | 100 | 1.50 x |  |"), "{table}");
    }
}
