//! The first session of the manual (docs/exchange.md), pasted block by block into a psql on a terminal of 80 columns, as
//! a newcomer does it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Failure, PORT, Result, Server};

/// How long a block may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A block of SQL and what the page says it prints.
struct Block {
    sql: String,
    shown: Option<String>,
}

/// The fenced blocks of the section, in order.
fn first_session() -> Result<Vec<Block>> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/exchange.md"))?;
    let section = page.split("\n## ").find(|section| section.starts_with("A first session"));
    let section = section.ok_or_else(|| Failure::new("docs/exchange.md has no first session"))?;
    let mut blocks: Vec<Block> = Vec::new();
    for fence in section.split("\n```").skip(1).step_by(2) {
        let (language, content) = fence.split_once('\n').unwrap_or((fence, ""));
        match (language, blocks.last_mut()) {
            ("sql", _) => blocks.push(Block { sql: content.to_owned(), shown: None }),
            ("text", Some(block)) => block.shown = Some(content.to_owned()),
            _ => {}
        }
    }
    Ok(blocks)
}

/// A psql that believes to sit on a terminal.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Debian's psql, with the line editor and the pager of whoever has configured nothing.
    fn open(database: &Database) -> Result<Self> {
        let mut command = Command::new("script");
        command
            .args(["-q", "-e", "-c", "stty rows 24 cols 80; exec psql -X", "/dev/null"])
            .env("PGHOST", &database.server.host)
            .env("PGPORT", PORT.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", &database.name)
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            // What a pager takes for its own commands writes no file.
            .env("LESSSECURE", "1")
            .env_remove("PAGER")
            .env_remove("PSQL_PAGER")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut script = command.spawn()?;
        let (Some(keys), Some(mut output)) = (script.stdin.take(), script.stdout.take()) else {
            return Err(Failure::new("script came without its pipes"));
        };
        let (send, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 65536];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Self { script, keys, screen, seen: String::new() };
        terminal.wait_for("=# ")?;
        if !terminal.seen.contains("\u{1b}[?2004h") {
            return Err(Failure::new(
                "this psql has no line editor that takes a bracketed paste: install libreadline8",
            ));
        }
        Ok(terminal)
    }

    /// Pastes a block as a terminal does, and Enter; what is printed until the session answers again.
    fn paste(&mut self, block: &str, number: usize) -> Result<String> {
        self.seen.clear();
        write!(self.keys, "\u{1b}[200~{block}\u{1b}[201~\r")?;
        // What is typed into a pager, or swallowed by the block, is not answered.
        write!(self.keys, "\\echo block {number} 'is' done\r")?;
        self.wait_for(&format!("block {number} is done\r"))?;
        Ok(plain(&self.seen))
    }

    fn wait_for(&mut self, mark: &str) -> Result<()> {
        let start = Instant::now();
        while !self.seen.contains(mark) {
            let rest = PATIENCE.saturating_sub(start.elapsed());
            let bytes = self.screen.recv_timeout(rest);
            let bytes = bytes.map_err(|_| Failure::new(format!("no {mark:?} after\n{}", plain(&self.seen))))?;
            let _ = write!(self.seen, "{}", String::from_utf8_lossy(&bytes));
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Its end ends psql, also one that waits in a pager.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

/// The screen without what moves the cursor, and without blanks at the ends of lines.
fn plain(screen: &str) -> String {
    let mut text = String::new();
    let mut rest = screen;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '=' || c == '>');
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    text.push_str(rest);
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_session_works_when_it_is_pasted() -> Result<()> {
    let blocks = first_session()?;
    assert!(blocks.len() > 10, "{} blocks", blocks.len());
    let database = Database::empty(&Server::of_suite()?, "readme_pasted")?;
    let mut terminal = Terminal::open(&database)?;
    for (number, block) in (1..).zip(&blocks) {
        let screen = terminal.paste(&block.sql, number)?;
        assert!(!screen.contains("ERROR") && !screen.contains("ignored"), "{}\n{screen}", block.sql);
        let shown = block.shown.as_deref().map_or(String::new(), plain);
        assert!(screen.contains(shown.trim_end()), "{}\nprints\n{screen}\ninstead of\n{shown}", block.sql);
    }
    database.connect()?.verify_is_empty()
}
