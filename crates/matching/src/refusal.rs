//! Everything the exchange says no to. `src/exchange/refusals.rs` gives each its SQLSTATE and HINT.

use money::{Money, Overflow, Sum};

use crate::{MarketStatus, Side};

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
    /// What the order brings would take its owner's balance out of the range of `NUMERIC(20,8)`.
    BalanceFull {
        /// Base for a buy, quote for a sell.
        side: Side,
        /// What the owner holds, locked or not.
        held: Sum,
        /// What the order would bring.
        brought: Sum,
    },
    /// No live order has this id.
    OrderNotLive,
    /// The new total of an amend is not above what has traded.
    AmountNotAboveFilled {
        /// The new total.
        amount: Money,
        /// What has traded.
        filled: Money,
    },
    /// Arguments that do not go together; says which.
    Combination(&'static str),
    /// An argument that this type of order needs.
    Missing(&'static str),
    /// A good-till-date order that would be over when it arrives.
    Expired {
        /// Its end.
        expires_at: i64,
        /// The time now.
        now: i64,
    },
    /// An iceberg that would show more than it is.
    DisplayAboveAmount {
        /// The slice.
        display: Money,
        /// The quantity.
        amount: Money,
    },
    /// An iceberg of more slices than one may have.
    TooManySlices {
        /// The slice.
        display: Money,
        /// The quantity.
        amount: Money,
        /// The smallest slice that would do.
        least: Money,
    },
    /// The order would make, cancel or shrink more than one command may.
    TooManySteps {
        /// How many steps one command may take.
        most: usize,
    },
    /// The price lies outside the band around the last trade.
    OutsideBand {
        /// The price.
        price: Money,
        /// The lowest price inside.
        low: Sum,
        /// The highest price inside.
        high: Sum,
    },
    /// A post-only order would trade on arrival.
    WouldTake {
        /// The price of the maker that it would meet.
        best: Money,
    },
    /// A fill-or-kill order cannot be filled at once.
    FillOrKill {
        /// What could be filled.
        fillable: Money,
        /// What was asked for.
        amount: Money,
    },
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Refusal {
        Refusal::Overflow
    }
}
