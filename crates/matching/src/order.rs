//! Orders: what a client sends, what the book keeps, what is answered.

use crate::{Money, Rate};

/// Gives an enum its SQL spellings, both ways.
macro_rules! sql_names {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            /// The SQL spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The variant with this SQL spelling.
            #[must_use]
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use sql_names;

sql_names!(Side { Buy = "buy", Sell = "sell" });
sql_names!(OrderType { Limit = "limit", Market = "market", Stop = "stop", StopLimit = "stop_limit" });
sql_names!(TimeInForce { Gtc = "gtc", Ioc = "ioc", Fok = "fok", Gtd = "gtd" });
sql_names!(SelfTrade {
    None = "none",
    CancelTaker = "cancel_taker",
    CancelMaker = "cancel_maker",
    CancelBoth = "cancel_both",
    Decrement = "decrement",
});
sql_names!(Status { Open = "open", Filled = "filled", Cancelled = "cancelled" });
sql_names!(CancelReason { User = "user", Ioc = "ioc", SelfTradeTaker = "self_trade_taker" });

/// The id of an order, unique in the venue. Given by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub i64);

/// The id of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// Which side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// A bid: pays quote, receives base.
    Buy,
    /// An offer: pays base, receives quote.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// Whether an order of this side with this limit trades with a maker at `maker_price`.
    #[must_use]
    pub const fn crosses(self, limit: i64, maker_price: i64) -> bool {
        match self {
            Side::Buy => maker_price <= limit,
            Side::Sell => maker_price >= limit,
        }
    }
}

/// How the price of an order is given. Only limit orders are accepted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderType {
    /// Trades at its price or better.
    Limit,
    /// Trades at whatever price the book offers.
    Market,
    /// Becomes a market order when the last price reaches its stop price.
    Stop,
    /// Becomes a limit order when the last price reaches its stop price.
    StopLimit,
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// Good till cancelled: the rest waits in the book.
    Gtc,
    /// Immediate or cancel: the rest is cancelled at once.
    Ioc,
    /// Fill or kill: everything at once or nothing at all.
    Fok,
    /// Good till date.
    Gtd,
}

/// What happens when an order would trade with another order of the same user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTrade {
    /// They trade.
    None,
    /// The rest of the arriving order is cancelled.
    CancelTaker,
    /// The resting order is cancelled.
    CancelMaker,
    /// Both are cancelled.
    CancelBoth,
    /// Both shrink by the smaller of the two.
    Decrement,
}

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In the book.
    Open,
    /// Traded in full.
    Filled,
    /// Ended before it was filled.
    Cancelled,
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its owner asked for it.
    User,
    /// The rest of an immediate-or-cancel order.
    Ioc,
    /// It would have traded with its owner's own order.
    SelfTradeTaker,
}

/// The commission rates of one order, frozen when it is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Charged when the order rests and is hit.
    pub maker: Rate,
    /// Charged when the order arrives and trades.
    pub taker: Rate,
}

impl Rates {
    /// The larger of the two, never below zero: what a buy reserves for commission.
    #[must_use]
    pub fn reserve(self) -> Rate {
        self.maker.max(self.taker).max(Rate(0))
    }
}

/// An order as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder {
    /// Its id, given by the caller.
    pub id: OrderId,
    /// Its owner.
    pub user: UserId,
    /// Buy or sell.
    pub side: Side,
    /// The limit price.
    pub price: Money,
    /// The quantity in the base asset.
    pub amount: Money,
    /// Its type.
    pub order_type: OrderType,
    /// Its time in force.
    pub time_in_force: TimeInForce,
    /// What it does when it meets an order of its own user.
    pub self_trade: SelfTrade,
}

/// An order that has been accepted, as the book keeps it and the table stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub user: UserId,
    /// Buy or sell.
    pub side: Side,
    /// The limit price in ticks.
    pub price: i64,
    /// The whole quantity in lots, filled part included.
    pub amount: i64,
    /// What has traded, in lots.
    pub filled: i64,
    /// What it still locks: quote for a buy, base for a sell.
    pub reserved: Money,
    /// Its place in the queue of its price level: less is earlier.
    pub priority: i64,
    /// Its frozen commission rates.
    pub rates: Rates,
    /// What it does when it meets an order of its own user.
    pub self_trade: SelfTrade,
    /// Open, filled or cancelled.
    pub status: Status,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
}

impl OrderState {
    /// What has not traded yet, in lots.
    #[must_use]
    pub const fn remaining(&self) -> i64 {
        self.amount - self.filled
    }
}

/// What one call did to its own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The order afterwards.
    pub order: OrderState,
    /// How many of the market's trades the call made; they are the last ones.
    pub trades: usize,
}
