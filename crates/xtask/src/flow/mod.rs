//! Order flow of flash1-dev/matching-engine-benchmark: its messages, and their translation into
//! the commands of `exchange.order_commands`.

mod book;
mod commands;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, OrFail, Result};

pub use book::Side;
pub use commands::{Action, Instruction, OrderKey, translate};

const HEADER: &str = "seq,type,side,ioc,quantity,order_id,price_ticks";
const SUFFIXES: [&str; 4] = [".messages.csv.gz", ".messages.csv", ".csv.gz", ".csv"];

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new order.
    New,
    /// Take an order off the book.
    Cancel,
    /// Take an order off the book and enter it again with another price and open quantity.
    Modify,
}

/// One line of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its number in the flow.
    pub seq: u32,
    /// What it asks for.
    pub kind: Kind,
    /// The side of its order.
    pub side: Side,
    /// Whether the rest of the order is cancelled at once.
    pub ioc: bool,
    /// The quantity in lots; of a modify, the new open quantity.
    pub quantity: u32,
    /// The order's name in the flow; may come back after its order is done.
    pub order: u32,
    /// The price in ticks.
    pub price: u32,
}

impl Message {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(',');
        let mut field = || fields.next();
        let message = Self {
            seq: field()?.parse().ok()?,
            kind: match field()? {
                "NEW" => Kind::New,
                "CANCEL" => Kind::Cancel,
                "MODIFY" => Kind::Modify,
                _ => return None,
            },
            side: match field()? {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => return None,
            },
            ioc: match field()? {
                "0" => false,
                "1" => true,
                _ => return None,
            },
            quantity: field()?.parse().ok()?,
            order: field()?.parse().ok()?,
            price: field()?.parse().ok()?,
        };
        fields.next().is_none().then_some(message)
    }
}

/// The messages of a flow, in order.
pub fn read(path: &Path) -> Result<Vec<Message>> {
    let file = File::open(path).or_fail(
        || format!("cannot open the flow {}", path.display()),
        "give the path of a NAME.messages.csv or NAME.messages.csv.gz",
    )?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        return unpack(path, file);
    }
    parse(path, file)
}

fn unpack(path: &Path, file: File) -> Result<Vec<Message>> {
    let mut gzip = Command::new("gzip")
        .arg("-dc")
        .stdin(file)
        .stdout(Stdio::piped())
        .spawn()
        .or_fail(|| "cannot run gzip".into(), "install gzip")?;
    let messages = match gzip.stdout.take() {
        Some(stdout) => parse(path, stdout)?,
        None => Vec::new(),
    };
    let status = gzip.wait().or_fail(|| "lost gzip".into(), "try again")?;
    if status.success() {
        Ok(messages)
    } else {
        Err(Failure::new(format!("gzip cannot unpack {}", path.display()), "check that the file is complete"))
    }
}

fn parse(path: &Path, input: impl Read) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    for (index, line) in BufReader::new(input).lines().enumerate() {
        let line = line.or_fail(|| format!("cannot read {}", path.display()), "check the file")?;
        let bad = || {
            Failure::new(
                format!("{}:{}: not a message: {line}", path.display(), index + 1),
                format!("each line must read {HEADER}"),
            )
        };
        if index == 0 {
            if line.trim_end() != HEADER {
                return Err(bad());
            }
        } else {
            messages.push(Message::parse(line.trim_end()).ok_or_else(bad)?);
        }
    }
    if messages.is_empty() {
        return Err(Failure::new(
            format!("{} has no messages", path.display()),
            "give a flow with at least one message",
        ));
    }
    Ok(messages)
}

/// The flow's name without its folder and suffix.
pub fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let stem = SUFFIXES.iter().find_map(|suffix| file.strip_suffix(suffix));
    stem.unwrap_or(&file).to_owned()
}

/// The file of this ending that stands beside a flow, if it does.
pub fn sibling(path: &Path, ending: &str) -> Option<PathBuf> {
    let file = path.with_file_name(format!("{}{ending}", name(path)));
    file.exists().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_seven_fields() {
        let message = Message::parse("7,MODIFY,sell,0,37,3417,33652").expect("a good line");
        assert_eq!((message.seq, message.kind, message.side), (7, Kind::Modify, Side::Sell));
        assert_eq!((message.quantity, message.order, message.price), (37, 3417, 33652));
        assert!(Message::parse("7,MODIFY,sell,0,37,3417").is_none());
        assert!(Message::parse("7,MODIFY,sell,0,37,3417,33652,1").is_none());
        assert!(Message::parse("7,REPLACE,sell,0,37,3417,33652").is_none());
        assert!(Message::parse("7,NEW,sell,0,-1,3417,33652").is_none());
    }

    #[test]
    fn a_flow_is_named_without_its_suffix() {
        assert_eq!(name(Path::new("/x/a_n5.messages.csv.gz")), "a_n5");
        assert_eq!(name(Path::new("b.messages.csv")), "b");
        assert_eq!(name(Path::new("c")), "c");
    }
}
