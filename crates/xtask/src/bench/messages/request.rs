//! What the reader of the figures of messages asked for.

use crate::bench::jobs::Pace;
use crate::failure::{Failure, Result};

/// The arguments of `cargo bench-messages`.
pub const USAGE: &str = "cargo bench-messages [--quick | --full] [--write] [--installed]";

/// What a run measures.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// How long.
    pub pace: Pace,
    /// Whether docs/benchmarks-messages.md is written.
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
}

/// What a reader has to type for it.
pub fn command(pace: Pace) -> &'static str {
    match pace {
        Pace::Quick => "cargo bench-messages --quick --write",
        Pace::Default => "cargo bench-messages",
        Pace::Full => "cargo bench-messages --full",
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
    assert!(parse("--quick --full").is_err() && parse("floor").is_err());
}
