//! What the reader of the figures asked for, and what that means in rounds, seconds and rows.

use std::path::PathBuf;

use crate::failure::{Failure, Result};

/// The arguments of `cargo bench-all`.
pub const USAGE: &str = "cargo bench-all [--quick | --full] [--flow FILE] [--calls] [--write] [--installed]";

/// How long to measure, and how far the tables grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// To see that everything runs: under 3 minutes.
    Quick,
    /// For figures to quote: under 25 minutes.
    Default,
    /// With ten million historic orders and an hour of churn.
    Full,
}

/// The rows that a growth step begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Orders in the book of the big market.
    pub resting: u32,
    /// Ended orders of all markets, and as many trades.
    pub historic: u32,
}

/// What a run measures.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// How long.
    pub pace: Pace,
    /// The order flow of the bulk door instead of the one in the repository.
    pub flow: Option<PathBuf>,
    /// Whether only the calls of [`super::calls`] are measured: that is no page.
    pub only_calls: bool,
    /// Whether docs/benchmarks.md is written.
    pub write: bool,
    /// Whether the extension is measured as it is installed, without a build.
    pub installed: bool,
}

impl Request {
    /// Reads what [`USAGE`] says. A quick run writes no page unless it is told to.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut pace = Pace::Default;
        let (mut flow, mut only_calls, mut write, mut installed) = (None, false, false, false);
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--quick" if pace == Pace::Default => pace = Pace::Quick,
                "--full" if pace == Pace::Default => pace = Pace::Full,
                "--calls" => only_calls = true,
                "--write" => write = true,
                "--installed" => installed = true,
                "--flow" => {
                    let file = rest.next().ok_or_else(|| Failure::new("--flow names no file", USAGE))?;
                    flow = Some(PathBuf::from(file));
                }
                other => return Err(Failure::new(format!("unexpected argument {other}"), USAGE)),
            }
        }
        if only_calls && write {
            return Err(Failure::new("--calls measures too little to --write the page", USAGE));
        }
        let write = write || (pace != Pace::Quick && !only_calls);
        Ok(Self { pace, flow, only_calls, write, installed })
    }
}

impl Pace {
    /// How often each contender has its turn.
    pub fn rounds(self) -> usize {
        match self {
            Self::Quick => 1,
            _ => 3,
        }
    }

    /// Seconds of one turn.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Quick => 1,
            _ => 4,
        }
    }

    /// Seconds of one turn at a fixed rate; its first second is left out.
    pub fn latency_seconds(self) -> u32 {
        match self {
            Self::Quick => 3,
            _ => 11,
        }
    }

    /// Seconds for which one read is repeated.
    pub fn read_seconds(self) -> u32 {
        match self {
            Self::Quick => 1,
            _ => 2,
        }
    }

    /// Client counts of the doors and of the floor.
    pub fn clients(self) -> &'static [u32] {
        match self {
            Self::Quick => &[1, 16, 64],
            _ => &[1, 2, 4, 8, 16, 32, 64],
        }
    }

    /// Client counts of the peer, which is slow with any number of them.
    pub fn peer_clients(self) -> &'static [u32] {
        match self {
            Self::Quick => &[1, 16],
            _ => &[1, 16, 64],
        }
    }

    /// Random orders for the bulk door, in each round.
    pub fn bulk_orders(self) -> u32 {
        match self {
            Self::Quick => 20_000,
            _ => 200_000,
        }
    }

    /// Orders for the bulk door at each size.
    pub fn growth_orders(self) -> u32 {
        match self {
            Self::Quick => 10_000,
            _ => 40_000,
        }
    }

    /// The sizes, from small to large.
    pub fn sizes(self) -> Vec<Size> {
        let size = |resting, historic| Size { resting, historic };
        let mut sizes = vec![size(1_000, 1_000), size(10_000, 1_000)];
        if self != Self::Quick {
            sizes.extend([size(100_000, 1_000), size(1_000_000, 1_000), size(1_000_000, 1_000_000)]);
        }
        if self == Self::Full {
            sizes.push(size(1_000_000, 10_000_000));
        }
        sizes
    }

    /// How long orders come and go.
    pub fn churn_seconds(self) -> u32 {
        match self {
            Self::Quick => 5,
            Self::Default => 120,
            Self::Full => 3600,
        }
    }

    /// The same in words.
    pub fn churn_time(self) -> String {
        time(self.churn_seconds())
    }

    /// After how many calls in one transaction to look, in ascending order.
    pub fn calls(self) -> &'static [u32] {
        match self {
            Self::Quick => &[1_000, 10_000],
            _ => &[1_000, 10_000, 100_000],
        }
    }

    /// How many seconds one shape of calls may take in a transaction.
    pub fn patience(self) -> u32 {
        match self {
            Self::Quick => 5,
            Self::Default => 60,
            Self::Full => 600,
        }
    }

    /// Seconds of one turn beside an old snapshot.
    pub fn snapshot_seconds(self) -> u32 {
        match self {
            Self::Quick => 1,
            Self::Default => 15,
            Self::Full => 75,
        }
    }

    /// How many stops trigger together.
    pub fn stops(self) -> &'static [u32] {
        match self {
            Self::Quick => &[1_000, 4_000],
            _ => &[1_000, 10_000, 40_000],
        }
    }

    /// What the churn begins with.
    pub fn churn_size(self) -> Size {
        let resting = if self == Self::Quick { 10_000 } else { 100_000 };
        Size { resting, historic: 1_000 }
    }

    /// Users who hold the orders of a size.
    pub fn scale_users(self) -> u32 {
        match self {
            Self::Quick => 1_000,
            _ => 10_000,
        }
    }
}

/// A time in words.
pub fn time(seconds: u32) -> String {
    match seconds {
        3600 => "an hour".to_owned(),
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Request::parse(&arguments)
    }

    #[test]
    fn a_quick_run_writes_no_page_unless_it_is_told_to() {
        assert!(parse("").expect("nothing is fine").write);
        assert!(parse("--full").expect("full").write);
        assert!(!parse("--quick").expect("quick").write);
        assert!(parse("--quick --write").expect("quick, written").write);
    }

    #[test]
    fn the_calls_alone_are_no_page() {
        let request = parse("--calls").expect("calls");
        assert!(request.only_calls && !request.write);
        assert!(parse("--calls --write").is_err());
    }

    #[test]
    fn a_time_reads_as_people_say_it() {
        assert_eq!([5, 60, 120, 3600].map(time), ["5 seconds", "60 seconds", "2 minutes", "an hour"]);
    }

    #[test]
    fn arguments_that_nobody_knows_are_refused() {
        assert!(parse("--slow").is_err());
        assert!(parse("--flow").is_err());
        assert!(parse("--quick --full").is_err());
        let request = parse("--flow a.csv --installed").expect("both");
        assert_eq!(request.flow, Some(PathBuf::from("a.csv")));
        assert!(request.installed && request.pace == Pace::Default);
    }

    #[test]
    fn ten_million_historic_orders_are_for_full_runs() {
        let largest = |pace: Pace| pace.sizes().iter().map(|size| size.historic).max();
        assert_eq!(largest(Pace::Quick), Some(1_000));
        assert_eq!(largest(Pace::Default), Some(1_000_000));
        assert_eq!(largest(Pace::Full), Some(10_000_000));
    }
}
