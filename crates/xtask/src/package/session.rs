//! A session of `psql` on the bare system that stays while its server's package is upgraded.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::bare::Bare;
use crate::failure::{Failure, OrFail, Result};

/// The database of the trial.
pub const DATABASE: &str = "venue";

/// The arguments of a `psql` that runs as the server's superuser, stops at the first error and prints bare rows.
pub fn psql(more: &[&'static str]) -> Vec<&'static str> {
    let mut words = vec!["-u", "postgres", "--", "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
    words.extend(["-d", DATABASE]);
    words.extend(more);
    words
}

/// One session, from its start to its drop.
pub struct Session {
    psql: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        // A `psql` that has ended is what is wanted.
        let _ = self.input.write_all(b"\\q\n");
        let _ = self.psql.wait();
    }
}

impl Session {
    pub fn open(bare: &Bare<'_>) -> Result<Self> {
        let cannot = || "cannot open a session on the bare system".to_owned();
        let mut psql = bare
            .command("runuser", &psql(&["-f", "-"]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .or_fail(cannot, "install util-linux")?;
        match (psql.stdin.take(), psql.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { psql, input, output: BufReader::new(output).lines() }),
            _ => Err(Failure::new(cannot(), "try again")),
        }
    }

    /// The one value that a query answers with.
    pub fn ask(&mut self, query: &str) -> Result<String> {
        let sent = writeln!(self.input, "{query};").and_then(|()| self.input.flush());
        match (sent, self.output.next()) {
            (Ok(()), Some(Ok(line))) => Ok(line),
            _ => Err(Failure::new(format!("{query}: {}", self.last_words()), "")),
        }
    }

    /// What `psql` has said at its end.
    fn last_words(&mut self) -> String {
        let mut text = String::new();
        if let Some(errors) = self.psql.stderr.as_mut() {
            // What cannot be read cannot be shown.
            let _ = errors.read_to_string(&mut text);
        }
        text.trim().to_owned()
    }

    /// Asks again and again while something else is done; how often it was answered.
    pub fn ask_during(&mut self, query: &str, work: impl FnOnce() -> Result<()>) -> Result<usize> {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let mut answers = 0;
                while !is_done.load(Ordering::Relaxed) {
                    self.ask(query)?;
                    answers += 1;
                }
                Ok(answers)
            });
            let worked = work();
            is_done.store(true, Ordering::Relaxed);
            let asked = asked.join().unwrap_or_else(|_| Err(Failure::new("the session's thread panicked", "")));
            worked.and(asked)
        })
    }
}
