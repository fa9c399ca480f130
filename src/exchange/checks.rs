//! Every CHECK constraint of the tables that the engine writes, in Rust. A test compares the lists with the catalog.

use matching::{MarketStatus, OrderType, Rules, SelfTrade, Side, Status, TimeInForce};
use money::{Money, Sum};

use super::columns;
use crate::pg::check::{Check, Proposed, mask};

/// Declares the CHECK constraints of a table, whose columns are in this module of `columns`.
macro_rules! checks {
    ($columns:ident: $($name:ident [$($column:ident),+] $definition:literal => |$row:ident| $holds:expr;)+) => {
        &[$({
            use columns::$columns as c;
            fn holds($row: &Proposed<'_>) -> bool {
                $holds
            }
            const COLUMNS: &[usize] = &[$(c::$column),+];
            Check { name: stringify!($name), definition: $definition, columns: COLUMNS, mask: mask(COLUMNS), holds }
        }),+]
    };
}

/// Those of `exchange.orders`.
pub const ORDERS: &[Check] = checks! {
    orders:
    orders_accepted_status_check [ACCEPTED_STATUS]
        "CHECK ((accepted_status = ANY (ARRAY['open'::text, 'pending'::text, 'filled'::text, 'cancelled'::text])))"
        => |row| word(row, c::ACCEPTED_STATUS, Status::parse);
    orders_amount_check [AMOUNT]
        "CHECK (((amount > (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| positive(row, c::AMOUNT);
    orders_cancel_reason_check [STATUS, CANCEL_REASON]
        "CHECK (((status = 'cancelled'::text) = (cancel_reason IS NOT NULL)))"
        => |row| row.is(c::STATUS, "cancelled").is_none_or(|ended| ended == has_text(row, c::CANCEL_REASON));
    orders_client_order_id_check [CLIENT_ORDER_ID]
        "CHECK (((length(client_order_id) >= 1) AND (length(client_order_id) <= 64)))"
        => |row| text(row, c::CLIENT_ORDER_ID, |id| (1..=64).contains(&id.chars().count()));
    orders_display_amount_check [DISPLAY_AMOUNT]
        "CHECK (((display_amount > (0)::numeric) AND (display_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::DISPLAY_AMOUNT);
    orders_ended_at_check [STATUS, ENDED_AT]
        "CHECK (((status = ANY (ARRAY['filled'::text, 'cancelled'::text])) = (ended_at IS NOT NULL)))"
        => |row| text(row, c::STATUS, |s| matches!(s, "filled" | "cancelled") == row.time(c::ENDED_AT).is_some());
    orders_filled_amount_check [FILLED, AMOUNT]
        "CHECK (((filled_amount >= (0)::numeric) AND (filled_amount <= COALESCE(amount, (0)::numeric))))"
        => |row| not_negative(row, c::FILLED)
            && row.money(c::FILLED).is_none_or(|filled| filled <= row.money(c::AMOUNT).unwrap_or_default());
    orders_has_amount_check [AMOUNT, QUOTE_AMOUNT]
        "CHECK (((amount IS NOT NULL) OR (quote_amount IS NOT NULL)))"
        => |row| row.money(c::AMOUNT).is_some() || row.money(c::QUOTE_AMOUNT).is_some();
    orders_has_price_check [PRICE, ORDER_TYPE]
        "CHECK (((price IS NOT NULL) = (order_type = ANY (ARRAY['limit'::text, 'stop_limit'::text]))))"
        => |row| text(row, c::ORDER_TYPE, |t| matches!(t, "limit" | "stop_limit") == row.money(c::PRICE).is_some());
    orders_has_stop_price_check [STOP_PRICE, ORDER_TYPE]
        "CHECK (((stop_price IS NOT NULL) = (order_type = ANY (ARRAY['stop'::text, 'stop_limit'::text]))))"
        => |row| text(row, c::ORDER_TYPE, |t| matches!(t, "stop" | "stop_limit") == row.money(c::STOP_PRICE).is_some());
    orders_order_type_check [ORDER_TYPE]
        "CHECK ((order_type = ANY (ARRAY['limit'::text, 'market'::text, 'stop'::text, 'stop_limit'::text])))"
        => |row| word(row, c::ORDER_TYPE, OrderType::parse);
    orders_pending_check [STATUS, STOP_PRICE]
        "CHECK (((status <> 'pending'::text) OR (stop_price IS NOT NULL)))"
        => |row| row.is(c::STATUS, "pending") != Some(true) || row.money(c::STOP_PRICE).is_some();
    orders_price_check [PRICE]
        "CHECK (((price > (0)::numeric) AND (price < 'NaN'::numeric)))"
        => |row| positive(row, c::PRICE);
    orders_quote_amount_check [QUOTE_AMOUNT]
        "CHECK (((quote_amount > (0)::numeric) AND (quote_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::QUOTE_AMOUNT);
    orders_reserved_check [RESERVED]
        "CHECK (((reserved >= (0)::numeric) AND (reserved < 'NaN'::numeric)))"
        => |row| not_negative(row, c::RESERVED);
    orders_self_trade_prevention_check [SELF_TRADE]
        "CHECK ((self_trade_prevention = ANY (ARRAY['none'::text, 'cancel_taker'::text, 'cancel_maker'::text, \
         'cancel_both'::text, 'decrement'::text])))"
        => |row| word(row, c::SELF_TRADE, SelfTrade::parse);
    orders_side_check [SIDE]
        "CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))"
        => |row| word(row, c::SIDE, Side::parse);
    orders_status_amount_check [STATUS, FILLED, AMOUNT]
        "CHECK (((status = 'filled'::text) = (filled_amount = COALESCE(amount, ('-1'::integer)::numeric))))"
        => |row| {
            let whole = row.money(c::AMOUNT).unwrap_or(Money::whole(-1));
            let state = row.is(c::STATUS, "filled").zip(row.money(c::FILLED));
            state.is_none_or(|(is_filled, filled)| is_filled == (filled == whole))
        };
    orders_status_check [STATUS]
        "CHECK ((status = ANY (ARRAY['open'::text, 'filled'::text, 'cancelled'::text, 'pending'::text])))"
        => |row| word(row, c::STATUS, Status::parse);
    orders_stop_price_check [STOP_PRICE]
        "CHECK (((stop_price > (0)::numeric) AND (stop_price < 'NaN'::numeric)))"
        => |row| positive(row, c::STOP_PRICE);
    orders_time_in_force_check [TIME_IN_FORCE]
        "CHECK ((time_in_force = ANY (ARRAY['gtc'::text, 'ioc'::text, 'fok'::text, 'gtd'::text])))"
        => |row| word(row, c::TIME_IN_FORCE, TimeInForce::parse);
    orders_traded_until_check [TRADED_UNTIL, ENDED_AT, FILLED]
        "CHECK ((NOT (traded_until IS DISTINCT FROM\nCASE\n    WHEN (filled_amount > (0)::numeric) THEN \
         ended_at\n    ELSE NULL::timestamp with time zone\nEND)))"
        => |row| {
            let has_traded = row.money(c::FILLED) > Some(Money::ZERO);
            row.time(c::TRADED_UNTIL) == row.time(c::ENDED_AT).filter(|_| has_traded)
        };
    orders_triggered_at_check [TRIGGERED_AT, STOP_PRICE, STATUS]
        "CHECK (((triggered_at IS NULL) OR ((stop_price IS NOT NULL) AND (status <> 'pending'::text))))"
        => |row| row.time(c::TRIGGERED_AT).is_none() || (row.money(c::STOP_PRICE).is_some()
            && row.is(c::STATUS, "pending") != Some(true));
    orders_visible_amount_check [VISIBLE_AMOUNT, AMOUNT]
        "CHECK (((visible_amount >= (0)::numeric) AND (visible_amount <= amount)))"
        => |row| not_negative(row, c::VISIBLE_AMOUNT) && at_most(row.money(c::VISIBLE_AMOUNT), row.money(c::AMOUNT));
};

