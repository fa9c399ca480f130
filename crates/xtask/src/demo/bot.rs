//! A bot that trades while the flow is replayed once more: its orders, its books, what they come to.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::bulk::{COPY, Market};
use crate::failure::{Failure, OrFail, Result};
use crate::flow::Instruction;
use crate::project::{self, Project};
use crate::psql::Database;
use crate::table;

use super::curve::{self, Snapshot};

/// A commission at which it can earn something.
pub const MARKET: Market<'_> = Market {
    symbol: "ETH-USD",
    base: "ETH",
    quote: "USD",
    tick_decimals: 2,
    lot_decimals: 0,
    options: ", maker_rate => 0, taker_rate => 0.0001",
};
const PROGRAM: &str = include_str!("bot.sql");
/// After so many parts of the flow it looks at the market.
const STEPS: usize = 200;
/// What it begins with.
const BALANCE: u32 = 100_000;

/// Replays the flow on its market step by step, with the bot in between; returns the bot.
pub fn run(
    database: &Database,
    instructions: &[Instruction],
    names: &str,
    funds: u64,
    user: impl Fn(&Instruction) -> usize + Sync,
) -> Result<String> {
    MARKET.create(database)?;
    let users = MARKET.fund(database, names, funds, funds)?;
    let owner = MARKET.fund(database, "VALUES ('owner of a bot')", 1, u64::from(BALANCE))?.concat();
    database.run(PROGRAM)?;
    let bot = database.rows(&format!(
        "SELECT trading.create_bot({owner}, 'market maker', '{{\"most\": 200}}', starting_balance => {BALANCE});\n"
    ))?;
    let bot = bot.concat().concat();
    let symbol = MARKET.symbol;
    let step = |out: &mut dyn Write, part: &[Instruction]| -> io::Result<()> {
        writeln!(out, "{COPY};")?;
        part.iter().try_for_each(|one| MARKET.write_row(out, &users[user(one)], one))?;
        writeln!(out, "\\.\nCALL exchange.match_orders();\nSELECT demo.trade({bot}, '{symbol}');")
    };
    database.script(
        |out| {
            writeln!(out, "SELECT trading.start_bot({bot});")?;
            instructions.chunks(instructions.len().div_ceil(STEPS).max(1)).try_for_each(|part| step(out, part))
        },
        |_| Ok(()),
    )?;
    Ok(bot)
}

/// Prints what the bot has come to, and draws its equity.
pub fn show(project: &Project, database: &Database, bot: &str) -> Result<()> {
    let snapshots = snapshots(database, bot)?;
    let folder = project.target.join("xtask");
    project::make_folder(&folder)?;
    let file: PathBuf = folder.join("demo-equity.svg");
    let title = format!("Equity of a bot on {}", MARKET.symbol);
    fs::write(&file, curve::draw(&title, &snapshots))
        .or_fail(|| format!("cannot write {}", file.display()), "check that the disk is writable and not full")?;
    println!("\na bot on {}, in the same flow", MARKET.symbol);
    let mut rows = vec![table::row(&["trades", "won", "net", "commission", "profit factor", "expectancy"])];
    rows.extend(database.rows(&format!(
        "SELECT s -> 'trades', round(100 * (s ->> 'win_rate')::numeric) || ' %', s -> 'net_pnl', commission, \
         round((s ->> 'profit_factor')::numeric, 2), round((s ->> 'expectancy')::numeric, 2) \
         FROM (SELECT analytics.trade_statistics(net_pnl, exit_time, {BALANCE}) AS s, \
         trim_scale(sum(commission)) AS commission FROM trading.trades WHERE bot_id = {bot} AND status = 'closed') t;\n"
    ))?);
    print!("{}", table::layout(&rows, 1));
    let mut rows = vec![table::row(&["steps", "equity", "total return", "max drawdown", "sharpe ratio of a step"])];
    rows.extend(database.rows(&format!(
        "SELECT (s ->> 'returns')::bigint + 1, (SELECT equity FROM trading.equity_snapshots WHERE bot_id = {bot} \
         ORDER BY at DESC LIMIT 1), round(100 * (s ->> 'total_return')::numeric, 3) || ' %', \
         round(100 * (s ->> 'max_drawdown')::numeric, 3) || ' %', round((s ->> 'sharpe_ratio')::numeric, 3) \
         FROM (SELECT analytics.return_statistics(r, at, 1) AS s FROM (SELECT at, \
         (equity / lag(equity) OVER (ORDER BY at) - 1)::float8 AS r FROM trading.equity_snapshots \
         WHERE bot_id = {bot}) e) t;\n"
    ))?);
    print!("{}", table::layout(&rows, 1));
    println!("its equity: {}", file.display());
    let broken = database.rows("SELECT * FROM trading.verify();\n")?;
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("trading.verify(): {broken:?}"), "this is a defect: report it with the flow"))
}

fn snapshots(database: &Database, bot: &str) -> Result<Vec<Snapshot>> {
    let rows = database.rows(&format!(
        "SELECT row_number() OVER (ORDER BY at), equity FROM trading.equity_snapshots WHERE bot_id = {bot} \
         ORDER BY at;\n"
    ))?;
    let number = |row: &[String], column: usize| {
        let text = row.get(column).map_or("", String::as_str);
        text.parse::<f64>().or_fail(|| format!("equity_snapshots: not a number: {text:?}"), "")
    };
    rows.iter().map(|row| Ok(Snapshot { step: number(row, 0)?, equity: number(row, 1)? })).collect()
}
