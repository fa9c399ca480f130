//! The doors of the exchange, and what a flow has brought about behind them.

use std::collections::BTreeSet;

use crate::flow::{ARGUMENTS, Command, Order};
use crate::{Failure, Result, Session};

/// A way into the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `place_order`, one call for each order.
    Function,
    /// A plain INSERT for each order.
    Insert,
    /// COPY into `order_commands`, then `match_orders` in batches of this size.
    Bulk(u32),
    /// `submit_order`, `submit_cancel`, `submit_amend`: the server has preloaded the library.
    Sequencer,
}

/// The index and SQLSTATE of each command that was refused.
pub type Refusals = Vec<(usize, String)>;

impl Order {
    /// The call of `place_order`.
    #[must_use]
    pub fn call(&self) -> String {
        format!("exchange.place_order({})", self.literals())
    }

    /// The call of `submit_order`.
    #[must_use]
    pub fn submission(&self) -> String {
        format!("exchange.submit_order({})", self.literals())
    }

    /// The INSERT into `orders`.
    #[must_use]
    pub fn insert(&self) -> String {
        format!("INSERT INTO exchange.orders ({}) VALUES ({})", ARGUMENTS.join(", "), self.literals())
    }

    /// A line of COPY's text format for `order_commands`.
    fn line(&self) -> String {
        let columns = ARGUMENTS.map(|name| self.get(name).unwrap_or("\\N"));
        format!("new\t{}", columns.join("\t"))
    }
}

/// Sends commands through a door.
pub fn send(session: &mut Session, door: Door, commands: &[Command]) -> Result<Refusals> {
    if let Door::Bulk(batch) = door {
        return send_bulk(session, batch, commands);
    }
    let mut refused = Vec::new();
    for (n, command) in commands.iter().enumerate() {
        attempt(session, n, &statement(door, command), &mut refused)?;
    }
    Ok(refused)
}

/// Runs a statement that may be refused.
fn attempt(session: &mut Session, n: usize, sql: &str, refused: &mut Refusals) -> Result<()> {
    match session.run(sql) {
        Ok(()) => Ok(()),
        // What is broken is no refusal.
        Err(Failure { sqlstate: Some(sqlstate), .. }) if !sqlstate.starts_with("XX") => {
            refused.push((n, sqlstate));
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

fn statement(door: Door, command: &Command) -> String {
    let null = || "NULL".to_owned();
    let (cancel, amend) =
        if door == Door::Sequencer { ("submit_cancel", "submit_amend") } else { ("cancel_order", "amend_order") };
    match command {
        Command::New(order) if door == Door::Insert => order.insert(),
        Command::New(order) if door == Door::Sequencer => format!("SELECT {}", order.submission()),
        Command::New(order) => format!("SELECT {}", order.call()),
        Command::Cancel(user, client_id) => format!("SELECT exchange.{cancel}({user}, '{client_id}')"),
        // An order that is not there has the id 0, which names nothing.
        Command::Amend(user, client_id, price, amount) => format!(
            "SELECT exchange.{amend}(coalesce((SELECT id FROM exchange.orders
                 WHERE user_id = {user} AND client_order_id = '{client_id}'), 0), {}, {})",
            price.clone().unwrap_or_else(null),
            amount.clone().unwrap_or_else(null)
        ),
        Command::House(sql) => sql.clone(),
    }
}

fn send_bulk(session: &mut Session, batch: u32, commands: &[Command]) -> Result<Refusals> {
    let first =
        session.number("SELECT nextval(pg_get_serial_sequence('exchange.order_commands', 'id')::regclass)")? + 1;
    let mut refused = Vec::new();
    // The index of each command that went through the inbox, in order of its id.
    let (mut sent, mut lines) = (Vec::new(), Vec::new());
    for (n, command) in commands.iter().enumerate() {
        match command {
            Command::House(sql) => {
                drain(session, batch, &mut lines)?;
                attempt(session, n, sql, &mut refused)?;
            }
            _ => {
                lines.push(copy_line(command));
                sent.push(n);
            }
        }
    }
    drain(session, batch, &mut lines)?;
    let rejected =
        format!("SELECT command_id - {first}, sqlstate FROM exchange.command_rejections WHERE command_id >= {first}");
    for row in session.rows(&rejected)? {
        let place = row[0].parse::<usize>().ok().and_then(|at| sent.get(at));
        let n = *place.ok_or_else(|| Failure::new(format!("command {} was never sent", row[0])))?;
        refused.push((n, row[1].clone()));
    }
    refused.sort();
    Ok(refused)
}

