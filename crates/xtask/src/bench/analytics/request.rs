//! What the reader of the figures of metrics asked for.

use crate::bench::jobs::Pace;
use crate::failure::{Failure, Result};

/// The arguments of `cargo bench-analytics`.
const USAGE: &str = "cargo bench-analytics [--quick | --full] [--write] [--installed]";

/// What a run measures.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// How many rounds.
    pub pace: Pace,
    /// Whether docs/benchmarks-analytics.md is written.
    pub write: bool,
    /// Whether the extension is measured as it is installed, without a build.
    pub installed: bool,
}

impl Request {
    /// Reads what [`USAGE`] says. A quick run writes the page if it is told to.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self { pace: Pace::Default, write: false, installed: false };
        for argument in arguments {
            match argument.as_str() {
                "--quick" if request.pace == Pace::Default => request.pace = Pace::Quick,
                "--full" if request.pace == Pace::Default => request.pace = Pace::Full,
                "--write" => request.write = true,
                "--installed" => request.installed = true,
                other => return Err(Failure::new(format!("unexpected argument {other}"), USAGE)),
            }
        }
        request.write |= request.pace != Pace::Quick;
        Ok(request)
    }

    /// How many rows.
    pub fn rows(&self) -> u32 {
        if self.pace == Pace::Quick { 100_000 } else { 1_000_000 }
    }
}

/// What a reader has to type for it.
pub fn command(pace: Pace) -> &'static str {
    match pace {
        Pace::Quick => "cargo bench-analytics --quick --write",
        Pace::Default => "cargo bench-analytics",
        Pace::Full => "cargo bench-analytics --full",
    }
}

#[test]
fn a_quick_run_writes_the_page_only_when_told_to() {
    let parse = |line: &str| {
        Request::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).map(|request| request.write)
    };
    assert_eq!(parse("").ok(), Some(true));
    assert_eq!(parse("--quick").ok(), Some(false));
    assert_eq!(parse("--quick --write --installed").ok(), Some(true));
    assert!(parse("--quick --full").is_err() && parse("windows").is_err());
}
