//! What the reader of the figures of jobs asked for, and what that means in rounds, seconds and rows.

use crate::failure::{Failure, Result};

/// The arguments of `cargo bench-jobs`.
pub const USAGE: &str = "cargo bench-jobs [--quick | --full] [--write] [--installed] [PART …]\n  \
                         parts: drain floor rows snapshot latency schedules";

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// To see that everything runs.
    Quick,
    /// For figures to compare.
    Default,
    /// For figures to quote: with a snapshot held for five minutes.
    Full,
}

/// What is measured apart from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Jobs per second beside other queues.
    Drain,
    /// Jobs per second beside two statements.
    Floor,
    /// The same with many rows.
    Rows,
    /// The same beside an old snapshot.
    Snapshot,
    /// From the call that enqueues to the start.
    Latency,
    /// Many that are due at once.
    Schedules,
}

/// What a run measures.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// How long.
    pub pace: Pace,
    /// In the order of the page.
    pub parts: Vec<Part>,
    /// Whether docs/benchmarks-jobs.md is written.
    pub write: bool,
    /// Whether the extension is measured as it is installed, without a build.
    pub installed: bool,
}

impl Part {
    const ALL: [(&str, Self); 6] = [
        ("drain", Self::Drain),
        ("floor", Self::Floor),
        ("rows", Self::Rows),
        ("snapshot", Self::Snapshot),
        ("latency", Self::Latency),
        ("schedules", Self::Schedules),
    ];
}

impl Request {
    /// Reads what [`USAGE`] says. Only a whole run can write the page; a quick one does if it is told to.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self { pace: Pace::Default, parts: Vec::new(), write: false, installed: false };
        for argument in arguments {
            match argument.as_str() {
                "--quick" if request.pace == Pace::Default => request.pace = Pace::Quick,
                "--full" if request.pace == Pace::Default => request.pace = Pace::Full,
                "--write" => request.write = true,
                "--installed" => request.installed = true,
                other => match Part::ALL.iter().find(|(name, _)| *name == other) {
                    Some((_, part)) => request.parts.push(*part),
                    None => return Err(Failure::new(format!("unexpected argument {other}"), USAGE)),
                },
            }
        }
        request.parts.sort_unstable();
        request.parts.dedup();
        if request.parts.is_empty() {
            request.parts = Part::ALL.map(|(_, part)| part).to_vec();
            request.write |= request.pace != Pace::Quick;
        } else if request.write && request.parts.len() < Part::ALL.len() {
            return Err(Failure::new("a part is too little to --write the page", USAGE));
        }
        Ok(request)
    }
}

impl Pace {
    /// What a reader has to type for it, to write the page of `bench-jobs` or the like.
    pub fn command(self, name: &str) -> String {
        let arguments = match self {
            Self::Quick => " --quick --write",
            Self::Default => "",
            Self::Full => " --full",
        };
        format!("cargo {name}{arguments}")
    }

    /// How often everybody has a turn of some seconds.
    pub fn rounds(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Default => 6,
            Self::Full => 10,
        }
    }

    /// How often every client has a turn of [`Self::milliseconds`]; in batches fewer, since more jobs are ended.
    pub fn turns(self, batch: u32) -> u32 {
        match self {
            Self::Quick => 4,
            Self::Default if batch == 1 => 24,
            Self::Default => 12,
            Self::Full if batch == 1 => 60,
            Self::Full => 20,
        }
    }

    /// Of one turn of a client.
    pub fn milliseconds(self) -> u32 {
        250
    }

    /// Seconds of one turn.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Quick => 1,
            _ => 2,
        }
    }

    /// Jobs that wait at the beginning of all turns of a client: more than it ends.
    pub fn waiting(self, batch: u32) -> u32 {
        (self.turns(batch) + 4) * if batch == 1 { 4_000 } else { 30_000 }
    }

    /// Jobs that wait at the beginning of a turn of `pgbench` of so many seconds: more than it ends.
    pub fn room(seconds: u32) -> u32 {
        (seconds + 1) * 12_000
    }

    /// Rows that wait, and as many that have ended, in the big table.
    pub fn rows(self) -> u32 {
        match self {
            Self::Quick => 50_000,
            _ => 1_000_000,
        }
    }

    /// For how long jobs are worked on while a snapshot is held, in turns of [`Self::stretch`].
    pub fn held(self) -> u32 {
        match self {
            Self::Quick => 4,
            Self::Default => 60,
            Self::Full => 300,
        }
    }

    /// Seconds of one turn beside a snapshot.
    pub fn stretch(self) -> u32 {
        match self {
            Self::Quick => 1,
            _ => 5,
        }
    }

    /// Seconds in which jobs come one by one.
    pub fn latency_seconds(self) -> u32 {
        match self {
            Self::Quick => 2,
            _ => 5,
        }
    }

    /// Schedules that are due in one second.
    pub fn schedules(self) -> u32 {
        match self {
            Self::Quick => 10_000,
            _ => 100_000,
        }
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
    fn a_whole_run_writes_the_page_and_a_part_of_it_does_not() {
        let whole = parse("").expect("no argument is needed");
        assert!(whole.write && whole.parts.len() == Part::ALL.len() && !whole.installed);
        assert!(!parse("--quick").expect("a pace").write);
        assert!(parse("--quick --write").expect("told to").write);
        let parts = parse("--full latency drain latency").expect("two parts");
        assert_eq!((parts.parts, parts.write), (vec![Part::Drain, Part::Latency], false));
        assert!(parse("drain --write").is_err());
        assert!(parse("--quick --full").is_err());
        assert!(parse("drains").is_err());
    }
}
