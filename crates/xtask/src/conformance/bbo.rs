//! The best bid and offer after each message: the flow is replayed with a batch boundary at every
//! row of the expected file, and the exchange is asked there.

use std::io::{self, Write};
use std::path::Path;

use super::{MARKET, OpenMarket, open_market};
use crate::bulk;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::flow::{self, Instruction, Message};
use crate::project;

/// Replays the flow and compares every row; shows the first difference.
pub fn check(cluster: &Cluster, file: &Path) -> Result<bool> {
    let expected = flow::sibling(file, ".bbo.csv").ok_or_else(|| {
        Failure::new(
            format!("no {}.bbo.csv beside the flow", flow::name(file)),
            "leave --bbo out, or put the expected file there",
        )
    })?;
    let text = project::read_text(&expected)?;
    let rows: Vec<&str> = text.lines().skip(1).collect();
    let ends = rows.iter().map(|row| sequence(row)).collect::<Result<Vec<u32>>>()?;
    let messages = flow::read(file)?;
    let instructions = flow::translate(&messages);
    let market = open_market(cluster, "bbo")?;
    let mut found = Vec::new();
    market.database.script(
        |out| write_script(out, &market, &messages, &instructions, &ends),
        |line| {
            found.push(line.to_owned());
            Ok(())
        },
    )?;
    let same = rows.iter().zip(&found).take_while(|(a, b)| a == b).count();
    if same == rows.len() && same == found.len() {
        println!("bbo        {same} rows equal {}", expected.display());
        return Ok(true);
    }
    println!("bbo        DIFFERS from {} after {same} rows", expected.display());
    println!("  expected {}", rows.get(same).unwrap_or(&"(end of file)"));
    println!("  found    {}", found.get(same).map_or("(end of file)", String::as_str));
    Ok(false)
}

fn sequence(row: &str) -> Result<u32> {
    let (seq, _) = row.split_once(',').unwrap_or((row, ""));
    seq.parse().or_fail(
        || format!("the bbo file has the row {row:?}"),
        "each row must read seq,best_bid,bid_qty,best_ask,ask_qty,open_orders",
    )
}

fn write_script(
    out: &mut dyn Write,
    market: &OpenMarket,
    messages: &[Message],
    instructions: &[Instruction],
    ends: &[u32],
) -> io::Result<()> {
    let symbol = MARKET.symbol;
    // Durability is not what is measured here, and there is a commit for every row.
    writeln!(out, "SET synchronous_commit = off;")?;
    let mut rest = instructions.iter().peekable();
    for end in ends {
        writeln!(out, "{};", bulk::COPY)?;
        while let Some(instruction) = rest.next_if(|i| messages[i.message as usize].seq <= *end) {
            MARKET.write_row(out, market.user(instruction), instruction)?;
        }
        writeln!(out, "\\.")?;
        writeln!(out, "CALL exchange.match_orders();")?;
        writeln!(
            out,
            "SELECT format('{end},%s,%s,%s,%s,%s', trim_scale(bid_price), \
             coalesce(trim_scale(bid_amount), 0), trim_scale(ask_price), \
             coalesce(trim_scale(ask_amount), 0), \
             (SELECT count(*) FROM exchange.orders WHERE symbol = '{symbol}' AND status = 'open')) \
             FROM (VALUES (1)) AS one LEFT JOIN exchange.best_bid_offer('{symbol}') ON true;"
        )?;
    }
    Ok(())
}
