//! An order of one user and orders like it of many others, in one pass over the book. Who may have them placed is asked
//! by whoever calls; `sql/exchange/many.sql` has the signature.

use ids::UserId;
use matching::SelfTrade;
use money::Money;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::calls;
use super::carry_out::{carry_out_here, require_write};
use super::command::{Action, Command, Done};
use super::door_rule::Door;
use super::refusals;
use super::result;
use super::ticket::Ticket;
use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::results::Rows;
use crate::pg::value::Value;

const DOOR: Door = Door { call: "copy_on_exchange()", instead: "Have a gateway or a worker call it." };

/// What comes behind the arguments of `place_order()`.
const CANCELS: usize = 14;
const USERS: usize = 15;
const AMOUNTS: usize = 16;
const QUOTE_AMOUNTS: usize = 17;

/// An order of another user, by the one that all are like.
struct Other {
    user: i64,
    amount: Option<String>,
    quote_amount: Option<String>,
}

impl Other {
    fn read(arguments: &Arguments) -> Vec<Other> {
        let users: Vec<i64> = arguments.get(USERS).unwrap_or_default();
        let amounts: Vec<Option<String>> = arguments.get(AMOUNTS).unwrap_or_default();
        let quote_amounts: Vec<Option<String>> = arguments.get(QUOTE_AMOUNTS).unwrap_or_default();
        let of = |(user, (amount, quote_amount))| Other { user, amount, quote_amount };
        users.into_iter().zip(amounts.into_iter().zip(quote_amounts)).map(of).collect()
    }

    /// The same order in these amounts. It is called nothing, hides nothing, and ends before it trades with its user.
    fn command(&self, first: &Ticket) -> Answer<Command> {
        let mut ticket = first.clone();
        ticket.user = UserId(self.user);
        ticket.client_order_id = None;
        ticket.body.amount = money("amount", self.amount.as_deref())?;
        ticket.body.quote_amount = money("quote_amount", self.quote_amount.as_deref())?;
        ticket.body.display_amount = None;
        ticket.body.self_trade = SelfTrade::CancelTaker;
        Ok(Command::new(ticket, None))
    }
}

fn money(name: &str, text: Option<&str>) -> Answer<Option<Money>> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Failure::invalid(format!("{name} is {text}"), "Give an amount with up to 8 decimals."))
    };
    text.map(parse).transpose()
}

/// Cancels that find nothing any more are none; a first order that is refused is the caller's ERROR; every other one
/// has its own row.
#[pg_extern(sql = false)]
fn place_many(call: pg_sys::FunctionCallInfo) -> Result<Rows<10>, ErrorReport> {
    require_write(DOOR.call)?;
    let arguments = Arguments::of(call);
    let first = calls::new_order(&arguments)?;
    let Action::New { ticket, .. } = &first.action else { return Ok(Rows(Vec::new())) };
    let cancels: Vec<i64> = arguments.get(CANCELS).unwrap_or_default();
    let cancels = cancels.into_iter().filter_map(|id| calls::cancel_for_platform(Some(id)).ok());
    let mut commands: Vec<Command> = cancels.collect();
    let ahead = commands.len();
    commands.push(first.clone());
    for other in Other::read(&arguments) {
        commands.push(other.command(ticket)?);
    }
    let mut answers = carry_out_here(DOOR, &commands)?;
    if answers.len() < commands.len() {
        return Err(refusals::unknown_market(&first.symbol).into());
    }
    let answers = answers.split_off(ahead);
    let placed = commands.iter().skip(ahead).zip(answers).enumerate();
    placed.map(|(n, (command, answer))| row(n, command, answer)).collect::<Answer<_>>().map(Rows).map_err(Into::into)
}

fn row(n: usize, command: &Command, answer: Answer<Done>) -> Answer<[Value<'static>; 10]> {
    let number = Value::Int(n as i64);
    let failure = match answer {
        Ok(done) => {
            let [id, status, filled, remaining, average, commission, reason] = result::of(command, done)?.row().0;
            return Ok([number, id, status, filled, remaining, average, commission, reason, Value::Null, Value::Null]);
        }
        Err(failure) if n == 0 => return Err(failure),
        Err(failure) => failure,
    };
    let none = [(); 7].map(|()| Value::Null);
    let [id, status, filled, remaining, average, commission, reason] = none;
    let (sqlstate, message) = (Value::kept(&failure.sqlstate()), Value::kept(&failure.message));
    Ok([number, id, status, filled, remaining, average, commission, reason, sqlstate, message])
}
