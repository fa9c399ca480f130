//! What passes through the ring: commands and answers as plain values of fixed size.

use ids::{OrderId, UserId};
use money::Money;
use pgrx::prelude::PgSqlErrorCode;

use super::super::command::{Action, Command, Target};
use super::super::errand::{Errand, Piece, REFERENCE_LENGTH, Sweep, Transfer};
use super::super::result::OrderResult;
use super::super::ticket::{Body, Ticket};
use crate::error::{Answer, Failure};
use crate::pg::shared::Text;

/// A market's symbol has at most 20 characters, all of them ASCII (`markets_symbol_check`).
const SYMBOL_SIZE: usize = 20;
/// A client_order_id has at most 64 characters, a reference 128.
const NAME_SIZE: usize = REFERENCE_LENGTH * 4;
/// What is asked of the sequencer.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all of it is orders")]
pub enum Work {
    Order(Command),
    Errand(Errand),
}

/// Work as it lies in the ring, on its way to the sequencer: plain data of a fixed size.
#[derive(Clone, Copy)]
pub struct Request {
    user: UserId,
    /// The market; of a transfer the asset.
    symbol: Text<SYMBOL_SIZE>,
    /// The client_order_id; of a transfer the reference.
    name: Option<Text<NAME_SIZE>>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    New(Body),
    Cancel(Option<OrderId>),
    Amend { order: Option<OrderId>, price: Option<Money>, amount: Option<Money> },
    Sweep { after: OrderId, newest: OrderId },
    Transfer { to: UserId, amount: Money, login: u32 },
}

impl Request {
    /// The request for a piece of work; none for what the ring does not carry.
    pub fn of(work: &Work) -> Option<Request> {
        match work {
            Work::Order(command) => Request::of_order(command),
            Work::Errand(errand) => Request::of_errand(errand),
        }
    }

    fn of_order(command: &Command) -> Option<Request> {
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
            Action::New { .. } | Action::Expire | Action::Stops | Action::SetStatus { .. } => return None,
        };
        let symbol = symbol(&command.symbol)?;
        Some(Request { user: command.user, symbol, name: command.client_order_id().map(Text::new), what })
    }

    fn of_errand(errand: &Errand) -> Option<Request> {
        Some(match errand {
            Errand::Sweep(Sweep { user, symbol: market, after, newest }) => {
                let what = What::Sweep { after: *after, newest: *newest };
                Request { user: *user, symbol: symbol(market)?, name: None, what }
            }
            Errand::Transfer(Transfer { from, to, asset, amount, reference, login }) => Request {
                user: *from,
                symbol: symbol(asset)?,
                name: reference.as_deref().map(Text::new),
                what: What::Transfer { to: *to, amount: *amount, login: *login },
            },
        })
    }

    /// The work that was put in.
    pub fn work(&self) -> Work {
        let (user, symbol, name) = (self.user, self.symbol.read(), self.name.map(|name| name.read()));
        let target =
            |id: Option<OrderId>| id.map_or_else(|| Target::Client(name.clone().unwrap_or_default()), Target::Id);
        let action = match self.what {
            What::New(body) => {
                let ticket = Ticket { user, symbol: symbol.clone(), client_order_id: name, body };
                Action::New { ticket, stored: None }
            }
            What::Cancel(order) => Action::Cancel(target(order)),
            What::Amend { order, price, amount } => Action::Amend { target: target(order), price, amount },
            What::Sweep { after, newest } => {
                return Work::Errand(Errand::Sweep(Sweep { user, symbol, after, newest }));
            }
            What::Transfer { to, amount, login } => {
                let transfer = Transfer { from: user, to, asset: symbol, amount, reference: name, login };
                return Work::Errand(Errand::Transfer(transfer));
            }
        };
        Work::Order(Command { user, symbol, action })
    }
}

/// A symbol or asset; none for one that is too long: it is nobody's, and cut off it might become somebody's.
fn symbol(text: &str) -> Option<Text<SYMBOL_SIZE>> {
    (text.len() <= SYMBOL_SIZE).then(|| Text::new(text))
}

/// The result of work that was done.
#[derive(Clone, Copy)]
pub enum WorkOutcome {
    /// The order.
    Order(OrderResult),
    /// The id of a transfer.
    Number(i64),
    /// What a piece of a sweep has come to.
    Piece(Piece),
}

impl From<OrderResult> for WorkOutcome {
    fn from(result: OrderResult) -> WorkOutcome {
        WorkOutcome::Order(result)
    }
}

/// What the sequencer answers: the outcome, or why not.
#[derive(Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "a slot is as large as the largest of its contents")]
pub enum Reply {
    /// It is done and durable.
    Done(WorkOutcome),
    /// It is refused and has changed nothing, or (08007) nobody knows.
    Refused { code: PgSqlErrorCode, message: Text<480>, hint: Text<240> },
}

impl Reply {
    /// The reply for an answer.
    pub fn of<T: Into<WorkOutcome> + Copy>(answer: &Answer<T>) -> Reply {
        match answer {
            Ok(outcome) => Reply::Done((*outcome).into()),
            Err(Failure { code, message, hint }) => {
                Reply::Refused { code: *code, message: Text::new(message), hint: Text::new(hint) }
            }
        }
    }

    /// The answer that was put in.
    pub fn answer(&self) -> Answer<WorkOutcome> {
        match self {
            Reply::Done(outcome) => Ok(*outcome),
            Reply::Refused { code, message, hint } => Err(Failure::new(*code, message.read(), hint.read())),
        }
    }
}
