//! Messages become commands.
//!
//! Most messages are one command. A modify that leaves the price and does not raise the quantity
//! is two: `amend_order` would keep the order's priority, the flow says that it is lost, so the
//! order is cancelled and entered again as its next generation. A message for an order that is not
//! open is sent all the same: refusing it is the exchange's work.

use std::collections::HashMap;
use std::fmt;

use super::book::{Book, Resting, Side};
use super::{Kind, Message};

/// The name of an order in the exchange: the flow's name, and how often it came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The flow's name.
    pub order: u32,
    /// 1 for the first order of this name.
    pub generation: u32,
}

impl OrderKey {
    /// Reads a `client_order_id` back.
    pub fn parse(text: &str) -> Option<Self> {
        let (order, generation) = text.split_once('#').unwrap_or((text, "1"));
        Some(Self { order: order.parse().ok()?, generation: generation.parse().ok()? })
    }
}

/// The `client_order_id`: `17`, then `17#2`, `17#3`, …
impl fmt::Display for OrderKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            1 => write!(out, "{}", self.order),
            generation => write!(out, "{}#{generation}", self.order),
        }
    }
}

/// The action of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new order.
    New,
    /// Cancel an order.
    Cancel,
    /// Change an order's price and total amount.
    Amend,
}

/// One row of `exchange.order_commands`, in ticks and lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The index of its message in the flow.
    pub message: u32,
    /// What to do.
    pub action: Action,
    /// The side of the order.
    pub side: Side,
    /// Whether the rest is cancelled at once.
    pub ioc: bool,
    /// The order.
    pub key: OrderKey,
    /// The price in ticks.
    pub price: u32,
    /// The amount in lots; of an amend, the new total, what is filled included.
    pub amount: u32,
}

/// The commands of a whole flow, in order.
pub fn translate(messages: &[Message]) -> Vec<Instruction> {
    let mut translator = Translator::default();
    let mut instructions = Vec::with_capacity(messages.len());
    for message in messages {
        translator.translate(message, |instruction| instructions.push(instruction));
    }
    instructions
}

#[derive(Default)]
struct Translator {
    book: Book,
    generations: HashMap<u32, u32>,
    translated: u32,
}

impl Translator {
    /// Calls `emit` with the one or two commands of the next message.
    fn translate(&mut self, message: &Message, mut emit: impl FnMut(Instruction)) {
        let index = self.translated;
        self.translated += 1;
        let mut send = |action, generation, amount| {
            emit(Instruction {
                message: index,
                action,
                side: message.side,
                ioc: message.ioc,
                key: OrderKey { order: message.order, generation },
                price: message.price,
                amount,
            });
        };
        match message.kind {
            Kind::New => {
                let generation = self.next_generation(message.order);
                send(Action::New, generation, message.quantity);
                self.enter(message, 0);
            }
            Kind::Cancel => {
                self.book.remove(message.order);
                send(Action::Cancel, self.generation(message.order), 0);
            }
            Kind::Modify => match self.book.remove(message.order) {
                None => send(Action::Amend, self.generation(message.order), message.quantity),
                Some(old) if keeps_priority(&old, message) => {
                    send(Action::Cancel, self.generation(message.order), 0);
                    let generation = self.next_generation(message.order);
                    send(Action::New, generation, message.quantity);
                    self.enter(message, 0);
                }
                Some(old) => {
                    let total = old.filled + message.quantity;
                    send(Action::Amend, self.generation(message.order), total);
                    self.enter(message, old.filled);
                }
            },
        }
    }

    fn enter(&mut self, message: &Message, filled: u32) {
        let resting = Resting { side: message.side, price: message.price, open: message.quantity, filled };
        self.book.enter(message.order, resting, message.ioc);
    }

    /// The generation that was sent last; 1 for a name that was never sent.
    fn generation(&self, order: u32) -> u32 {
        self.generations.get(&order).copied().unwrap_or(1)
    }

