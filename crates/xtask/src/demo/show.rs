//! What a person wants to see of a market: the ladder, the last trades, some balances, the proof.

use crate::failure::{Failure, Result};
use crate::psql::Database;
use crate::table;

const LEVELS: usize = 8;
const TRADES: usize = 5;
const SHOWN_USERS: usize = 4;

/// Prints the ladder, the last trades and a few balances.
pub fn market(database: &Database, symbol: &str) -> Result<()> {
    println!("\n{symbol}");
    ladder(database, symbol)?;
    trades(database, symbol)?;
    balances(database)
}

/// Prints that `verify()` is empty, or fails with what it found.
pub fn verify(database: &Database) -> Result<()> {
    let rows = database.rows("SELECT * FROM exchange.verify();\n")?;
    if rows.is_empty() {
        println!("verify(): 0 rows, every unit of money accounted for");
        return Ok(());
    }
    let found: Vec<String> = rows.iter().take(10).map(|row| row.join(" | ")).collect();
    Err(Failure::new(
        format!("verify(): {} rows\n  {}", rows.len(), found.join("\n  ")),
        "this is a defect of the exchange: report it with the flow",
    ))
}

/// Asks above bids, the best of both in the middle.
fn ladder(database: &Database, symbol: &str) -> Result<()> {
    let side = |side: &str| {
        database.rows(&format!(
            "SELECT '', trim_scale(amount), orders, price::numeric(20, 2) \
             FROM exchange.order_book('{symbol}', {LEVELS}) WHERE side = '{side}' ORDER BY price DESC;\n"
        ))
    };
    let (mut asks, mut bids) = (side("sell")?, side("buy")?);
    if asks.is_empty() && bids.is_empty() {
        println!("  the book is empty");
        return Ok(());
    }
    for (rows, best, name) in [(&mut asks, "best ask", "ask"), (&mut bids, "best bid", "bid")] {
        let at = if name == "ask" { rows.len().saturating_sub(1) } else { 0 };
        for (index, row) in rows.iter_mut().enumerate() {
            row[0] = if index == at { best } else { name }.to_owned();
        }
    }
    let mut rows = vec![table::row(&["", "size", "orders", "price"])];
    rows.append(&mut asks);
    rows.push(table::row(&["", "", "", "------"]));
    rows.append(&mut bids);
    print!("{}", table::layout(&rows, 1));
    Ok(())
}

fn trades(database: &Database, symbol: &str) -> Result<()> {
    println!("\nlast trades");
    let mut rows = vec![table::row(&["taker", "trade", "price", "size", "commission"])];
    rows.extend(database.rows(&format!(
        "SELECT taker_side, '#' || sequence, price::numeric(20, 2), trim_scale(amount), trim_scale(commission) \
         FROM exchange.trades WHERE symbol = '{symbol}' ORDER BY sequence DESC LIMIT {TRADES};\n"
    ))?);
    print!("{}", table::layout(&rows, 1));
    Ok(())
}

/// The users who have most at stake in open orders.
fn balances(database: &Database) -> Result<()> {
    println!("\nbalances");
    let mut rows = vec![table::row(&["user", "asset", "available", "in open orders"])];
    rows.extend(database.rows(&format!(
        "WITH shown AS (SELECT user_id FROM exchange.assets WHERE locked_amount > 0 \
         GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT {SHOWN_USERS}) \
         SELECT u.name, a.symbol, trim_scale(a.amount), trim_scale(a.locked_amount) \
         FROM shown JOIN exchange.assets a USING (user_id) JOIN identity.users u ON u.id = a.user_id \
         ORDER BY a.user_id, a.symbol;\n"
    ))?);
    print!("{}", table::layout(&rows, 2));
    Ok(())
}
