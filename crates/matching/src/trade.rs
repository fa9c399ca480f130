//! Trades, and the orders that self-trade prevention has made smaller: what the caller has to store.

use ids::OrderId;
use money::Money;

use crate::Side;

/// One fill between a resting and an arriving order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number in the market: gapless, from 1.
    pub sequence: i64,
    /// The order that rested; the trade is at its price (in an auction: at the auction's).
    pub maker: OrderId,
    /// The order that arrived.
    pub taker: OrderId,
    /// The side of the order that arrived.
    pub taker_side: Side,
    /// The price in ticks.
    pub price: i64,
    /// The quantity in lots.
    pub amount: i64,
    /// What the buyer paid on top; negative: a rebate.
    pub buyer_commission: Money,
    /// What was taken from the seller's proceeds; negative: a rebate.
    pub seller_commission: Money,
}

impl Trade {
    /// The order that bought.
    #[must_use]
    pub const fn buy_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.taker,
            Side::Sell => self.maker,
        }
    }

    /// The order that sold.
    #[must_use]
    pub const fn sell_order(&self) -> OrderId {
        match self.taker_side {
            Side::Buy => self.maker,
            Side::Sell => self.taker,
        }
    }

    /// The commission of the order on one side.
    #[must_use]
    pub const fn commission(&self, side: Side) -> Money {
        match side {
            Side::Buy => self.buyer_commission,
            Side::Sell => self.seller_commission,
        }
    }
}

/// An order that self-trade prevention has made smaller, without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrink {
    /// The order.
    pub id: OrderId,
    /// Its limit price in ticks.
    pub price: Option<i64>,
    /// Its quantity before, in lots.
    pub old_amount: i64,
    /// Its quantity after.
    pub new_amount: i64,
    /// What had traded.
    pub filled: i64,
    /// Its priority, which it keeps.
    pub priority: i64,
    /// The sequence of the last trade before.
    pub sequence: i64,
}
