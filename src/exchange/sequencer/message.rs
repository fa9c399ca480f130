//! What passes through the ring: commands and answers as plain values of fixed size.

use matching::{Money, OrderId, UserId};
use pgrx::prelude::PgSqlErrorCode;

use super::super::command::{Action, Command, Target};
use super::super::result::OrderResult;
use super::super::ticket::{Body, Ticket};
use crate::error::{Answer, Failure};

/// Text of a fixed size. What does not fit is cut off at a character: only messages can be that long.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    length: u16,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// The text, as far as it fits.
    pub fn new(text: &str) -> Text<N> {
        let length = text.floor_char_boundary(N.min(text.len()));
        let mut bytes = [0; N];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Text { length: length as u16, bytes }
    }

    /// What was put in.
    pub fn read(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..usize::from(self.length)]).into_owned()
    }
}

/// A market's symbol has at most 20 characters, all of them ASCII (`markets_symbol_check`).
pub const SYMBOL_SIZE: usize = 20;
/// A client_order_id has at most 64 characters.
const CLIENT_ID_SIZE: usize = 64 * 4;

/// A command on its way to the sequencer.
#[derive(Clone, Copy)]
pub struct Request {
    user: UserId,
    symbol: Text<SYMBOL_SIZE>,
    client_order_id: Option<Text<CLIENT_ID_SIZE>>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    New(Body),
    Cancel(Option<OrderId>),
    Amend { order: Option<OrderId>, price: Option<Money>, amount: Option<Money> },
}

impl Request {
    /// The request for a command of a user; none for what the ring does not carry.
    pub fn of(command: &Command) -> Option<Request> {
        let id = |target: &Target| match target {
            Target::Id(id) => Some(*id),
            Target::Client(_) => None,
        };
        let what = match &command.action {
            Action::New { ticket, stored: None } => What::New(ticket.body),
            Action::Cancel(target) => What::Cancel(id(target)),
            Action::Amend { target, price, amount } => {
                What::Amend { order: id(target), price: *price, amount: *amount }
            }
            Action::New { .. } | Action::Expire | Action::Stops | Action::SetStatus(_) => return None,
        };
        let symbol = Text::new(&command.symbol);
        Some(Request { user: command.user, symbol, client_order_id: command.client_order_id().map(Text::new), what })
    }

    /// The command that was put in.
    pub fn command(&self) -> Command {
        let (user, symbol) = (self.user, self.symbol.read());
        let client_order_id = self.client_order_id.map(|id| id.read());
        let target = |id: Option<OrderId>| {
            id.map_or_else(|| Target::Client(client_order_id.clone().unwrap_or_default()), Target::Id)
        };
        let action = match self.what {
            What::New(body) => {
                let ticket = Ticket { user, symbol: symbol.clone(), client_order_id, body };
                Action::New { ticket, stored: None }
            }
            What::Cancel(order) => Action::Cancel(target(order)),
            What::Amend { order, price, amount } => Action::Amend { target: target(order), price, amount },
        };
        Command { user, symbol, action }
    }
}

/// What the sequencer answers: the order, or why not.
#[derive(Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "a slot is as large as the largest of its contents")]
pub enum Reply {
    /// It is done and durable.
    Done(OrderResult),
    /// It is refused and has changed nothing, or (08007) nobody knows.
    Refused { code: PgSqlErrorCode, message: Text<480>, hint: Text<240> },
}

impl Reply {
    /// The reply for an answer.
    pub fn of(answer: &Answer<OrderResult>) -> Reply {
        match answer {
            Ok(result) => Reply::Done(*result),
            Err(Failure { code, message, hint }) => {
                Reply::Refused { code: *code, message: Text::new(message), hint: Text::new(hint) }
            }
        }
    }

    /// The answer that was put in.
    pub fn answer(&self) -> Answer<OrderResult> {
        match self {
            Reply::Done(result) => Ok(*result),
            Reply::Refused { code, message, hint } => Err(Failure::new(*code, message.read(), hint.read())),
        }
    }
}
