//! What the tables say about a replay, loaded once as streams.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::failure::{Failure, Result};
use crate::flow::{Action, Instruction, OrderKey};
use crate::psql::Database;

/// Why an order is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// By a command.
    User,
    /// The rest of an immediate-or-cancel order.
    Ioc,
}

/// One row of `exchange.orders`.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    id: u64,
    /// Its name.
    pub key: OrderKey,
    /// 0 = buy, 1 = sell.
    pub side: u8,
    /// The price it has now.
    pub price: u64,
    /// The amount it has now.
    pub amount: u64,
    /// The market's last trade sequence right after it was accepted.
    pub accepted_sequence: u64,
    /// Whether and why it is cancelled.
    pub cancelled: Option<Cancelled>,
}

/// One row of `exchange.order_amendments`.
#[derive(Clone, Copy, Debug)]
pub struct Amendment {
    order: u64,
    /// The price before.
    pub old_price: u64,
    /// The amount before.
    pub old_amount: u64,
    /// The price after.
    pub new_price: u64,
    /// The amount after.
    pub new_amount: u64,
    /// What was filled before.
    pub filled: u64,
    start_sequence: u64,
    end_sequence: u64,
}

impl Amendment {
    /// The sequences of the trades that this amendment made.
    pub fn window(&self) -> Range<u64> {
        self.start_sequence + 1..self.end_sequence + 1
    }
}

/// One row of `exchange.trades`.
#[derive(Clone, Copy, Debug)]
pub struct Trade {
    taker: u64,
    sequence: u64,
    /// Its price.
    pub price: u64,
    /// Its amount.
    pub amount: u64,
    maker: u64,
}

/// The tables of one replay.
pub struct Tables {
    orders: Vec<Order>,
    by_key: HashMap<OrderKey, usize>,
    /// Sorted by order, then by age.
    amendments: Vec<Amendment>,
    /// Sorted by taker, then by sequence.
    trades: Vec<Trade>,
    /// By the index of the instruction: why it was refused.
    refusals: BTreeMap<u64, String>,
}

impl Tables {
    /// Loads one market; `first_id` is the id of the first instruction.
    pub fn load(database: &Database, symbol: &str, first_id: u64) -> Result<Self> {
        let orders = load_orders(database, symbol)?;
        let by_key = (orders.iter().enumerate()).map(|(index, order)| (order.key, index)).collect();
        Ok(Self {
            orders,
            by_key,
            amendments: load_amendments(database, symbol)?,
            trades: load_trades(database, symbol)?,
            refusals: load_refusals(database, first_id)?,
        })
    }

    /// The order of this name.
    pub fn order(&self, key: OrderKey) -> Option<&Order> {
        self.orders.get(*self.by_key.get(&key)?)
    }

    /// The amendments of an order, oldest first.
    pub fn amendments(&self, order: &Order) -> &[Amendment] {
        slice(&self.amendments, |row| row.order, order.id)
    }

    /// The trades with a sequence in this range in which the order was the taker.
    pub fn taken(&self, order: &Order, sequences: &Range<u64>) -> &[Trade] {
        let own = slice(&self.trades, |row| row.taker, order.id);
        let from = own.partition_point(|trade| trade.sequence < sequences.start);
        let to = own.partition_point(|trade| trade.sequence < sequences.end);
        &own[from..to.max(from)]
    }

    /// The flow's name of the order that a trade was made against.
    pub fn maker(&self, trade: &Trade) -> Option<u32> {
        let order = slice(&self.orders, |row| row.id, trade.maker).first()?;
        Some(order.key.order)
    }

    /// Whether the instruction of this index was refused.
    pub fn is_refused(&self, index: usize) -> bool {
        self.refusals.contains_key(&(index as u64))
    }

    /// New orders that were refused, counted by reason: a flow has none.
    pub fn unexpected_refusals(&self, instructions: &[Instruction]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (index, reason) in &self.refusals {
            let instruction = instructions.get(*index as usize);
            if instruction.is_some_and(|i| i.action == Action::New) {
                *counts.entry(reason.as_str()).or_insert(0) += 1;
            }
        }
        counts
    }
}

/// The rows with this key, in a vector that is sorted by it.
fn slice<T>(rows: &[T], key: impl Fn(&T) -> u64, wanted: u64) -> &[T] {
    let from = rows.partition_point(|row| key(row) < wanted);
    let length = rows[from..].partition_point(|row| key(row) == wanted);
    &rows[from..from + length]
}

