//! The stops of the queue: triggered, but not entered into the book yet, because one command enters only so many. The
//! queue is stored nowhere: it follows from the stops and from the trades after the last one whose stops have all
//! entered.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use matching::bounds::STEPS;
use matching::{Rules, Side, Tape};

use super::fields::{orders, trades};
use super::rows::OrderRow;
use super::tables;
use crate::pg::scan::{Key, Row};
use crate::pg::table::Table;

/// How many of those trades are looked at in one transaction.
const TRADES: usize = 20 * STEPS;

/// A stop at its place in the queue: by the trade that triggered it, then by its priority.
struct QueuedStop {
    trade: i64,
    order: OrderRow,
}

/// The first stops of the queue, as many as were asked for.
pub struct QueueHead {
    /// Each with the trade that triggered it.
    pub stops: Vec<(OrderRow, i64)>,
    /// The place in the queue, by trade and priority, at which they end: what stands there or behind has not been read.
    pub until: (i64, i64),
}

impl QueuedStop {
    fn place(&self) -> (i64, i64) {
        (self.trade, self.order.priority)
    }
}

impl PartialEq for QueuedStop {
    fn eq(&self, other: &QueuedStop) -> bool {
        self.place() == other.place()
    }
}

impl Eq for QueuedStop {}

impl PartialOrd for QueuedStop {
    fn partial_cmp(&self, other: &QueuedStop) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for QueuedStop {
    fn cmp(&self, other: &QueuedStop) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

/// Reads the first `most` stops of the queue. `looked`: the last trade whose stops have all entered.
pub fn read(symbol: &str, table: &mut Table, rules: &Rules, looked: i64, most: usize) -> QueueHead {
    let prices = prices_after(symbol, rules, looked);
    let behind = if prices.len() < TRADES { i64::MAX } else { looked + 1 + TRADES as i64 };
    let tape = Tape::new(looked + 1, &prices);
    let (mut until, mut first) = ((behind, i64::MIN), BinaryHeap::with_capacity(0));
    let Some((low, high)) = tape.prices() else { return QueueHead { stops: Vec::new(), until } };
    let index = table.index(c"idx_orders_pending");
    for side in [Side::Buy, Side::Sell] {
        // The lowest triggers of buys and the highest of sells are reached first.
        let keys = [Key::Text(symbol), Key::Text(side.as_str())];
        let mut cursor = table.cursor(index, &keys, side == Side::Sell);
        let each = |row: &Row<'_>| {
            let ticks = rules.ticks(row.amount(orders::at::stop_price));
            let stop = ticks.unwrap_or_else(|_| row.raise_corrupted(orders::at::stop_price));
            let priority = orders::of(row).priority();
            if stop > high && side == Side::Buy || stop < low && side == Side::Sell {
                return ControlFlow::Break(());
            }
            // One that has begun to trade was triggered before it was said to be accepted.
            let begun = orders::of(row).filled_amount() > money::Money::ZERO;
            let since = if begun { 0 } else { orders::of(row).accepted_sequence() };
            let Some(trade) = tape.first_reaching(since, side, stop).filter(|_| priority > 0) else {
                return ControlFlow::Continue(());
            };
            if (trade, priority) < until {
                first.push(QueuedStop { trade, order: OrderRow::read(row) });
            }
            if first.len() > most
                && let Some(last) = first.pop()
            {
                until = last.place();
            }
            ControlFlow::Continue(())
        };
        let mut each = each;
        while let Some(ControlFlow::Continue(())) = cursor.next(table, &mut each) {}
        cursor.close(table);
    }
    QueueHead { stops: first.into_iter().map(|queued| (queued.order, queued.trade)).collect(), until }
}

/// The prices of the trades after a sequence, in ticks. One from before a change of the tick may lie between two of
/// today's: no stop that is left is as old.
fn prices_after(symbol: &str, rules: &Rules, sequence: i64) -> Vec<i64> {
    let mut table = Table::open(&tables::TRADES);
    let index = table.index(c"trades_symbol_sequence_key");
    let mut prices = Vec::new();
    table.scan(index, &[Key::Text(symbol), Key::After(sequence)], |row| {
        prices.push(rules.whole_ticks(trades::of(row).price()));
        if prices.len() < TRADES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    table.close();
    prices
}
