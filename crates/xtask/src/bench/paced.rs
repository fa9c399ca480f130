//! What the reader of a page of figures asked for, where all of it is measured at once.

use super::jobs::Pace;
use crate::failure::{Failure, Result};

/// What a run measures.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// How long.
    pub pace: Pace,
    /// Whether the page is written.
    pub write: bool,
    /// Whether the extension is measured as it is installed, without a build.
    pub installed: bool,
}

impl Request {
    /// Reads the arguments of a command, `bench-messages` or the like. A quick run writes the page if it is told to.
    pub fn parse(command: &str, arguments: &[String]) -> Result<Self> {
        let mut request = Self { pace: Pace::Default, write: false, installed: false };
        for argument in arguments {
            match argument.as_str() {
                "--quick" if request.pace == Pace::Default => request.pace = Pace::Quick,
                "--full" if request.pace == Pace::Default => request.pace = Pace::Full,
                "--write" => request.write = true,
                "--installed" => request.installed = true,
                other => {
                    let usage = format!("cargo {command} [--quick | --full] [--write] [--installed]");
                    return Err(Failure::new(format!("unexpected argument {other}"), usage));
                }
            }
        }
        request.write |= request.pace != Pace::Quick;
        Ok(request)
    }
}

#[test]
fn a_quick_run_writes_the_page_only_when_told_to() {
    let parse = |line: &str| {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Request::parse("bench-messages", &arguments).map(|request| request.write)
    };
    assert_eq!(parse("").ok(), Some(true));
    assert_eq!(parse("--quick").ok(), Some(false));
    assert_eq!(parse("--quick --write --installed").ok(), Some(true));
    assert!(parse("--quick --full").is_err() && parse("floor").is_err());
}
