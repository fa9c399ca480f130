//! How much of each side of a book a set of commands can trade with, at most.

use std::collections::HashMap;

use ids::{IdMap, OrderId, UserId};
use matching::Side;
use money::{Money, Sum};

use super::command::{Action, Command, Target};
use super::rows::OrderRow;
use super::ticket::Ticket;

/// What arriving orders can take from one side of a book.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demand {
    /// The limit price that goes furthest into the side; `None`: any price.
    pub limit: Option<Money>,
    /// The sum of the budgets of those orders that have a budget (quote_amount) instead of a quantity: so much price ×
    /// quantity they can take, from the best price on.
    pub value: Sum,
    /// The sum of the quantities of the others: so much they can take behind that.
    pub amount: Sum,
}

/// One arriving order, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its side.
    pub side: Side,
    /// Its limit; `None`: any price.
    pub limit: Option<Money>,
    /// Its quantity.
    pub amount: Money,
    /// Its budget.
    pub value: Money,
}

/// The demand on every side of every market.
pub struct Demands<'a>(HashMap<(&'a str, Side), Demand>);

impl Demand {
    /// The demand with one more arriving order.
    pub fn with(demand: Option<Demand>, arrival: &Arrival) -> Demand {
        let Arrival { side, limit, amount, value } = *arrival;
        let Some(demand) = demand else { return Demand { limit, amount: amount.into(), value: value.into() } };
        let further = |a: Money, b: Money| if side == Side::Buy { a.max(b) } else { a.min(b) };
        let limit = demand.limit.zip(limit).map(|(a, b)| further(a, b));
        Demand { limit, amount: demand.amount + amount, value: demand.value + value }
    }
}

impl Arrival {
    /// A ticket that arrives, or that may when it is triggered.
    pub fn of(ticket: &Ticket) -> Arrival {
        // What is not positive will be refused: it takes nothing.
        let taken = |given: Option<Money>| given.unwrap_or_default().max(Money::ZERO);
        let (amount, value) = (taken(ticket.body.amount), taken(ticket.body.quote_amount));
        Arrival { side: ticket.body.side, limit: ticket.body.price, amount, value }
    }
}

impl<'a> Demands<'a> {
    /// Adds up what the commands bring.
    pub fn of(
        commands: &'a [Command],
        named: &'a IdMap<OrderId, OrderRow>,
        client_ids: &HashMap<(UserId, String), OrderId>,
    ) -> Demands<'a> {
        let mut demands = Demands(HashMap::new());
        let mut placed: HashMap<(UserId, &str), &Ticket> = HashMap::new();
        for command in commands {
            match &command.action {
                Action::New { ticket, .. } => {
                    if let Some(id) = &ticket.client_order_id {
                        placed.insert((ticket.user, id), ticket);
                    }
                    demands.add(&command.symbol, &Arrival::of(ticket));
                }
                // An amended order may enter its side again with the whole of its amount.
                Action::Amend { target, price, amount } => {
                    let stored = match target {
                        Target::Id(id) => named.get(id),
                        Target::Client(id) => client_ids.get(&(command.user, id.clone())).and_then(|id| named.get(id)),
                    };
                    let arriving = command.client_order_id().and_then(|id| placed.get(&(command.user, id)).copied());
                    if let Some(ticket) = stored.map(|o| &o.ticket).or(arriving) {
                        let before = Arrival::of(ticket);
                        let amount = amount.unwrap_or(before.amount).max(Money::ZERO);
                        demands.add(&command.symbol, &Arrival { limit: price.or(before.limit), amount, ..before });
                    }
                }
                Action::Cancel(_) | Action::Expire | Action::Stops | Action::SetStatus { .. } => {}
            }
        }
        demands
    }

    /// The demand on one side of a market, if anything arrives on the other.
    pub fn on(&self, symbol: &'a str, side: Side) -> Option<Demand> {
        self.0.get(&(symbol, side)).copied()
    }

    fn add(&mut self, symbol: &'a str, arrival: &Arrival) {
        let key = (symbol, arrival.side.opposite());
        let demand = Demand::with(self.0.get(&key).copied(), arrival);
        self.0.insert(key, demand);
    }
}
