//! `cargo demo`: from nothing to a running exchange that has matched a public order flow, and a bot that has traded in
//! it.

mod bot;
mod curve;
mod live;
mod show;

use std::path::{Path, PathBuf};

use crate::bulk::{self, Market};
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::flow::{self, Instruction};
use crate::install;
use crate::live_screen;
use crate::project::Project;
use crate::setup;

const MARKET: Market<'_> =
    Market { symbol: "BTC-USD", base: "BTC", quote: "USD", tick_decimals: 2, lot_decimals: 0, options: "" };
const DATABASE: &str = "bourse";
const USERS: u32 = 100;
/// What every user is given of each asset; enough for a flow of a million orders.
const FUNDS: u64 = 1_000_000_000;
const BATCH: u32 = 10_000;

/// What the reader asked for.
pub enum Request {
    /// Replay this flow, or the one that ships with the repository.
    Replay(Option<PathBuf>),
    /// Stop the server.
    Stop,
}

impl Request {
    /// Reads `[FILE | stop]`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        match arguments {
            [] => Ok(Self::Replay(None)),
            [word] if word == "stop" => Ok(Self::Stop),
            [file] => Ok(Self::Replay(Some(file.into()))),
            _ => Err(Failure::new("too many arguments", "cargo demo [FILE | stop]")),
        }
    }
}

/// Runs the demo, or stops its server.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    match request {
        Request::Stop => stop(project),
        Request::Replay(Some(file)) => replay(project, file),
        Request::Replay(None) => replay(project, &project.default_flow()),
    }
}

fn stop(project: &Project) -> Result<()> {
    let cluster = Cluster::open(project, "demo")?;
    let was_running = live_screen::stop(project)? | cluster.is_running()?;
    cluster.stop()?;
    println!(
        "{}",
        if was_running {
            "the demo's server is stopped; `cargo demo` starts it again"
        } else {
            "the demo's server does not run"
        }
    );
    Ok(())
}

fn replay(project: &Project, file: &Path) -> Result<()> {
    // A wrong path should be known before minutes of building.
    let messages = flow::read(file)?;
    println!("set up");
    setup::run(project)?;
    let cluster = Cluster::open(project, "demo")?;
    // A server must not run while its library is replaced under it.
    live_screen::stop(project)?;
    cluster.stop()?;
    install::run(project)?;
    let program = live_screen::build(project)?;
    cluster.start(&[("shared_buffers", "256MB")])?;
    let database = cluster.fresh_database(DATABASE)?;
    bulk::install(&database)?;
    MARKET.create(&database)?;
    let names = format!("SELECT format('user %s', n) FROM generate_series(1, {USERS}) AS n");
    let users = MARKET.fund(&database, &names, FUNDS, FUNDS)?;
    println!("replay {} messages of {} by {USERS} users on {}", messages.len(), flow::name(file), MARKET.symbol);
    let instructions = flow::translate(&messages);
    let user = |instruction: &Instruction| (instruction.key.order % USERS) as usize;
    let replay = bulk::replay(&database, &MARKET, &instructions, BATCH, |instruction| &users[user(instruction)])?;
    show::market(&database, MARKET.symbol)?;
    let seconds = replay.elapsed.as_secs_f64();
    println!(
        "\n{:.0} messages/s: {} messages copied in, matched, settled and committed in {seconds:.2} s",
        messages.len() as f64 / seconds,
        messages.len()
    );
    let names = format!("SELECT format('user %s of {}', n) FROM generate_series(1, {USERS}) AS n", bot::MARKET.symbol);
    let bot = bot::run(&database, &instructions, &names, FUNDS, user)?;
    bot::show(project, &database, &bot)?;
    show::verify(&database)?;
    live::start(project, &database, &program, &bot, MARKET.symbol)?;
    println!(
        "\nThe server keeps running:\n  psql -h {} -p {} -U postgres -d {DATABASE}\n  cargo demo stop",
        database.socket.display(),
        database.port
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_is_a_flow_or_stop() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            Request::parse(&words)
        };
        assert!(matches!(parse(&[]), Ok(Request::Replay(None))));
        assert!(matches!(parse(&["stop"]), Ok(Request::Stop)));
        assert!(matches!(parse(&["a.csv"]), Ok(Request::Replay(Some(_)))));
        assert!(parse(&["a.csv", "stop"]).is_err());
    }
}
