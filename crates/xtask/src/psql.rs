//! SQL through `psql`: statements, queries, and COPY in both directions as streams.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::failure::{Failure, OrFail, Result};

/// One database of a cluster, reached through its socket.
pub struct Database {
    /// The folder of the server's programs.
    pub bin: PathBuf,
    /// The folder of the server's socket.
    pub socket: PathBuf,
    /// The port, which is part of the socket's name.
    pub port: u16,
    /// The database.
    pub name: String,
}

impl Database {
    /// A `psql` that stops at the first error and prints bare, tab-separated rows.
    pub fn psql(&self) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-F", "\t"])
            .args(["-v", "ON_ERROR_STOP=1"])
            .env("PGOPTIONS", "-c client_min_messages=warning");
        self.address(&mut command);
        command
    }

    /// Adds the options that every client program of PostgreSQL understands.
    pub fn address(&self, command: &mut Command) {
        command
            .arg("-h")
            .arg(&self.socket)
            .args(["-p", &self.port.to_string()])
            .args(["-U", "postgres", "-d", &self.name]);
    }

    /// Runs statements, each in a transaction of its own.
    pub fn run(&self, sql: &str) -> Result<()> {
        self.script(|input| input.write_all(sql.as_bytes()), |_| Ok(()))
    }

    /// The rows of one query, as text.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let mut rows = Vec::new();
        self.script(
            |input| input.write_all(sql.as_bytes()),
            |line| {
                rows.push(line.split('\t').map(str::to_owned).collect());
                Ok(())
            },
        )?;
        Ok(rows)
    }

    /// Streams rows into `COPY … FROM STDIN`.
    pub fn copy_in(&self, copy: &str, rows: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send) -> Result<()> {
        let mut command = self.psql();
        command.args(["-c", copy]);
        converse(command, rows, |_| Ok(()))
    }

    /// Streams the rows of a query out; NULL is the empty field.
    pub fn copy_out(&self, query: &str, row: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let mut command = self.psql();
        let copy = format!("COPY ({query}) TO STDOUT (FORMAT csv, DELIMITER E'\\t')");
        command.args(["-c", &copy]);
        converse(command, |_| Ok(()), row)
    }

    /// Feeds a script to one session while its output is read line by line.
    pub fn script(
        &self,
        input: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send,
        line: impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let mut command = self.psql();
        command.args(["-f", "-"]);
        converse(command, input, line)
    }
}

/// Writes, reads and collects errors at the same time: no pipe can fill up and block the other.
fn converse(
    mut command: Command,
    input: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send,
    mut line: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .or_fail(|| "cannot run psql".into(), "run `cargo xtask setup`")?;
    let (stdin, stdout, stderr) = pipes(&mut child)?;
    let (read, written, errors) = thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut stdin = BufWriter::with_capacity(1 << 16, stdin);
            input(&mut stdin)?;
            stdin.flush()
        });
        let errors = scope.spawn(move || {
            let mut text = String::new();
            let mut stderr = stderr;
            // What cannot be read cannot be shown; the exit code still tells.
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut read = Ok(());
        for text in BufReader::with_capacity(1 << 16, stdout).lines() {
            read = text.or_fail(|| "cannot read from psql".into(), "try again").and_then(|text| line(&text));
            if read.is_err() {
                break;
            }
        }
        (read, writer.join(), errors.join().unwrap_or_default())
    });
    let status = child.wait().or_fail(|| "lost psql".into(), "try again")?;
    read?;
    // A failed write is the echo of psql's end, so psql's own words come first.
    if !status.success() {
        return Err(Failure::new(format!("psql: {}", errors.trim()), ""));
    }
    match written {
        Ok(written) => written.or_fail(|| "cannot write to psql".into(), "try again"),
        Err(_) => Err(Failure::new("the writer of psql's input panicked", "")),
    }
}

type Pipes = (std::process::ChildStdin, std::process::ChildStdout, std::process::ChildStderr);

fn pipes(child: &mut Child) -> Result<Pipes> {
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => Ok((stdin, stdout, stderr)),
        _ => Err(Failure::new("psql came without its pipes", "try again")),
    }
}