fn drain(session: &mut Session, batch: u32, lines: &mut Vec<String>) -> Result<()> {
    let columns = ARGUMENTS.join(", ");
    session.copy_in(&format!("COPY exchange.order_commands (action, {columns}) FROM STDIN"), lines)?;
    lines.clear();
    session.run(&format!("CALL exchange.match_orders(NULL, {batch})"))?;
    match session.number("SELECT count(*) FROM exchange.order_commands")? {
        0 => Ok(()),
        left => Err(Failure::new(format!("match_orders left {left} commands"))),
    }
}

fn copy_line(command: &Command) -> String {
    let named = |user: &i64, client_id: &String| {
        Order::default().with("user_id", user).with("client_order_id", client_id).line()
    };
    match command {
        Command::New(order) => order.line(),
        Command::Cancel(user, client_id) => named(user, client_id).replacen("new", "cancel", 1),
        Command::Amend(user, client_id, price, amount) => {
            let mut order = Order::default().with("user_id", user).with("client_order_id", client_id);
            for (name, value) in [("price", price), ("amount", amount)] {
                if let Some(value) = value {
                    order = order.with(name, value);
                }
            }
            order.line().replacen("new", "amend", 1)
        }
        Command::House(_) => String::new(),
    }
}

/// Everything that a flow has brought about, without ids and times.
pub fn state(session: &mut Session) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, sql) in [
        (
            "trade",
            "SELECT t.symbol, t.sequence, b.client_order_id, s.client_order_id, t.price, t.amount, t.buyer_commission,
                    t.seller_commission, t.commission, t.taker_side
             FROM exchange.trades t JOIN exchange.orders b ON b.id = t.buy_order_id
             JOIN exchange.orders s ON s.id = t.sell_order_id ORDER BY t.symbol, t.sequence",
        ),
        (
            // Every column that there is. Of a stop that was triggered and cancelled in one batch nobody can tell.
            "order",
            "SELECT user_id, client_order_id, side, price, amount, filled_amount, status, order_type, cancel_reason,
                    status <> 'cancelled' AND triggered_at IS NOT NULL, ended_at IS NULL, traded_until = ended_at,
                    to_jsonb(o)
                    - '{id,user_id,client_order_id,created_at,updated_at,triggered_at,ended_at,traded_until}'::text[]
             FROM exchange.orders o ORDER BY user_id, client_order_id",
        ),
        (
            "amendment",
            "SELECT o.client_order_id, to_jsonb(a) - '{id,order_id,created_at}'::text[]
             FROM exchange.order_amendments a JOIN exchange.orders o ON o.id = a.order_id
             ORDER BY o.client_order_id, a.id",
        ),
        (
            "balance",
            "SELECT user_id, symbol, amount, locked_amount FROM exchange.assets
             WHERE amount <> 0 OR locked_amount <> 0 ORDER BY user_id, symbol",
        ),
        (
            "level",
            "SELECT m.symbol, b.* FROM exchange.markets m, exchange.order_book(m.symbol, 1000) b
             ORDER BY m.symbol, b.side, b.price",
        ),
        (
            "market",
            "SELECT symbol, status, last_priority, last_sequence, last_price FROM exchange.markets ORDER BY symbol",
        ),
    ] {
        lines.extend(session.lines(sql)?.iter().map(|line| format!("{name} {line}")));
    }
    Ok(lines)
}

/// The first lines that are in one state only, each with its state.
#[must_use]
pub fn differing(expected: &[String], found: &[String]) -> Vec<String> {
    let only = |a: &[String], b: &[String], name: &str| -> Vec<String> {
        let other: BTreeSet<&String> = b.iter().collect();
        a.iter().filter(|line| !other.contains(line)).take(6).map(|line| format!("\n{name}: {line}")).collect()
    };
    [only(expected, found, "expected"), only(found, expected, "found")].concat()
}
