//! Everything the exchange says no to. `src/exchange/refusals.rs` gives each its SQLSTATE and HINT.

use crate::{MarketStatus, Money, Side};

/// Why an order, a cancel or an amend was refused. A refused call has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The market does not take this in its present status.
    MarketNotOpen(MarketStatus),
    /// The price is zero or less.
    PriceNotPositive(Money),
    /// The quantity is zero or less.
    AmountNotPositive(Money),
    /// The price is no multiple of the tick.
    OffTick {
        /// The price.
        price: Money,
        /// The tick of the market.
        tick: Money,
    },
    /// The quantity is no multiple of the lot.
    OffLot {
        /// The quantity.
        amount: Money,
        /// The lot of the market.
        lot: Money,
    },
    /// The quantity is below the minimum of the market.
    BelowMinimum {
        /// The quantity.
        amount: Money,
        /// The minimum.
        minimum: Money,
    },
    /// The quantity is above the maximum of the market.
    AboveMaximum {
        /// The quantity.
        amount: Money,
        /// The maximum.
        maximum: Money,
    },
    /// Price × amount is below the minimum of the market.
    BelowMinimumNotional {
        /// Price × amount.
        notional: Money,
        /// The minimum.
        minimum: Money,
    },
    /// The owner has less than the order must reserve.
    InsufficientFunds {
        /// Quote for a buy, base for a sell.
        side: Side,
        /// What the order reserves.
        needed: Money,
        /// What the owner has available.
        available: Money,
    },
    /// A number would leave the range of `NUMERIC(20,8)`.
    Overflow,
    /// No live order has this id.
    OrderNotLive,
    /// The new total of an amend is not above what has traded.
    AmountNotAboveFilled {
        /// The new total.
        amount: Money,
        /// What has traded.
        filled: Money,
    },
    /// The combination is part of the interface but does not work yet.
    NotSupported(&'static str),
}
