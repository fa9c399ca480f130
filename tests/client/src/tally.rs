//! A long run in parts, which may be stopped at any time and goes on after the last whole part.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::server::finish;
use crate::{Result, Server, setting};

/// How far a run has come: faults, and orders acknowledged meanwhile, none of which was lost.
pub struct Tally {
    /// None: a short run, of which nothing is kept.
    file: Option<PathBuf>,
    wanted: u64,
    done: u64,
    orders: u64,
}

/// Tells one build of the library from another.
fn library() -> Result<String> {
    let mut asked = Command::new(Server::of_suite()?.bin.join("pg_config"));
    let folder = PathBuf::from(finish(asked.arg("--pkglibdir"))?.trim());
    let made = fs::metadata(folder.join("pg_bourse.so"))?.modified()?;
    Ok(format!("{made:?}"))
}

impl Tally {
    /// Of as many faults as this variable says, otherwise of so many.
    pub fn open(name: &str, variable: &str, short: u64) -> Result<Self> {
        let is_long = std::env::var_os(variable).is_some();
        let file = is_long.then(|| Ok::<_, crate::Failure>(Server::of_suite()?.host.join(format!("{name}.tally"))));
        let mut tally = Self { file: file.transpose()?, wanted: setting(variable, short), done: 0, orders: 0 };
        let Some(file) = &tally.file else { return Ok(tally) };
        let (library, text) = (library()?, fs::read_to_string(file).unwrap_or_default());
        // What another build of the library has endured does not count.
        if text.lines().next() != Some(&library) {
            fs::write(file, format!("{library}\n"))?;
        }
        for line in fs::read_to_string(file)?.lines().skip(1) {
            if let Some((done, orders)) = line.split_once(' ') {
                tally.done += done.parse().unwrap_or(0);
                tally.orders += orders.parse().unwrap_or(0);
            }
        }
        if tally.done > 0 {
            println!("{name}: goes on after {} of {}", tally.done, tally.wanted);
        }
        Ok(tally)
    }

    /// Does what is left in parts of so many faults. A part is told the seed of its own and how many faults it has; it
    /// tells how many orders were acknowledged.
    pub fn run(mut self, name: &str, length: u64, mut part: impl FnMut(u64, u64) -> Result<u64>) -> Result<()> {
        while self.done < self.wanted {
            let count = length.min(self.wanted - self.done);
            let orders = part(self.done, count)?;
            self.done += count;
            self.orders += orders;
            if let Some(file) = &self.file {
                let mut file = OpenOptions::new().create(true).append(true).open(file)?;
                writeln!(file, "{count} {orders}")?;
            }
            let Self { done, orders, wanted, .. } = &self;
            println!("{name}: {done} of {wanted}, {orders} orders acknowledged, 0 lost");
        }
        if let Some(file) = &self.file {
            fs::remove_file(file)?;
        }
        Ok(())
    }
}
