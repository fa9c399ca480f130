//! Whether a bot takes a fill, by where it stands in its life.

/// Only a running bot opens or adds to a position; each that has been started closes one. A backtest has no life: any but
/// a disabled bot has one.
#[must_use]
pub fn takes_fill(status: &str, trade_type: &str, opens: bool) -> bool {
    match (trade_type, opens) {
        ("backtest", _) => status != "disabled",
        (_, true) => status == "running",
        (_, false) => !matches!(status, "created" | "disabled"),
    }
}