/// Those of `exchange.markets`.
pub const MARKETS: &[Check] = checks! {
    markets:
    markets_band_action_check [BAND_ACTION]
        "CHECK ((band_action = ANY (ARRAY['refuse'::text, 'halt'::text])))"
        => |row| text(row, c::BAND_ACTION, |word| matches!(word, "refuse" | "halt"));
    markets_base_check [BASE]
        "CHECK ((base ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::BASE, is_asset);
    markets_base_quote_check [BASE, QUOTE]
        "CHECK ((base <> quote))"
        => |row| text(row, c::BASE, |base| row.is(c::QUOTE, base) != Some(true));
    markets_calendar_size_check [CALENDAR]
        "CHECK ((char_length(calendar) <= 128))"
        => |row| text(row, c::CALENDAR, |name| name.chars().count() <= 128);
    markets_door_check [DOOR]
        "CHECK ((door = ANY (ARRAY['any'::text, 'sequencer'::text])))"
        => |row| text(row, c::DOOR, |word| matches!(word, "any" | "sequencer"));
    markets_exact_notional_check [TICK, LOT]
        "CHECK (((tick_size > (0)::numeric) AND (tick_size < 'NaN'::numeric) AND (lot_size > (0)::numeric) AND \
         (lot_size < 'NaN'::numeric) AND (mod((tick_size * lot_size), 0.00000001) = (0)::numeric) AND ((tick_size \
         * lot_size) < ('1000000000000'::bigint)::numeric)))"
        => |row| row.money(c::TICK).zip(row.money(c::LOT)).is_none_or(|(tick, lot)| Rules::exact(tick, lot));
    markets_last_priority_check [LAST_PRIORITY]
        "CHECK ((last_priority >= 0))"
        => |row| row.int(c::LAST_PRIORITY).is_none_or(|n| n >= 0);
    markets_last_sequence_check [LAST_SEQUENCE]
        "CHECK ((last_sequence >= 0))"
        => |row| row.int(c::LAST_SEQUENCE).is_none_or(|n| n >= 0);
    markets_maker_rate_check [MAKER_RATE]
        "CHECK (((maker_rate > ('-1'::integer)::numeric) AND (maker_rate <= (1)::numeric)))"
        => |row| row.money(c::MAKER_RATE).is_none_or(|rate| rate > Money::whole(-1) && rate <= Money::whole(1));
    markets_max_amount_check [MAX_AMOUNT]
        "CHECK (((max_amount > (0)::numeric) AND (max_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::MAX_AMOUNT);
    markets_max_open_orders_check [MAX_OPEN_ORDERS]
        "CHECK ((max_open_orders > 0))"
        => |row| row.int4(c::MAX_OPEN_ORDERS).is_none_or(|n| n > 0);
    markets_min_amount_check [MIN_AMOUNT]
        "CHECK (((min_amount > (0)::numeric) AND (min_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::MIN_AMOUNT);
    markets_min_max_check [MIN_AMOUNT, MAX_AMOUNT]
        "CHECK ((min_amount <= max_amount))"
        => |row| at_most(row.money(c::MIN_AMOUNT), row.money(c::MAX_AMOUNT));
    markets_min_notional_check [MIN_NOTIONAL]
        "CHECK (((min_notional > (0)::numeric) AND (min_notional < 'NaN'::numeric)))"
        => |row| positive(row, c::MIN_NOTIONAL);
    markets_price_band_check [PRICE_BAND]
        "CHECK (((price_band > (0)::numeric) AND (price_band < (1)::numeric)))"
        => |row| row.money(c::PRICE_BAND).is_none_or(|band| band > Money::ZERO && band < Money::whole(1));
    markets_quote_check [QUOTE]
        "CHECK ((quote ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::QUOTE, is_asset);
    markets_status_check [STATUS]
        "CHECK ((status = ANY (ARRAY['open'::text, 'halted'::text, 'cancel_only'::text, 'auction'::text, \
         'closed'::text])))"
        => |row| word(row, c::STATUS, MarketStatus::parse);
    markets_stops_sequence_check [STOPS_SEQUENCE, LAST_SEQUENCE]
        "CHECK (((stops_sequence >= 0) AND (stops_sequence < last_sequence)))"
        => |row| row.int(c::STOPS_SEQUENCE).is_none_or(|n| n >= 0
            && row.int(c::LAST_SEQUENCE).is_none_or(|last| n < last));
    markets_swept_sequence_check [SWEPT_SEQUENCE, LAST_SEQUENCE]
        "CHECK (((swept_sequence >= 0) AND (swept_sequence <= last_sequence)))"
        => |row| row.int(c::SWEPT_SEQUENCE).is_none_or(|n| n >= 0
            && row.int(c::LAST_SEQUENCE).is_none_or(|last| n <= last));
    markets_symbol_check [SYMBOL]
        "CHECK ((symbol ~ '^[A-Z0-9][A-Z0-9._/-]{0,19}$'::text))"
        => |row| text(row, c::SYMBOL, |symbol| is_name(symbol, 20, "._/-"));
    markets_taker_rate_check [TAKER_RATE]
        "CHECK (((taker_rate >= (0)::numeric) AND (taker_rate <= (1)::numeric)))"
        => |row| row.money(c::TAKER_RATE).is_none_or(|rate| rate >= Money::ZERO && rate <= Money::whole(1));
};

