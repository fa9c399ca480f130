//! The columns of the tables of the exchange, by name and place.

/// Declares the columns of a table: a constant with its place for each, and the list of names.
macro_rules! columns {
    ($($name:ident = $text:literal),+ $(,)?) => {
        columns!(@place 0_usize; $($name,)+);
        /// The names, in the order of the constants.
        pub const NAMES: &[&str] = &[$($text),+];
    };
    (@place $at:expr; $name:ident, $($rest:ident,)*) => {
        #[allow(dead_code, missing_docs, reason = "every column has its place, read or not")]
        pub const $name: usize = $at;
        columns!(@place $at + 1; $($rest,)*);
    };
    (@place $at:expr;) => {};
}

/// `exchange.markets`.
pub mod markets {
    columns! {
        SYMBOL = "symbol", BASE = "base", QUOTE = "quote", TICK = "tick_size", LOT = "lot_size", MIN_AMOUNT = "min_amount",
        MAX_AMOUNT = "max_amount", MIN_NOTIONAL = "min_notional", MAKER_RATE = "maker_rate", TAKER_RATE = "taker_rate",
        STATUS = "status", LAST_PRIORITY = "last_priority", LAST_SEQUENCE = "last_sequence", LAST_PRICE = "last_price",
        UPDATED_AT = "updated_at", PRICE_BAND = "price_band", BAND_ACTION = "band_action",
        MAX_OPEN_ORDERS = "max_open_orders",
    }
}

/// `exchange.assets`.
pub mod assets {
    columns! { USER_ID = "user_id", SYMBOL = "symbol", AMOUNT = "amount", LOCKED = "locked_amount", UPDATED_AT = "updated_at" }
}

/// `exchange.orders`.
pub mod orders {
    columns! {
        ID = "id", USER_ID = "user_id", SYMBOL = "symbol", SIDE = "side", PRICE = "price", AMOUNT = "amount",
        FILLED = "filled_amount", STATUS = "status", ORDER_TYPE = "order_type", TIME_IN_FORCE = "time_in_force",
        POST_ONLY = "post_only", CLIENT_ORDER_ID = "client_order_id", SELF_TRADE = "self_trade_prevention",
        RESERVED = "reserved", MAKER_RATE = "maker_rate", TAKER_RATE = "taker_rate", PRIORITY = "priority",
        ACCEPTED_SEQUENCE = "accepted_sequence", CANCEL_REASON = "cancel_reason", CREATED_AT = "created_at",
        UPDATED_AT = "updated_at", STOP_PRICE = "stop_price", DISPLAY_AMOUNT = "display_amount", EXPIRES_AT = "expires_at",
        QUOTE_AMOUNT = "quote_amount", VISIBLE_AMOUNT = "visible_amount",
        ACCEPTED_STATUS = "accepted_status", TRIGGERED_AT = "triggered_at", ENDED_AT = "ended_at",
        TRADED_UNTIL = "traded_until",
    }
}

/// `exchange.trades`.
pub mod trades {
    columns! {
        ID = "id", BUY_ORDER_ID = "buy_order_id", SELL_ORDER_ID = "sell_order_id", SYMBOL = "symbol",
        SEQUENCE = "sequence", PRICE = "price", AMOUNT = "amount", BUYER_COMMISSION = "buyer_commission",
        SELLER_COMMISSION = "seller_commission", COMMISSION = "commission", TAKER_SIDE = "taker_side",
        CREATED_AT = "created_at",
    }
}

/// `exchange.order_amendments`.
pub mod amendments {
    columns! {
        ID = "id", ORDER_ID = "order_id", SYMBOL = "symbol", OLD_PRICE = "old_price", OLD_AMOUNT = "old_amount",
        NEW_PRICE = "new_price", NEW_AMOUNT = "new_amount", FILLED = "filled_amount", PRIORITY = "priority",
        START_SEQUENCE = "start_sequence", END_SEQUENCE = "end_sequence", CREATED_AT = "created_at",
        AT_ACCEPTANCE = "at_acceptance",
    }
}

/// `exchange.order_commands`.
pub mod commands {
    columns! {
        ID = "id", ACTION = "action", USER_ID = "user_id", SYMBOL = "symbol", CLIENT_ORDER_ID = "client_order_id",
        SIDE = "side", PRICE = "price", AMOUNT = "amount", ORDER_TYPE = "order_type", TIME_IN_FORCE = "time_in_force",
        STOP_PRICE = "stop_price", DISPLAY_AMOUNT = "display_amount", QUOTE_AMOUNT = "quote_amount",
        POST_ONLY = "post_only", EXPIRES_AT = "expires_at", SELF_TRADE = "self_trade_prevention",
        CREATED_AT = "created_at",
    }
}

/// `exchange.command_rejections`: why, and the command as it came.
pub mod rejections {
    columns! {
        SQLSTATE = "sqlstate", REASON = "reason", HINT = "hint", REJECTED_AT = "rejected_at", COMMAND_ID = "command_id",
        ACTION = "action", USER_ID = "user_id", SYMBOL = "symbol", CLIENT_ORDER_ID = "client_order_id", SIDE = "side",
        PRICE = "price", AMOUNT = "amount", ORDER_TYPE = "order_type", TIME_IN_FORCE = "time_in_force",
        STOP_PRICE = "stop_price", DISPLAY_AMOUNT = "display_amount", QUOTE_AMOUNT = "quote_amount",
        POST_ONLY = "post_only", EXPIRES_AT = "expires_at", SELF_TRADE = "self_trade_prevention",
        CREATED_AT = "created_at",
    }
}
