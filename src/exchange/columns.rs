//! The columns of the tables of the exchange, by name and place.

/// Declares the columns of a table: a constant with its place for each, and the list of them all.
macro_rules! columns {
    ($($name:ident: $kind:ident = $text:literal),+ $(,)?) => {
        columns!(@place 0_usize; $($name,)+);
        /// Names and types, in the order of the constants.
        pub const ALL: &[$crate::pg::column::Column] = &[$(($text, $crate::pg::column::Kind::$kind)),+];
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
        SYMBOL: Text = "symbol", BASE: Text = "base", QUOTE: Text = "quote", TICK: Money = "tick_size",
        LOT: Money = "lot_size", MIN_AMOUNT: Money = "min_amount", MAX_AMOUNT: Money = "max_amount",
        MIN_NOTIONAL: Money = "min_notional", MAKER_RATE: Rate = "maker_rate", TAKER_RATE: Rate = "taker_rate",
        STATUS: Text = "status", LAST_PRIORITY: Int = "last_priority", LAST_SEQUENCE: Int = "last_sequence",
        LAST_PRICE: Money = "last_price", UPDATED_AT: Time = "updated_at", PRICE_BAND: Rate = "price_band",
        BAND_ACTION: Text = "band_action", MAX_OPEN_ORDERS: Int4 = "max_open_orders",
        STOPS_SEQUENCE: Int = "stops_sequence",
        DOOR: Text = "door", CALENDAR: Text = "calendar", SWEPT_SEQUENCE: Int = "swept_sequence",
    }
}

/// `exchange.assets`.
pub mod assets {
    columns! {
        USER_ID: Int = "user_id", SYMBOL: Text = "symbol", AMOUNT: Money = "amount", LOCKED: Money = "locked_amount",
        UPDATED_AT: Time = "updated_at",
    }
}

/// `exchange.orders`.
pub mod orders {
    columns! {
        ID: Int = "id", USER_ID: Int = "user_id", SYMBOL: Text = "symbol", SIDE: Text = "side",
        PRICE: Money = "price", AMOUNT: Money = "amount", FILLED: Money = "filled_amount", STATUS: Text = "status",
        ORDER_TYPE: Text = "order_type", TIME_IN_FORCE: Text = "time_in_force", POST_ONLY: Bool = "post_only",
        CLIENT_ORDER_ID: Text = "client_order_id", SELF_TRADE: Text = "self_trade_prevention",
        RESERVED: Money = "reserved", MAKER_RATE: Rate = "maker_rate", TAKER_RATE: Rate = "taker_rate",
        PRIORITY: Int = "priority", ACCEPTED_SEQUENCE: Int = "accepted_sequence",
        CANCEL_REASON: Text = "cancel_reason", CREATED_AT: Time = "created_at", UPDATED_AT: Time = "updated_at",
        STOP_PRICE: Money = "stop_price", DISPLAY_AMOUNT: Money = "display_amount", EXPIRES_AT: Time = "expires_at",
        QUOTE_AMOUNT: Money = "quote_amount", VISIBLE_AMOUNT: Money = "visible_amount",
        ACCEPTED_STATUS: Text = "accepted_status", TRIGGERED_AT: Time = "triggered_at", ENDED_AT: Time = "ended_at",
        TRADED_UNTIL: Time = "traded_until",
    }
}

/// `exchange.trades`.
pub mod trades {
    columns! {
        ID: Int = "id", BUY_ORDER_ID: Int = "buy_order_id", SELL_ORDER_ID: Int = "sell_order_id",
        SYMBOL: Text = "symbol", SEQUENCE: Int = "sequence", PRICE: Money = "price", AMOUNT: Money = "amount",
        BUYER_COMMISSION: Money = "buyer_commission", SELLER_COMMISSION: Money = "seller_commission",
        COMMISSION: Money = "commission", TAKER_SIDE: Text = "taker_side", CREATED_AT: Time = "created_at",
    }
}

/// `exchange.order_amendments`.
pub mod amendments {
    columns! {
        ID: Int = "id", ORDER_ID: Int = "order_id", SYMBOL: Text = "symbol", OLD_PRICE: Money = "old_price",
        OLD_AMOUNT: Money = "old_amount", NEW_PRICE: Money = "new_price", NEW_AMOUNT: Money = "new_amount",
        FILLED: Money = "filled_amount", PRIORITY: Int = "priority", START_SEQUENCE: Int = "start_sequence",
        END_SEQUENCE: Int = "end_sequence", CREATED_AT: Time = "created_at", AT_ACCEPTANCE: Bool = "at_acceptance",
    }
}

/// `exchange.order_commands`.
pub mod commands {
    columns! {
        ID: Int = "id", ACTION: Text = "action", USER_ID: Int = "user_id", SYMBOL: Text = "symbol",
        CLIENT_ORDER_ID: Text = "client_order_id", SIDE: Text = "side", PRICE: Numeric = "price",
        AMOUNT: Numeric = "amount", ORDER_TYPE: Text = "order_type", TIME_IN_FORCE: Text = "time_in_force",
        STOP_PRICE: Numeric = "stop_price", DISPLAY_AMOUNT: Numeric = "display_amount",
        QUOTE_AMOUNT: Numeric = "quote_amount", POST_ONLY: Bool = "post_only", EXPIRES_AT: Time = "expires_at",
        SELF_TRADE: Text = "self_trade_prevention", CREATED_AT: Time = "created_at",
        SET_ASIDE_AT: Time = "set_aside_at", SET_ASIDE_SQLSTATE: Text = "set_aside_sqlstate",
        SET_ASIDE_REASON: Text = "set_aside_reason",
    }
}

/// `exchange.command_attempts`.
pub mod attempts {
    columns! {
        FIRST_ID: Int = "first_id", LAST_ID: Int = "last_id", TRIES: Int = "tries",
    }
}

/// `exchange.command_rejections`: why, and the command as it came.
pub mod rejections {
    columns! {
        SQLSTATE: Text = "sqlstate", REASON: Text = "reason", HINT: Text = "hint", REJECTED_AT: Time = "rejected_at",
        COMMAND_ID: Int = "command_id", ACTION: Text = "action", USER_ID: Int = "user_id", SYMBOL: Text = "symbol",
        CLIENT_ORDER_ID: Text = "client_order_id", SIDE: Text = "side", PRICE: Numeric = "price",
        AMOUNT: Numeric = "amount", ORDER_TYPE: Text = "order_type", TIME_IN_FORCE: Text = "time_in_force",
        STOP_PRICE: Numeric = "stop_price", DISPLAY_AMOUNT: Numeric = "display_amount",
        QUOTE_AMOUNT: Numeric = "quote_amount", POST_ONLY: Bool = "post_only", EXPIRES_AT: Time = "expires_at",
        SELF_TRADE: Text = "self_trade_prevention", CREATED_AT: Time = "created_at",
    }
}

/// `exchange.fee_groups`.
pub mod fee_groups {
    columns! {
        USER_ID: Int = "user_id", FEE_GROUP: Text = "fee_group",
    }
}

/// `exchange.fee_schedules`, as far as it is read.
pub mod fee_schedules {
    columns! {
        FEE_GROUP: Text = "fee_group", SYMBOL: Text = "symbol", MAKER_RATE: Rate = "maker_rate",
        TAKER_RATE: Rate = "taker_rate",
    }
}
