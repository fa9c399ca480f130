//! `cargo xtask conformance FILE`: a public order flow through the bulk door, and the canonical
//! reports that the tables tell about it.

mod bbo;
mod reports;
mod tables;

use std::path::{Path, PathBuf};

use crate::bulk::{self, Market};
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::flow::{self, Instruction, Side};
use crate::install;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::setup;

/// One lot costs a whole number of ticks, and nobody takes a fee: the flow's own units.
const MARKET: Market<'_> = Market {
    symbol: "LOT-TICK",
    base: "LOT",
    quote: "TICK",
    tick_decimals: 0,
    lot_decimals: 0,
    options: ", maker_rate => 0, taker_rate => 0",
};
/// Near the largest balance that NUMERIC(20,8) can hold, with room for what a flow earns.
const FUNDS: u64 = 500_000_000_000;
const DEFAULT_BATCH: u32 = 10_000;

/// The arguments of the task.
pub struct Request {
    file: PathBuf,
    batch: u32,
    bbo: bool,
}

impl Request {
    /// Reads `FILE [--batch N] [--bbo]`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        const USAGE: &str = "cargo xtask conformance FILE [--batch N] [--bbo]";
        let mut request = Self { file: PathBuf::new(), batch: DEFAULT_BATCH, bbo: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--bbo" => request.bbo = true,
                "--batch" => {
                    let value = rest.next().map_or("", String::as_str);
                    request.batch = value.parse().or_fail(|| format!("--batch {value:?}"), USAGE)?;
                }
                file if request.file.as_os_str().is_empty() => request.file = file.into(),
                more => return Err(Failure::new(format!("unexpected argument {more}"), USAGE)),
            }
        }
        if request.file.as_os_str().is_empty() {
            return Err(Failure::new("which flow?", USAGE));
        }
        Ok(request)
    }
}

/// Prepares everything and replays the flow; fails when a file of expectations is not met.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    setup::run(project)?;
    install::run(project)?;
    let cluster = Cluster::open(project, "conformance")?;
    let _running = cluster.run(&[("max_wal_size", "4GB")])?;
    let reports = check_reports(project, &cluster, request)?;
    let bbo = if request.bbo { bbo::check(&cluster, &request.file)? } else { true };
    if reports && bbo {
        Ok(())
    } else {
        Err(Failure::new(format!("{} is not met", request.file.display()), "the first difference stands above"))
    }
}

fn check_reports(project: &Project, cluster: &Cluster, request: &Request) -> Result<bool> {
    let messages = flow::read(&request.file)?;
    let instructions = flow::translate(&messages);
    let market = open_market(cluster, "conformance")?;
    let replay =
        bulk::replay(&market.database, &MARKET, &instructions, request.batch, |instruction| market.user(instruction))?;
    let tables = tables::Tables::load(&market.database, MARKET.symbol, replay.first_id)?;
    let folder = project.target.join("conformance");
    project::make_folder(&folder)?;
    let file = folder.join(format!("{}.reports.txt", flow::name(&request.file)));
    let summary = reports::write(&file, &messages, &instructions, &tables)?;
    let rate = messages.len() as f64 / replay.elapsed.as_secs_f64();
    println!("messages   {}", messages.len());
    println!("rate       {rate:.0} messages/s");
    println!("reports    {} lines in {}", summary.lines, file.display());
    println!("SHA-256    {}", summary.sha256);
    for (reason, count) in tables.unexpected_refusals(&instructions) {
        println!("refused    {count} new orders that the flow accepts: {reason}");
    }
    let violations = market.database.rows("SELECT * FROM exchange.verify();\n")?;
    println!("verify()   {} rows", violations.len());
    for row in violations.iter().take(5) {
        println!("           {}", row.join(" | "));
    }
    let met = match flow::sibling(&request.file, ".reports.txt") {
        Some(expected) => same_lines(&expected, &file)?,
        None => true,
    };
    Ok(met && violations.is_empty())
}

/// A fresh database with the market and the two users who send every flow.
struct OpenMarket {
    database: Database,
    buyer: String,
    seller: String,
}

impl OpenMarket {
    /// One user buys and another sells, so no order ever meets its own user.
    fn user(&self, instruction: &Instruction) -> &str {
        match instruction.side {
            Side::Buy => &self.buyer,
            Side::Sell => &self.seller,
        }
    }
}

fn open_market(cluster: &Cluster, name: &str) -> Result<OpenMarket> {
    let database = cluster.fresh_database(name)?;
    bulk::install(&database)?;
    MARKET.create(&database)?;
    let users = MARKET.fund(&database, "VALUES ('buyer'), ('seller')", FUNDS, FUNDS)?;
    match <[String; 2]>::try_from(users) {
        Ok([buyer, seller]) => Ok(OpenMarket { database, buyer, seller }),
        Err(users) => Err(Failure::new(format!("two users were made, {} ids came back", users.len()), "")),
    }
}

/// Compares two files line by line and shows the first difference.
fn same_lines(expected: &Path, actual: &Path) -> Result<bool> {
    let wanted = project::read_text(expected)?;
    let found = project::read_text(actual)?;
    if wanted == found {
        println!("expected   byte-identical to {}", expected.display());
        return Ok(true);
    }
    let (mut left, mut right) = (wanted.split('\n'), found.split('\n'));
    let mut number = 0_usize;
    loop {
        number += 1;
        let (want, got) = (left.next(), right.next());
        if want != got {
            println!("expected   DIFFERS from {} in line {number}", expected.display());
            println!("  expected {}", want.unwrap_or("(end of file)"));
            println!("  found    {}", got.unwrap_or("(end of file)"));
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Request> {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        Request::parse(&arguments)
    }

    #[test]
    fn the_flow_must_be_named_and_the_batch_a_number() {
        let request = parse(&["x.csv", "--batch", "7", "--bbo"]).expect("good arguments");
        assert_eq!((request.batch, request.bbo), (7, true));
        assert!(parse(&[]).is_err());
        assert!(parse(&["x.csv", "--batch"]).is_err());
        assert!(parse(&["x.csv", "y.csv"]).is_err());
    }

    #[test]
    fn one_changed_byte_is_a_difference() {
        let folder = std::env::temp_dir().join(format!("xtask-lines-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a writable temporary folder");
        let (a, b) = (folder.join("a"), folder.join("b"));
        for (text, same) in [("1\n2", true), ("1\n3", false), ("1\n2\n", false)] {
            std::fs::write(&a, "1\n2").expect("writable");
            std::fs::write(&b, text).expect("writable");
            assert_eq!(same_lines(&a, &b).expect("readable"), same);
        }
        std::fs::remove_dir_all(&folder).expect("removable");
    }
}
