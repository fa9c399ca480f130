//! How much of each side of a book a set of commands can reach.

use std::collections::HashMap;

use matching::book::IdMap;
use matching::{Money, OrderId, Side, UserId};

use super::command::{Action, Command, Target};
use super::rows::OrderRow;
use super::ticket::Ticket;

/// What arriving orders can take from one side of a book.
pub struct Demand {
    /// The most aggressive limit price.
    pub limit: Money,
    /// What the loaded part of the side must hold at least, to outweigh all that arrives.
    pub amount: Money,
}

/// The demand on every side of every market.
pub struct Demands<'a>(HashMap<(&'a str, Side), Demand>);

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
                    demands.add(&command.symbol, ticket.side, ticket.price, ticket.amount);
                }
                // An amended order may enter its side again with the whole of its amount.
                Action::Amend { target, price, amount } => {
                    let stored = match target {
                        Target::Id(id) => named.get(id),
                        Target::Client(id) => client_ids.get(&(command.user, id.clone())).and_then(|id| named.get(id)),
                    };
                    let arriving = command.client_order_id().and_then(|id| placed.get(&(command.user, id)).copied());
                    if let Some(ticket) = stored.map(|o| &o.ticket).or(arriving) {
                        let (price, amount) = (price.unwrap_or(ticket.price), amount.unwrap_or(ticket.amount));
                        demands.add(&command.symbol, ticket.side, price, amount);
                    }
                }
                Action::Cancel(_) => {}
            }
        }
        demands.add_leaving(named);
        demands
    }

    /// The demand on one side of a market, if anything arrives on the other.
    pub fn on(&self, symbol: &'a str, side: Side) -> Option<&Demand> {
        self.0.get(&(symbol, side))
    }

    fn add(&mut self, symbol: &'a str, arriving: Side, price: Money, amount: Money) {
        let none = Demand { limit: price, amount: Money::ZERO };
        let demand = self.0.entry((symbol, arriving.opposite())).or_insert(none);
        demand.limit = match arriving {
            Side::Buy => demand.limit.max(price),
            Side::Sell => demand.limit.min(price),
        };
        demand.amount += amount;
    }

    /// Orders that commands name can leave their side before they are reached: they outweigh nothing.
    fn add_leaving(&mut self, named: &'a IdMap<OrderId, OrderRow>) {
        for order in named.values() {
            if let Some(demand) = self.0.get_mut(&(order.ticket.symbol.as_str(), order.ticket.side)) {
                demand.amount += order.ticket.amount - order.filled;
            }
        }
    }
}