/// Those of `exchange.assets`.
pub const ASSETS: &[Check] = checks! {
    assets:
    assets_amount_check [AMOUNT]
        "CHECK (((amount >= (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| not_negative(row, c::AMOUNT);
    assets_locked_amount_check [LOCKED]
        "CHECK (((locked_amount >= (0)::numeric) AND (locked_amount < 'NaN'::numeric)))"
        => |row| not_negative(row, c::LOCKED);
    assets_symbol_check [SYMBOL]
        "CHECK ((symbol ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::SYMBOL, is_asset);
    assets_total_check [AMOUNT, LOCKED]
        "CHECK (((amount + locked_amount) < ('1000000000000'::bigint)::numeric))"
        => |row| row.money(c::AMOUNT).zip(row.money(c::LOCKED))
            .is_none_or(|(available, locked)| available.plus(locked).is_ok());
};

/// Those of `exchange.trades`.
pub const TRADES: &[Check] = checks! {
    trades:
    trades_amount_check [AMOUNT]
        "CHECK (((amount > (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| positive(row, c::AMOUNT);
    trades_commission_check [COMMISSION, BUYER_COMMISSION, SELLER_COMMISSION]
        "CHECK (((commission >= (0)::numeric) AND (commission = (buyer_commission + seller_commission))))"
        => |row| {
            let both = sum(row.money(c::BUYER_COMMISSION), row.money(c::SELLER_COMMISSION));
            not_negative(row, c::COMMISSION)
                && both.zip(row.money(c::COMMISSION)).is_none_or(|(both, commission)| both == commission.into())
        };
    trades_different_orders [BUY_ORDER_ID, SELL_ORDER_ID]
        "CHECK ((buy_order_id <> sell_order_id))"
        => |row| row.int(c::BUY_ORDER_ID).zip(row.int(c::SELL_ORDER_ID)).is_none_or(|(buy, sell)| buy != sell);
    trades_price_check [PRICE]
        "CHECK (((price > (0)::numeric) AND (price < 'NaN'::numeric)))"
        => |row| positive(row, c::PRICE);
    trades_sequence_check [SEQUENCE]
        "CHECK ((sequence > 0))"
        => |row| row.int(c::SEQUENCE).is_none_or(|n| n > 0);
    trades_taker_side_check [TAKER_SIDE]
        "CHECK ((taker_side = ANY (ARRAY['buy'::text, 'sell'::text])))"
        => |row| word(row, c::TAKER_SIDE, Side::parse);
};

