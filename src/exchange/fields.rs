//! The fields of the tables that the engine reads and writes past the executor: what each column holds, and how it is
//! read.

use matching::{CancelReason, MarketStatus, OrderType, SelfTrade, Side, Status, TimeInForce};

use super::words::{BandAction, MarketDoor};
use crate::pg::fields::table;

table! {
    /// `exchange.markets`. What a market lets happen, and how far it has come.
    pub mod markets: written {
        symbol: Text, base: Text, quote: Text,
        tick_size: Amount, lot_size: Amount,
        min_amount: Option<Amount>, max_amount: Option<Amount>, min_notional: Option<Amount>,
        maker_rate: Rate, taker_rate: Rate,
        status: Word<MarketStatus>,
        last_priority: Count, last_sequence: Count, last_price: Option<Amount>,
        updated_at: Time,
        price_band: Option<Rate>, band_action: Word<BandAction>,
        max_open_orders: Option<Int4>,
        stops_sequence: Option<Int>,
        door: Word<MarketDoor>,
        calendar: Option<Text>,
        swept_sequence: Option<Int>,
        outside: Text, opening: Text,
        bell_at: Option<Time>, opens_at: Option<Time>,
        status_reason: Option<Text>,
    }
}

table! {
    /// `exchange.assets`.
    pub mod assets: written {
        user_id: Int, symbol: Text,
        amount: Amount, locked_amount: Amount,
        updated_at: Time,
    }
}

table! {
    /// `exchange.orders`.
    pub mod orders: written {
        id: Int, user_id: Int, symbol: Text,
        side: Word<Side>, price: Option<Amount>, amount: Option<Amount>, filled_amount: Amount,
        status: Word<Status>, order_type: Word<OrderType>, time_in_force: Word<TimeInForce>, post_only: Bool,
        client_order_id: Option<Text>, self_trade_prevention: Word<SelfTrade>,
        reserved: Amount, maker_rate: Rate, taker_rate: Rate,
        priority: Count, accepted_sequence: Count, cancel_reason: Option<Word<CancelReason>>,
        created_at: Time, updated_at: Time,
        stop_price: Option<Amount>, display_amount: Option<Amount>, expires_at: Option<Time>,
        quote_amount: Option<Amount>, visible_amount: Option<Amount>, accepted_status: Word<Status>,
        triggered_at: Option<Time>, ended_at: Option<Time>, traded_until: Option<Time>,
    }
}

table! {
    /// `exchange.trades`.
    pub mod trades: written {
        id: Int, buy_order_id: Int, sell_order_id: Int,
        symbol: Text, sequence: Count, price: Amount, amount: Amount,
        buyer_commission: Money, seller_commission: Money, commission: Money,
        taker_side: Word<Side>, created_at: Time,
    }
}

table! {
    /// `exchange.order_amendments`.
    pub mod order_amendments: written {
        id: Int, order_id: Int, symbol: Text,
        old_price: Option<Amount>, old_amount: Amount, new_price: Option<Amount>, new_amount: Amount,
        filled_amount: Amount, priority: Int, start_sequence: Int, end_sequence: Int,
        created_at: Time, at_acceptance: Bool,
    }
}

table! {
    /// `exchange.order_commands`. Nothing has been checked of what a command asks for.
    pub mod order_commands: written {
        id: Int, action: Option<Text>, user_id: Option<Int>, symbol: Option<Text>, client_order_id: Option<Text>,
        side: Option<Text>, price: Option<Numeric>, amount: Option<Numeric>,
        order_type: Option<Text>, time_in_force: Option<Text>,
        stop_price: Option<Numeric>, display_amount: Option<Numeric>, quote_amount: Option<Numeric>,
        post_only: Option<Bool>, expires_at: Option<Time>, self_trade_prevention: Option<Text>,
        created_at: Time,
        set_aside_at: Option<Time>, set_aside_sqlstate: Option<Text>, set_aside_reason: Option<Text>,
    }
}

table! {
    /// `exchange.command_attempts`.
    pub mod command_attempts: written {
        first_id: Int, last_id: Int, tries: Count,
    }
}

table! {
    /// `exchange.command_rejections`. Why, and the command as it came.
    pub mod command_rejections: written {
        sqlstate: Text, reason: Text, hint: Option<Text>, rejected_at: Time,
        command_id: Int, action: Option<Text>, user_id: Option<Int>, symbol: Option<Text>,
        client_order_id: Option<Text>, side: Option<Text>, price: Option<Numeric>, amount: Option<Numeric>,
        order_type: Option<Text>, time_in_force: Option<Text>,
        stop_price: Option<Numeric>, display_amount: Option<Numeric>, quote_amount: Option<Numeric>,
        post_only: Option<Bool>, expires_at: Option<Time>, self_trade_prevention: Option<Text>,
        created_at: Time,
    }
}

table! {
    /// `exchange.fee_groups`. The engine does not write it.
    pub mod fee_groups: read {
        user_id: Int, fee_group: Text,
    }
}

table! {
    /// `exchange.fee_schedules`. As far as it is read. The engine does not write it.
    pub mod fee_schedules: read {
        fee_group: Text, symbol: Text, maker_rate: Rate, taker_rate: Rate,
    }
}