fn load_orders(database: &Database, symbol: &str) -> Result<Vec<Order>> {
    let mut orders = Vec::new();
    let query = format!(
        "SELECT id, client_order_id, side = 'sell', trim_scale(price), trim_scale(amount), \
         accepted_sequence, cancel_reason FROM exchange.orders WHERE symbol = '{symbol}' ORDER BY id"
    );
    database.copy_out(&query, |line| {
        let row = Row::new("orders", line);
        orders.push(Order {
            id: row.number(0)?,
            key: OrderKey::parse(row.text(1)).ok_or_else(|| row.bad(1))?,
            side: u8::from(row.text(2) == "t"),
            price: row.number(3)?,
            amount: row.number(4)?,
            accepted_sequence: row.number(5)?,
            cancelled: match row.text(6) {
                "user" => Some(Cancelled::User),
                "ioc" => Some(Cancelled::Ioc),
                "" => None,
                _ => return Err(row.bad(6)),
            },
        });
        Ok(())
    })?;
    Ok(orders)
}

fn load_amendments(database: &Database, symbol: &str) -> Result<Vec<Amendment>> {
    let mut amendments = Vec::new();
    let query = format!(
        "SELECT order_id, trim_scale(old_price), trim_scale(old_amount), trim_scale(new_price), \
         trim_scale(new_amount), trim_scale(filled_amount), start_sequence, end_sequence \
         FROM exchange.order_amendments WHERE symbol = '{symbol}' ORDER BY order_id, id"
    );
    database.copy_out(&query, |line| {
        let row = Row::new("order_amendments", line);
        amendments.push(Amendment {
            order: row.number(0)?,
            old_price: row.number(1)?,
            old_amount: row.number(2)?,
            new_price: row.number(3)?,
            new_amount: row.number(4)?,
            filled: row.number(5)?,
            start_sequence: row.number(6)?,
            end_sequence: row.number(7)?,
        });
        Ok(())
    })?;
    Ok(amendments)
}

fn load_trades(database: &Database, symbol: &str) -> Result<Vec<Trade>> {
    let mut trades = Vec::new();
    let query = format!(
        "SELECT CASE taker_side WHEN 'buy' THEN buy_order_id ELSE sell_order_id END, sequence, \
         trim_scale(price), trim_scale(amount), \
         CASE taker_side WHEN 'buy' THEN sell_order_id ELSE buy_order_id END \
         FROM exchange.trades WHERE symbol = '{symbol}' ORDER BY 1, 2"
    );
    database.copy_out(&query, |line| {
        let row = Row::new("trades", line);
        trades.push(Trade {
            taker: row.number(0)?,
            sequence: row.number(1)?,
            price: row.number(2)?,
            amount: row.number(3)?,
            maker: row.number(4)?,
        });
        Ok(())
    })?;
    Ok(trades)
}

fn load_refusals(database: &Database, first_id: u64) -> Result<BTreeMap<u64, String>> {
    let mut refusals = BTreeMap::new();
    // The reason quotes the refused value, so reasons are counted by SQLSTATE and hint.
    let query = format!("SELECT command_id - {first_id}, sqlstate, hint FROM exchange.command_rejections");
    database.copy_out(&query, |line| {
        let row = Row::new("command_rejections", line);
        refusals.insert(row.number(0)?, format!("{} {}", row.text(1), row.text(2)));
        Ok(())
    })?;
    Ok(refusals)
}

/// One line of COPY.
struct Row<'a> {
    table: &'static str,
    fields: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn new(table: &'static str, line: &'a str) -> Self {
        Self { table, fields: line.split('\t').collect() }
    }

    fn text(&self, index: usize) -> &'a str {
        self.fields.get(index).copied().unwrap_or_default()
    }

    fn number(&self, index: usize) -> Result<u64> {
        self.text(index).parse().map_err(|_| self.bad(index))
    }

    fn bad(&self, index: usize) -> Failure {
        Failure::new(
            format!(
                "exchange.{}: column {} of {:?} is nothing that a flow of whole lots can make",
                self.table,
                index + 1,
                self.fields.join(" | ")
            ),
            "",
        )
    }
}