/// Those of `exchange.order_amendments`.
pub const ORDER_AMENDMENTS: &[Check] = checks! {
    amendments:
    order_amendments_sequence_check [START_SEQUENCE, END_SEQUENCE]
        "CHECK ((end_sequence >= start_sequence))"
        => |row| at_most(row.int(c::START_SEQUENCE), row.int(c::END_SEQUENCE));
};

/// Those of `exchange.order_commands`.
pub const ORDER_COMMANDS: &[Check] = checks! {
    commands:
    order_commands_size_check [
        ACTION, SYMBOL, CLIENT_ORDER_ID, SIDE, ORDER_TYPE, TIME_IN_FORCE,
        SELF_TRADE, PRICE, AMOUNT, STOP_PRICE, DISPLAY_AMOUNT, QUOTE_AMOUNT
    ]
        "CHECK (((octet_length(action) <= 1000) AND (octet_length(symbol) <= 1000) AND \
         (octet_length(client_order_id) <= 1000) AND (octet_length(side) <= 1000) AND (octet_length(order_type) \
         <= 1000) AND (octet_length(time_in_force) <= 1000) AND (octet_length(self_trade_prevention) <= 1000) AND \
         (pg_column_size(price) <= 512) AND (pg_column_size(amount) <= 512) AND (pg_column_size(stop_price) <= \
         512) AND (pg_column_size(display_amount) <= 512) AND (pg_column_size(quote_amount) <= 512)))"
        => |row| {
            let names = [c::ACTION, c::SYMBOL, c::CLIENT_ORDER_ID];
            let words = [c::SIDE, c::ORDER_TYPE, c::TIME_IN_FORCE, c::SELF_TRADE];
            let numbers = [c::PRICE, c::AMOUNT, c::STOP_PRICE, c::DISPLAY_AMOUNT, c::QUOTE_AMOUNT];
            names.iter().chain(&words).all(|at| text(row, *at, |text| text.len() <= 1000))
                && numbers.iter().all(|at| row.numeric(*at).is_none_or(|n| n.size() <= 512))
        };
};