    fn next_generation(&mut self, order: u32) -> u32 {
        let generation = self.generations.entry(order).or_insert(0);
        *generation += 1;
        *generation
    }
}

/// `amend_order` keeps the priority of an order that stays at its price and does not grow.
fn keeps_priority(old: &Resting, message: &Message) -> bool {
    old.price == message.price && message.quantity <= old.open
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::flow;

    fn message(kind: Kind, side: Side, quantity: u32, order: u32, price: u32) -> Message {
        Message { seq: 0, kind, side, ioc: false, quantity, order, price }
    }

    fn commands(messages: &[Message]) -> Vec<(u32, Action, String, u32)> {
        translate(messages).iter().map(|c| (c.message, c.action, c.key.to_string(), c.amount)).collect()
    }

    #[test]
    fn an_amend_names_the_total_with_what_is_filled() {
        let sent = commands(&[
            message(Kind::New, Side::Sell, 10, 1, 100),
            message(Kind::New, Side::Buy, 4, 2, 100),
            message(Kind::Modify, Side::Sell, 7, 1, 101),
        ]);
        assert_eq!(sent[2], (2, Action::Amend, "1".into(), 11));
    }

    #[test]
    fn a_modify_that_would_keep_priority_is_a_cancel_and_a_new_order() {
        let sent = commands(&[
            message(Kind::New, Side::Sell, 10, 1, 100),
            message(Kind::Modify, Side::Sell, 10, 1, 100),
            message(Kind::Cancel, Side::Sell, 10, 1, 100),
        ]);
        assert_eq!(sent[1], (1, Action::Cancel, "1".into(), 0));
        assert_eq!(sent[2], (1, Action::New, "1#2".into(), 10));
        assert_eq!(sent[3], (2, Action::Cancel, "1#2".into(), 0));
    }

    #[test]
    fn a_name_that_comes_back_is_the_next_generation() {
        let sent = commands(&[
            message(Kind::New, Side::Sell, 10, 1, 100),
            message(Kind::New, Side::Buy, 10, 2, 100),
            message(Kind::New, Side::Sell, 5, 1, 100),
        ]);
        assert_eq!(sent[2], (2, Action::New, "1#2".into(), 5));
    }

    #[test]
    fn a_message_for_a_closed_or_unknown_order_is_sent_all_the_same() {
        let sent = commands(&[
            message(Kind::New, Side::Sell, 10, 1, 100),
            message(Kind::Cancel, Side::Sell, 10, 1, 100),
            message(Kind::Modify, Side::Sell, 10, 1, 100),
            message(Kind::Cancel, Side::Sell, 10, 9, 100),
        ]);
        assert_eq!(sent[2], (2, Action::Amend, "1".into(), 10));
        assert_eq!(sent[3], (3, Action::Cancel, "9".into(), 0));
    }

    #[test]
    fn the_senders_book_follows_the_public_flows() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for name in ["normal_s23_n5000", "swing-25_s23_n5000"] {
            let flow = root.join(format!("tests/data/matching-engine-benchmark/{name}.messages.csv"));
            let bbo = flow::sibling(&flow, ".bbo.csv").expect("it ships with the flow");
            let expected = std::fs::read_to_string(bbo).expect("readable");
            let mut rows = expected.lines().skip(1);
            let mut translator = Translator::default();
            for message in flow::read(&flow).expect("a good flow") {
                translator.translate(&message, |_| {});
                let row = format!("{},{}", message.seq, translator.book.summary());
                assert_eq!(rows.next(), Some(row.as_str()), "{name}");
            }
            assert_eq!(rows.next(), None, "{name}");
        }
    }

    #[test]
    fn the_name_of_an_order_can_be_read_back() {
        for key in ["7", "7#2"] {
            assert_eq!(OrderKey::parse(key).map(|k| k.to_string()), Some(key.into()));
        }
        assert_eq!(OrderKey::parse("x"), None);
    }
}
