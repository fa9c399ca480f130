//! The log that `pgbench --log` writes: one line for each transaction.
//!
//! `client transaction latency script seconds microseconds [lag]`, times in microseconds. With a fixed rate a
//! transaction has a time at which it should begin. `latency` counts from then, so it holds the lag: a server
//! that falls behind is charged for what waits. The last column says how much of it was lag.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::failure::{Failure, OrFail, Result};

/// One transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Microseconds since the epoch at its end.
    pub end: u64,
    /// Microseconds from the time at which it should have begun.
    pub latency: u64,
    /// How much of that went by before it began.
    pub lag: u64,
}

impl Sample {
    /// Reads a line; nothing when it has another form or the transaction failed or was skipped.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_whitespace();
        let mut number = || -> Option<u64> { fields.next()?.parse().ok() };
        let (_client, _transaction) = (number()?, number()?);
        let latency = number()?;
        let (_script, seconds, microseconds) = (number()?, number()?, number()?);
        let lag = match fields.next() {
            Some(text) => text.parse().ok()?,
            None => 0,
        };
        (fields.next().is_none() && lag <= latency).then_some(Self {
            end: seconds * 1_000_000 + microseconds,
            latency,
            lag,
        })
    }
}

/// The samples of every log in a folder. `skip` microseconds from the first of them are left out.
pub fn read(folder: &Path, skip: u64) -> Result<Vec<Sample>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder).or_fail(unreadable, "check the target folder")? {
        let path = entry.or_fail(unreadable, "check the target folder")?.path();
        let file = File::open(&path).or_fail(unreadable, "check the target folder")?;
        for line in BufReader::new(file).lines() {
            let line = line.or_fail(unreadable, "check the target folder")?;
            let sample = Sample::parse(&line);
            samples.push(sample.ok_or_else(|| {
                Failure::new(format!("{}: no finished transaction: {line}", path.display()), "see the server's log")
            })?);
        }
    }
    Ok(after(samples, skip))
}

fn after(mut samples: Vec<Sample>, skip: u64) -> Vec<Sample> {
    let first = samples.iter().map(|sample| sample.end).min().unwrap_or(0);
    samples.retain(|sample| sample.end >= first + skip);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_lag_when_the_rate_is_fixed() {
        let sample = Sample::parse("3 17 1530 0 1760000000 42 130").expect("a line with lag");
        assert_eq!(sample, Sample { end: 1_760_000_000_000_042, latency: 1530, lag: 130 });
        let sample = Sample::parse("3 17 1530 0 1760000000 42").expect("a line without lag");
        assert_eq!((sample.latency, sample.lag), (1530, 0));
    }

    #[test]
    fn what_did_not_finish_is_no_sample() {
        for line in ["3 17 skipped 0 1760000000 42 130", "3 17 failed 0 1760000000 42 130", "", "1 2 3 4 5", "a"] {
            assert_eq!(Sample::parse(line), None, "{line}");
        }
        assert_eq!(Sample::parse("3 17 100 0 1760000000 42 130"), None, "lag is a part of the latency");
        assert_eq!(Sample::parse("3 17 1530 0 1760000000 42 130 1"), None, "retries were not asked for");
    }

    #[test]
    fn the_warm_up_is_left_out() {
        let at = |end| Sample { end, latency: 1, lag: 0 };
        assert_eq!(after(vec![at(2_500_000), at(1_000_000), at(1_900_000)], 1_000_000), [at(2_500_000)]);
        assert!(after(Vec::new(), 1).is_empty());
    }
}
