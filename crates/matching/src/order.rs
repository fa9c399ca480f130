//! Orders: what a client sends, what the book keeps, what is answered.

use ids::{OrderId, UserId};
use money::{Money, Rate};

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
sql_names!(Status { Open = "open", Pending = "pending", Filled = "filled", Cancelled = "cancelled" });
sql_names!(CancelReason {
    User = "user",
    Ioc = "ioc",
    NoLiquidity = "no_liquidity",
    Budget = "budget",
    Expired = "expired",
    SelfTradeTaker = "self_trade_taker",
    SelfTradeMaker = "self_trade_maker",
    PriceBand = "price_band",
    FillOrKill = "fok",
    PostOnly = "post_only",
    Unsettleable = "unsettleable",
    StepLimit = "step_limit",
});

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

/// How the price of an order is given.
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
    /// A stop that waits for its trigger.
    Pending,
    /// Traded in full.
    Filled,
    /// Ended before it was filled.
    Cancelled,
}

impl Status {
    /// Whether the order can still trade, be cancelled and be amended.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Status::Open | Status::Pending)
    }
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its owner asked for it.
    User,
    /// The rest of an immediate-or-cancel order.
    Ioc,
    /// The rest of a market order: the book had no more.
    NoLiquidity,
    /// The rest of a buy whose budget is used up.
    Budget,
    /// Its time had come.
    Expired,
    /// It arrived and would have traded with its owner's own order.
    SelfTradeTaker,
    /// It rested and an order of its own owner would have traded with it.
    SelfTradeMaker,
    /// It would have traded outside the price band.
    PriceBand,
    /// A triggered fill-or-kill order that could not be filled.
    FillOrKill,
    /// A triggered post-only order that would have taken.
    PostOnly,
    /// Its owner's account had no room for what a trade would have brought.
    Unsettleable,
    /// The rest of an order that must not rest, when it has taken as many steps as one command may.
    StepLimit,
}

/// The commission rates of one order, frozen when it is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Charged when the order rests and is hit; negative: a rebate.
    pub maker: Rate,
    /// Charged when the order arrives and trades; never negative.
    pub taker: Rate,
}

impl Rates {
    /// The larger of the two, never below zero: what a buy reserves for commission.
    #[must_use]
    pub fn reserve(self) -> Rate {
        self.maker.max(self.taker).max(Rate::ZERO)
    }
}

/// An order as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder {
    /// Its id, given by the caller, unique.
    pub id: OrderId,
    /// Its owner.
    pub user: UserId,
    /// Buy or sell.
    pub side: Side,
    /// The limit price; none for market and stop orders.
    pub price: Option<Money>,
    /// The quantity in the base asset.
    pub amount: Option<Money>,
    /// Instead of a quantity, what a market buy may spend, commission included.
    pub quote_amount: Option<Money>,
    /// Its type.
    pub order_type: OrderType,
    /// Its time in force.
    pub time_in_force: TimeInForce,
    /// What it does when it meets an order of its own user.
    pub self_trade: SelfTrade,
    /// Refused rather than let it trade on arrival.
    pub post_only: bool,
    /// The last price that triggers a stop.
    pub stop_price: Option<Money>,
    /// How much of it the book shows at a time.
    pub display_amount: Option<Money>,
    /// When a good-till-date order ends, in microseconds of the caller's clock.
    pub expires_at: Option<i64>,
    /// The commission rates that it freezes.
    pub rates: Rates,
}

/// What an order was sent with and keeps for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its type.
    pub order_type: OrderType,
    /// Its time in force.
    pub time_in_force: TimeInForce,
    /// What it does when it meets an order of its own user.
    pub self_trade: SelfTrade,
    /// Cancelled rather than let it trade when it is triggered.
    pub post_only: bool,
    /// The trigger of a stop, in ticks.
    pub stop_price: Option<i64>,
    /// The slice of an iceberg, in lots.
    pub display: Option<i64>,
    /// When it ends, in microseconds of the caller's clock.
    pub expires_at: Option<i64>,
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
    /// The limit price in ticks; none for market and stop orders.
    pub price: Option<i64>,
    /// The whole quantity in lots, filled part included. Of a quote_amount order: what has traded.
    pub amount: i64,
    /// What has traded, in lots.
    pub filled: i64,
    /// What the book shows of the rest, in lots: all of it unless the order is an iceberg.
    pub visible: i64,
    /// What it still locks: quote for a buy, base for a sell.
    pub reserved: Money,
    /// Its place in the queue of its price level: less is earlier.
    pub priority: i64,
    /// Its frozen commission rates.
    pub rates: Rates,
    /// What it was sent with.
    pub terms: Terms,
    /// Where it is in its life.
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

    /// What the book shows when a slice begins anew.
    #[must_use]
    pub fn slice(&self) -> i64 {
        self.terms.display.map_or(self.remaining(), |display| display.min(self.remaining()))
    }

    /// Whether its time has come.
    #[must_use]
    pub fn has_expired(&self, now: i64) -> bool {
        self.terms.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether a last price triggers it.
    #[must_use]
    pub fn is_triggered(&self, last_price: i64) -> bool {
        self.status == Status::Pending
            && self.terms.stop_price.is_some_and(|stop| match self.side {
                Side::Buy => last_price >= stop,
                Side::Sell => last_price <= stop,
            })
    }

    /// Ends it: nothing stays locked. The caller has released what was.
    pub fn end(&mut self, reason: CancelReason) {
        self.status = Status::Cancelled;
        self.cancel_reason = Some(reason);
        self.reserved = Money::ZERO;
        self.visible = 0;
    }
}

/// What one call did to its own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The order afterwards.
    pub order: OrderState,
    /// How many trades it made as taker: the first ones that the call added.
    pub trades: usize,
    /// How many trades the call added, those of triggered stops included.
    pub all_trades: usize,
}
