//! Which books of a bot a fill is for.

use super::tables::TradeType;

/// Which books of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Book {
    pub bot_id: i64,
    pub trade_type: TradeType,
    pub run_id: i64,
}
