//! The canonical reports of a flow, in the benchmark's format:
//!
//! `0,seq,side,order,price,qty` accepted · `1,seq,price,qty,maker,taker` trade ·
//! `2,seq,side,order,price` cancelled, also the rest of an IOC · `3,seq,side,order,price,qty`
//! modified · `4,seq,order` cancel refused · `5,seq,order` modify refused; sorted by (seq, kind).
//! A line is written only when the tables say so; only `seq` is the flow's.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::tables::{Cancelled, Order, Tables};
use crate::failure::{OrFail, Result};
use crate::flow::{Action, Instruction, Kind, Message, OrderKey};

/// What was written.
pub struct Summary {
    /// How many reports.
    pub lines: usize,
    /// The digest of the file, in hexadecimal.
    pub sha256: String,
}

/// A report and its kind, by which the reports of one message are sorted.
type Report = (u8, String);

/// Writes the reports of a replay; there is no newline after the last, as in the benchmark's files.
pub fn write(path: &Path, messages: &[Message], instructions: &[Instruction], tables: &Tables) -> Result<Summary> {
    let cannot = || format!("cannot write {}", path.display());
    let file = File::create(path).or_fail(cannot, "check the target folder")?;
    let mut out = BufWriter::new(file);
    let mut hasher = Sha256::new();
    let mut lines = 0;
    let mut author = Author { tables, amended: HashMap::new() };
    let mut next = 0;
    for (index, message) in messages.iter().enumerate() {
        let from = next;
        while instructions.get(next).is_some_and(|i| i.message as usize == index) {
            next += 1;
        }
        let mut reports = author.reports(message, instructions, from..next);
        reports.sort_by_key(|(kind, _)| *kind);
        for (_, report) in reports {
            let separator = if lines == 0 { "" } else { "\n" };
            let text = format!("{separator}{report}");
            hasher.update(text.as_bytes());
            out.write_all(text.as_bytes()).or_fail(cannot, "check the target folder")?;
            lines += 1;
        }
    }
    out.flush().or_fail(cannot, "check the target folder")?;
    let digest = hasher.finalize();
    Ok(Summary { lines, sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect() })
}

struct Author<'a> {
    tables: &'a Tables,
    /// How many amendments of an order are told already.
    amended: HashMap<OrderKey, usize>,
}

impl Author<'_> {
    fn reports(&mut self, message: &Message, instructions: &[Instruction], range: Range<usize>) -> Vec<Report> {
        let mut reports = Vec::new();
        for index in range {
            let instruction = &instructions[index];
            if self.tables.is_refused(index) {
                reports.extend(refusal(message));
                continue;
            }
            let Some(order) = self.tables.order(instruction.key) else {
                continue;
            };
            match (message.kind, instruction.action) {
                (Kind::New, _) => self.accepted(message, order, &mut reports),
                (Kind::Cancel, _) => reports.extend(cancellation(message, order, Cancelled::User)),
                (Kind::Modify, Action::Amend) => self.amended(message, order, &mut reports),
                // The cancel half of a modify is told by the new order that follows it.
                (Kind::Modify, Action::Cancel) => {}
                (Kind::Modify, Action::New) => self.reentered(message, order, &mut reports),
            }
        }
        reports
    }

    fn accepted(&self, message: &Message, order: &Order, reports: &mut Vec<Report>) {
        let first = self.tables.amendments(order).first();
        let (price, amount) =
            first.map_or((order.price, order.amount), |amendment| (amendment.old_price, amendment.old_amount));
        let Order { side, key, .. } = order;
        let (seq, name) = (message.seq, key.order);
        reports.push((0, format!("0,{seq},{side},{name},{price},{amount}")));
        self.trades(message, order, 0..order.accepted_sequence + 1, reports);
        reports.extend(cancellation(message, order, Cancelled::Ioc));
    }

    fn amended(&mut self, message: &Message, order: &Order, reports: &mut Vec<Report>) {
        let told = self.amended.entry(order.key).or_insert(0);
        let Some(amendment) = self.tables.amendments(order).get(*told) else {
            return;
        };
        *told += 1;
        let open = amendment.new_amount.saturating_sub(amendment.filled);
        let Order { side, key, .. } = order;
        let (seq, name, price) = (message.seq, key.order, amendment.new_price);
        reports.push((3, format!("3,{seq},{side},{name},{price},{open}")));
        self.trades(message, order, amendment.window(), reports);
    }

    fn reentered(&self, message: &Message, order: &Order, reports: &mut Vec<Report>) {
        let before = OrderKey { generation: order.key.generation - 1, ..order.key };
        let before = self.tables.order(before);
        if before.is_none_or(|order| order.cancelled != Some(Cancelled::User)) {
            return;
        }
        self.accepted(message, order, reports);
        // Entered again is not accepted again.
        for (kind, report) in reports.iter_mut().filter(|(kind, _)| *kind == 0) {
            *kind = 3;
            report.replace_range(0..1, "3");
        }
    }

    fn trades(&self, message: &Message, taker: &Order, sequences: Range<u64>, reports: &mut Vec<Report>) {
        for trade in self.tables.taken(taker, &sequences) {
            let maker = self.tables.maker(trade).unwrap_or_default();
            let (seq, name) = (message.seq, taker.key.order);
            let (price, amount) = (trade.price, trade.amount);
            reports.push((1, format!("1,{seq},{price},{amount},{maker},{name}")));
        }
    }
}

fn cancellation(message: &Message, order: &Order, reason: Cancelled) -> Option<Report> {
    let Order { side, key, price, .. } = order;
    let (seq, name) = (message.seq, key.order);
    (order.cancelled == Some(reason)).then(|| (2, format!("2,{seq},{side},{name},{price}")))
}

/// A refused new order has no report: it is missing, and so found.
fn refusal(message: &Message) -> Option<Report> {
    let (seq, order) = (message.seq, message.order);
    match message.kind {
        Kind::New => None,
        Kind::Cancel => Some((4, format!("4,{seq},{order}"))),
        Kind::Modify => Some((5, format!("5,{seq},{order}"))),
    }
}
