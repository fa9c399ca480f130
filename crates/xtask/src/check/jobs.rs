//! Tests that run side by side: as many programs at a time as the machine has cores.

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Tally;
use crate::failure::Result;

/// One test program with all that it needs; it disturbs no other.
pub struct Job<'a> {
    /// The kind that it is a part of.
    pub kind: &'static str,
    /// How much there is in it: the larger begin first, so that none is left for the end.
    size: u64,
    work: Box<dyn FnOnce() -> Result<Tally> + Send + 'a>,
}

impl<'a> Job<'a> {
    /// A part of a kind, of this size compared with the others.
    pub fn new(kind: &'static str, size: u64, work: impl FnOnce() -> Result<Tally> + Send + 'a) -> Self {
        Self { kind, size, work: Box::new(work) }
    }
}

/// How many jobs run at a time.
pub fn slots() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// What stands in a folder and below, in bytes: how much there is to do, nearly.
pub fn weight(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => weight(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Does all jobs; how each went, by its kind.
pub fn run(mut jobs: Vec<Job<'_>>) -> Vec<(&'static str, Tally)> {
    jobs.sort_by_key(|job| job.size);
    let workers = slots().min(jobs.len());
    let (waiting, done) = (Mutex::new(jobs), Mutex::new(Vec::new()));
    let take = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(job) = take() {
                    let tally = (job.work)().unwrap_or_else(Tally::of_failure);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((job.kind, tally));
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn every_job_is_done_and_counted() {
        let passed = |n: usize| move || Ok(Tally { passed: n, failed: Vec::new() });
        let broken = || Err(Failure::new("no server", "start it"));
        let jobs = vec![
            Job::new("a", 1, passed(2)),
            Job::new("b", 9, broken),
            Job::new("a", 5, passed(3)),
            Job::new("b", 2, passed(0)),
        ];
        let done = run(jobs);
        let sum = |kind: &str| {
            let tallies = done.iter().filter(|(of, _)| *of == kind);
            tallies.fold((0, 0), |(passed, failed), (_, t)| (passed + t.passed, failed + t.failed.len()))
        };
        assert_eq!((sum("a"), sum("b")), ((5, 0), (0, 1)));
    }
}
