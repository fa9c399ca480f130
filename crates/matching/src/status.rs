//! The status of a market.

/// What a market lets happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketStatus {
    /// Everything.
    Open,
    /// Nothing: not even a cancel.
    Halted,
    /// Cancels only.
    CancelOnly,
    /// Orders collect without trading.
    Auction,
    /// Nothing: the market has ended for the day or for good.
    Closed,
}

crate::order::sql_names!(MarketStatus {
    Open = "open",
    Halted = "halted",
    CancelOnly = "cancel_only",
    Auction = "auction",
    Closed = "closed",
});
