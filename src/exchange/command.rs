//! What the doors ask of the exchange: every door turns its call into commands.

use ids::{OrderId, UserId};
use matching::{MarketStatus, OrderState};
use money::{Money, Sum};

use super::ticket::Ticket;

/// One order to a market.
#[derive(Clone, Debug)]
pub struct Command {
    /// Whose it is.
    pub user: UserId,
    /// The market.
    pub symbol: String,
    /// What is to be done.
    pub action: Action,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Place a new order.
    New {
        ticket: Ticket,
        /// The row of the order, when a plain INSERT has stored it already.
        stored: Option<OrderId>,
    },
    /// Cancel a live order.
    Cancel(Target),
    /// Give a live order a new price, a new total amount, or both.
    Amend { target: Target, price: Option<Money>, amount: Option<Money> },
    /// Cancel every order of the market whose time has come.
    Expire,
    /// Nothing but what every command begins with: enter stops that are left.
    Stops,
    /// Set what the market allows, and say why; opening it uncrosses its book.
    SetStatus { status: MarketStatus, reason: Option<String> },
}

/// How a command names an order.
#[derive(Clone, Debug)]
pub enum Target {
    /// By its id.
    Id(OrderId),
    /// By its user and the user's own id for it.
    Client(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Id(id) => write!(f, "{}", id.0),
            Target::Client(id) => write!(f, "{id:?}"),
        }
    }
}

/// What a command did.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every command changes an order")]
pub enum Done {
    /// It changed its order.
    Changed {
        /// The order afterwards.
        order: OrderState,
        /// The order's fills, as far as this command made them.
        fills: Fills,
        /// The last trade of the market after this command.
        sequence: i64,
    },
    /// A new order that had been accepted before under the same client_order_id.
    Repeated(OrderId),
    /// It changed the market: how many orders have ended, or trades were made.
    Market(usize),
}

/// What fills of one order add up to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fills {
    /// Their quantity.
    pub filled: Sum,
    /// What is left of the order after them.
    pub remaining: Sum,
    /// Σ price × quantity.
    pub value: Sum,
    /// The order's own commission on them.
    pub commission: Sum,
}

impl Command {
    /// A new order.
    pub fn new(ticket: Ticket, stored: Option<OrderId>) -> Command {
        Command { user: ticket.user, symbol: ticket.symbol.clone(), action: Action::New { ticket, stored } }
    }

    /// A command to the market itself.
    pub fn market(symbol: &str, action: Action) -> Command {
        Command { user: UserId(0), symbol: symbol.to_owned(), action }
    }

    /// The order that it names, if it names one.
    pub fn target(&self) -> Option<&Target> {
        match &self.action {
            Action::New { .. } | Action::Expire | Action::Stops | Action::SetStatus { .. } => None,
            Action::Cancel(target) | Action::Amend { target, .. } => Some(target),
        }
    }

    /// The client_order_id that it carries or names.
    pub fn client_order_id(&self) -> Option<&str> {
        match &self.action {
            Action::New { ticket, .. } => ticket.client_order_id.as_deref(),
            Action::Cancel(Target::Client(id)) | Action::Amend { target: Target::Client(id), .. } => Some(id),
            Action::Cancel(_) | Action::Amend { .. } | Action::Expire | Action::Stops | Action::SetStatus { .. } => {
                None
            }
        }
    }
}
