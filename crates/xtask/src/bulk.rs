//! The bulk door: COPY into `exchange.order_commands`, then `CALL exchange.match_orders`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::failure::{Failure, OrFail, Result};
use crate::flow::{Action, Instruction, Side};
use crate::psql::Database;

/// Rows of this statement are what [`write_row`] writes.
pub const COPY: &str = "COPY exchange.order_commands (action, user_id, symbol, client_order_id, \
     side, price, amount, time_in_force, self_trade_prevention) FROM STDIN";

/// A market that a flow is replayed on.
pub struct Market<'a> {
    /// For example `BTC-USD`.
    pub symbol: &'a str,
    /// The asset that is traded.
    pub base: &'a str,
    /// The asset that is paid.
    pub quote: &'a str,
    /// How many decimals the tick has: 2 for a tick of 0.01.
    pub tick_decimals: usize,
    /// How many decimals the lot has: 0 for a lot of 1.
    pub lot_decimals: usize,
    /// The further arguments of `create_market`.
    pub options: &'a str,
}

impl Market<'_> {
    /// Makes the market.
    pub fn create(&self, database: &Database) -> Result<()> {
        let Self { symbol, base, quote, options, .. } = self;
        let (tick, lot) = (self.price(1), self.amount(1));
        database.run(&format!(
            "SELECT exchange.create_market('{symbol}', '{base}', '{quote}', \
             tick_size => {tick}, lot_size => {lot}{options});\n"
        ))
    }

    /// Makes users of these names and funds each in both assets; returns their ids.
    pub fn fund(&self, database: &Database, names: &str, base: u64, quote: u64) -> Result<Vec<String>> {
        let rows = database.rows(&format!("INSERT INTO identity.users (name) {names} RETURNING id;\n"))?;
        let users: Vec<String> = rows.into_iter().flatten().collect();
        let list = users.join(",");
        database.run(&format!(
            "SELECT count(exchange.deposit(user_id, asset, amount, 'opening-' || asset || '-' || user_id))\n\
             FROM unnest('{{{list}}}'::bigint[]) AS user_id,\n\
             (VALUES ('{}', {base}), ('{}', {quote})) AS funds(asset, amount);\n",
            self.base, self.quote
        ))?;
        Ok(users)
    }

    /// A price in ticks as a decimal: 33041 is 330.41 for a tick of 0.01.
    pub fn price(&self, ticks: u32) -> String {
        decimal(ticks, self.tick_decimals)
    }

    /// An amount in lots as a decimal.
    pub fn amount(&self, lots: u32) -> String {
        decimal(lots, self.lot_decimals)
    }

    /// Writes one row of [`COPY`].
    pub fn write_row(&self, out: &mut dyn Write, user: &str, instruction: &Instruction) -> io::Result<()> {
        let action = match instruction.action {
            Action::New => "new",
            Action::Cancel => "cancel",
            Action::Amend => "amend",
        };
        let side = match instruction.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        };
        let time_in_force = if instruction.ioc { "ioc" } else { "gtc" };
        let symbol = self.symbol;
        let key = instruction.key;
        write!(out, "{action}\t{user}\t{symbol}\t{key}\t{side}\t")?;
        match instruction.action {
            Action::Cancel => write!(out, "\\N\t\\N")?,
            _ => write!(out, "{}\t{}", self.price(instruction.price), self.amount(instruction.amount))?,
        }
        writeln!(out, "\t{time_in_force}\tnone")
    }
}

/// Makes the extension and its tables in a fresh database.
pub fn install(database: &Database) -> Result<()> {
    database.run("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\n")
}

fn decimal(units: u32, decimals: usize) -> String {
    if decimals == 0 {
        return units.to_string();
    }
    let digits = format!("{units:0width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{whole}.{fraction}")
}

/// How a replay went.
pub struct Replay {
    /// The `order_commands.id` of the first instruction; the others follow without a gap.
    pub first_id: u64,
    /// From the first row of COPY to the end of the matching.
    pub elapsed: Duration,
}

/// Sends instructions through the bulk door and matches them.
pub fn replay<'a>(
    database: &Database,
    market: &Market<'_>,
    instructions: &[Instruction],
    batch: u32,
    user: impl Fn(&Instruction) -> &'a str + Sync,
) -> Result<Replay> {
    let start = Instant::now();
    database.copy_in(COPY, |out| instructions.iter().try_for_each(|i| market.write_row(out, user(i), i)))?;
    let copied = start.elapsed();
    let ids = database.rows("SELECT min(id), max(id), count(*) FROM exchange.order_commands;\n")?;
    let ids = ids.concat();
    let number = |index: usize| -> Result<u64> {
        let text = ids.get(index).map_or("", String::as_str);
        text.parse().or_fail(|| format!("order_commands: not a number: {text:?}"), "")
    };
    let (first_id, last_id, count) = (number(0)?, number(1)?, number(2)?);
    if last_id + 1 - first_id != count || count != instructions.len() as u64 {
        return Err(Failure::new(
            format!("{} instructions became {count} rows with ids {first_id} to {last_id}", instructions.len()),
            "nobody else may write to this database during a replay",
        ));
    }
    let start = Instant::now();
    database.run(&format!("CALL exchange.match_orders(batch_size => {batch});\n"))?;
    Ok(Replay { first_id, elapsed: copied + start.elapsed() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::OrderKey;

    const MARKET: Market<'_> =
        Market { symbol: "BTC-USD", base: "BTC", quote: "USD", tick_decimals: 2, lot_decimals: 0, options: "" };

    #[test]
    fn ticks_become_decimals_without_a_float() {
        assert_eq!(MARKET.price(33041), "330.41");
        assert_eq!(MARKET.price(7), "0.07");
        assert_eq!(MARKET.price(100), "1.00");
    }

    #[test]
    fn a_row_has_the_columns_of_the_copy_statement() {
        let instruction = Instruction {
            message: 0,
            action: Action::New,
            side: Side::Buy,
            ioc: true,
            key: OrderKey { order: 9, generation: 2 },
            price: 101,
            amount: 5,
        };
        let mut row = Vec::new();
        MARKET.write_row(&mut row, "3", &instruction).expect("a vector takes everything");
        assert_eq!(row, b"new\t3\tBTC-USD\t9#2\tbuy\t1.01\t5\tioc\tnone\n");
        let columns = COPY.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        let columns = columns.map(|(list, _)| list.split(',').count());
        assert_eq!(columns, Some(String::from_utf8_lossy(&row).split('\t').count()));
    }
}