/// Those of `exchange.command_attempts`.
pub const COMMAND_ATTEMPTS: &[Check] = checks! {
    attempts:
    command_attempts_check [FIRST_ID, LAST_ID, TRIES]
        "CHECK (((first_id <= last_id) AND (tries > 0)))"
        => |row| at_most(row.int(c::FIRST_ID), row.int(c::LAST_ID)) && row.int(c::TRIES).is_none_or(|n| n > 0);
};

fn positive(row: &Proposed<'_>, column: usize) -> bool {
    row.money(column).is_none_or(|money| money > Money::ZERO)
}

fn not_negative(row: &Proposed<'_>, column: usize) -> bool {
    row.money(column).is_none_or(|money| money >= Money::ZERO)
}

fn at_most<T: PartialOrd>(value: Option<T>, most: Option<T>) -> bool {
    value.zip(most).is_none_or(|(value, most)| value <= most)
}

fn sum(a: Option<Money>, b: Option<Money>) -> Option<Sum> {
    a.zip(b).map(|(a, b)| Sum::from(a) + b)
}

fn text(row: &Proposed<'_>, column: usize, condition: impl Fn(&str) -> bool) -> bool {
    row.text(column, condition) != Some(false)
}

fn word<T>(row: &Proposed<'_>, column: usize, parse: fn(&str) -> Option<T>) -> bool {
    text(row, column, |word| parse(word).is_some())
}

fn has_text(row: &Proposed<'_>, column: usize) -> bool {
    row.text(column, |_| true).is_some()
}

fn is_asset(name: &str) -> bool {
    is_name(name, 10, "._-")
}

/// A capital letter or digit, and at most so many characters, which may be these signs as well.
fn is_name(name: &str, most: usize, signs: &str) -> bool {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    name.starts_with(plain) && name.len() <= most && name.chars().all(|c| plain(c) || signs.contains(c))
}
