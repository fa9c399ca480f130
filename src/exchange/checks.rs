//! Every CHECK constraint of the tables that the engine writes, in Rust. A test compares the lists with the catalog.

use matching::{MarketStatus, OrderType, Rules, SelfTrade, Side, Status, TimeInForce};
use money::{Money, Sum};

use super::fields;
use crate::pg::check::{Check, Proposed, mask};

/// Declares the CHECK constraints of a table, which is in this module of `fields`.
macro_rules! checks {
    ($table:ident: $($name:ident [$($column:ident),+] $definition:literal => |$row:ident| $holds:expr;)+) => {
        &[$({
            use fields::$table::at as c;
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
    orders_accepted_status_check [accepted_status]
        "CHECK ((accepted_status = ANY (ARRAY['open'::text, 'pending'::text, 'filled'::text, 'cancelled'::text])))"
        => |row| word(row, c::accepted_status, Status::parse);
    orders_amount_check [amount]
        "CHECK (((amount > (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| positive(row, c::amount);
    orders_cancel_reason_check [status, cancel_reason]
        "CHECK (((status = 'cancelled'::text) = (cancel_reason IS NOT NULL)))"
        => |row| row.is(c::status, "cancelled").is_none_or(|ended| ended == has_text(row, c::cancel_reason));
    orders_client_order_id_check [client_order_id]
        "CHECK (((length(client_order_id) >= 1) AND (length(client_order_id) <= 64)))"
        => |row| text(row, c::client_order_id, |id| (1..=64).contains(&id.chars().count()));
    orders_display_amount_check [display_amount]
        "CHECK (((display_amount > (0)::numeric) AND (display_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::display_amount);
    orders_ended_at_check [status, ended_at]
        "CHECK (((status = ANY (ARRAY['filled'::text, 'cancelled'::text])) = (ended_at IS NOT NULL)))"
        => |row| text(row, c::status, |s| matches!(s, "filled" | "cancelled") == row.time(c::ended_at).is_some());
    orders_filled_amount_check [filled_amount, amount]
        "CHECK (((filled_amount >= (0)::numeric) AND (filled_amount <= COALESCE(amount, (0)::numeric))))"
        => |row| not_negative(row, c::filled_amount)
            && row.money(c::filled_amount).is_none_or(|filled| filled <= row.money(c::amount).unwrap_or_default());
    orders_has_amount_check [amount, quote_amount]
        "CHECK (((amount IS NOT NULL) OR (quote_amount IS NOT NULL)))"
        => |row| row.money(c::amount).is_some() || row.money(c::quote_amount).is_some();
    orders_has_price_check [price, order_type]
        "CHECK (((price IS NOT NULL) = (order_type = ANY (ARRAY['limit'::text, 'stop_limit'::text]))))"
        => |row| text(row, c::order_type, |t| matches!(t, "limit" | "stop_limit") == row.money(c::price).is_some());
    orders_has_stop_price_check [stop_price, order_type]
        "CHECK (((stop_price IS NOT NULL) = (order_type = ANY (ARRAY['stop'::text, 'stop_limit'::text]))))"
        => |row| text(row, c::order_type, |t| matches!(t, "stop" | "stop_limit") == row.money(c::stop_price).is_some());
    orders_order_type_check [order_type]
        "CHECK ((order_type = ANY (ARRAY['limit'::text, 'market'::text, 'stop'::text, 'stop_limit'::text])))"
        => |row| word(row, c::order_type, OrderType::parse);
    orders_pending_check [status, stop_price]
        "CHECK (((status <> 'pending'::text) OR (stop_price IS NOT NULL)))"
        => |row| row.is(c::status, "pending") != Some(true) || row.money(c::stop_price).is_some();
    orders_price_check [price]
        "CHECK (((price > (0)::numeric) AND (price < 'NaN'::numeric)))"
        => |row| positive(row, c::price);
    orders_quote_amount_check [quote_amount]
        "CHECK (((quote_amount > (0)::numeric) AND (quote_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::quote_amount);
    orders_reserved_check [reserved]
        "CHECK (((reserved >= (0)::numeric) AND (reserved < 'NaN'::numeric)))"
        => |row| not_negative(row, c::reserved);
    orders_self_trade_prevention_check [self_trade_prevention]
        "CHECK ((self_trade_prevention = ANY (ARRAY['none'::text, 'cancel_taker'::text, 'cancel_maker'::text, \
         'cancel_both'::text, 'decrement'::text])))"
        => |row| word(row, c::self_trade_prevention, SelfTrade::parse);
    orders_side_check [side]
        "CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))"
        => |row| word(row, c::side, Side::parse);
    orders_status_amount_check [status, filled_amount, amount]
        "CHECK (((status = 'filled'::text) = (filled_amount = COALESCE(amount, ('-1'::integer)::numeric))))"
        => |row| {
            let whole = row.money(c::amount).unwrap_or(Money::whole(-1));
            let state = row.is(c::status, "filled").zip(row.money(c::filled_amount));
            state.is_none_or(|(is_filled, filled)| is_filled == (filled == whole))
        };
    orders_status_check [status]
        "CHECK ((status = ANY (ARRAY['open'::text, 'filled'::text, 'cancelled'::text, 'pending'::text])))"
        => |row| word(row, c::status, Status::parse);
    orders_stop_price_check [stop_price]
        "CHECK (((stop_price > (0)::numeric) AND (stop_price < 'NaN'::numeric)))"
        => |row| positive(row, c::stop_price);
    orders_time_in_force_check [time_in_force]
        "CHECK ((time_in_force = ANY (ARRAY['gtc'::text, 'ioc'::text, 'fok'::text, 'gtd'::text])))"
        => |row| word(row, c::time_in_force, TimeInForce::parse);
    orders_traded_until_check [traded_until, ended_at, filled_amount]
        "CHECK ((NOT (traded_until IS DISTINCT FROM\nCASE\n    WHEN (filled_amount > (0)::numeric) THEN \
         ended_at\n    ELSE NULL::timestamp with time zone\nEND)))"
        => |row| {
            let has_traded = row.money(c::filled_amount) > Some(Money::ZERO);
            row.time(c::traded_until) == row.time(c::ended_at).filter(|_| has_traded)
        };
    orders_triggered_at_check [triggered_at, stop_price, status]
        "CHECK (((triggered_at IS NULL) OR ((stop_price IS NOT NULL) AND (status <> 'pending'::text))))"
        => |row| row.time(c::triggered_at).is_none() || (row.money(c::stop_price).is_some()
            && row.is(c::status, "pending") != Some(true));
    orders_visible_amount_check [visible_amount, amount]
        "CHECK (((visible_amount >= (0)::numeric) AND (visible_amount <= amount)))"
        => |row| not_negative(row, c::visible_amount) && at_most(row.money(c::visible_amount), row.money(c::amount));
};

/// Those of `exchange.markets`.
pub const MARKETS: &[Check] = checks! {
    markets:
    markets_band_action_check [band_action]
        "CHECK ((band_action = ANY (ARRAY['refuse'::text, 'halt'::text])))"
        => |row| text(row, c::band_action, |word| matches!(word, "refuse" | "halt"));
    markets_base_check [base]
        "CHECK ((base ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::base, is_asset);
    markets_base_quote_check [base, quote]
        "CHECK ((base <> quote))"
        => |row| text(row, c::base, |base| row.is(c::quote, base) != Some(true));
    markets_calendar_size_check [calendar]
        "CHECK ((char_length(calendar) <= 128))"
        => |row| text(row, c::calendar, |name| name.chars().count() <= 128);
    markets_door_check [door]
        "CHECK ((door = ANY (ARRAY['any'::text, 'sequencer'::text])))"
        => |row| text(row, c::door, |word| matches!(word, "any" | "sequencer"));
    markets_exact_notional_check [tick_size, lot_size]
        "CHECK (((tick_size > (0)::numeric) AND (tick_size < 'NaN'::numeric) AND (lot_size > (0)::numeric) AND \
         (lot_size < 'NaN'::numeric) AND (mod((tick_size * lot_size), 0.00000001) = (0)::numeric) AND ((tick_size \
         * lot_size) < ('1000000000000'::bigint)::numeric)))"
        => |row| row.money(c::tick_size).zip(row.money(c::lot_size)).is_none_or(|(tick, lot)| Rules::exact(tick, lot));
    markets_last_priority_check [last_priority]
        "CHECK ((last_priority >= 0))"
        => |row| row.int(c::last_priority).is_none_or(|n| n >= 0);
    markets_last_sequence_check [last_sequence]
        "CHECK ((last_sequence >= 0))"
        => |row| row.int(c::last_sequence).is_none_or(|n| n >= 0);
    markets_maker_rate_check [maker_rate]
        "CHECK (((maker_rate > ('-1'::integer)::numeric) AND (maker_rate <= (1)::numeric)))"
        => |row| row.money(c::maker_rate).is_none_or(|rate| rate > Money::whole(-1) && rate <= Money::whole(1));
    markets_max_amount_check [max_amount]
        "CHECK (((max_amount > (0)::numeric) AND (max_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::max_amount);
    markets_max_open_orders_check [max_open_orders]
        "CHECK ((max_open_orders > 0))"
        => |row| row.int4(c::max_open_orders).is_none_or(|n| n > 0);
    markets_min_amount_check [min_amount]
        "CHECK (((min_amount > (0)::numeric) AND (min_amount < 'NaN'::numeric)))"
        => |row| positive(row, c::min_amount);
    markets_min_max_check [min_amount, max_amount]
        "CHECK ((min_amount <= max_amount))"
        => |row| at_most(row.money(c::min_amount), row.money(c::max_amount));
    markets_min_notional_check [min_notional]
        "CHECK (((min_notional > (0)::numeric) AND (min_notional < 'NaN'::numeric)))"
        => |row| positive(row, c::min_notional);
    markets_opening_check [opening]
        "CHECK ((opening = ANY (ARRAY['continuous'::text, 'auction'::text])))"
        => |row| text(row, c::opening, |word| matches!(word, "continuous" | "auction"));
    markets_outside_check [outside]
        "CHECK ((outside = ANY (ARRAY['reject'::text, 'queue'::text])))"
        => |row| text(row, c::outside, |word| matches!(word, "reject" | "queue"));
    markets_price_band_check [price_band]
        "CHECK (((price_band > (0)::numeric) AND (price_band < (1)::numeric)))"
        => |row| row.money(c::price_band).is_none_or(|band| band > Money::ZERO && band < Money::whole(1));
    markets_quote_check [quote]
        "CHECK ((quote ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::quote, is_asset);
    markets_status_check [status]
        "CHECK ((status = ANY (ARRAY['open'::text, 'halted'::text, 'cancel_only'::text, 'auction'::text, \
         'closed'::text])))"
        => |row| word(row, c::status, MarketStatus::parse);
    markets_status_reason_check [status_reason]
        "CHECK ((char_length(status_reason) <= 200))"
        => |row| text(row, c::status_reason, |reason| reason.chars().count() <= 200);
    markets_stops_sequence_check [stops_sequence, last_sequence]
        "CHECK (((stops_sequence >= 0) AND (stops_sequence < last_sequence)))"
        => |row| row.int(c::stops_sequence).is_none_or(|n| n >= 0
            && row.int(c::last_sequence).is_none_or(|last| n < last));
    markets_swept_sequence_check [swept_sequence, last_sequence]
        "CHECK (((swept_sequence >= 0) AND (swept_sequence <= last_sequence)))"
        => |row| row.int(c::swept_sequence).is_none_or(|n| n >= 0
            && row.int(c::last_sequence).is_none_or(|last| n <= last));
    markets_symbol_check [symbol]
        "CHECK ((symbol ~ '^[A-Z0-9][A-Z0-9._/-]{0,19}$'::text))"
        => |row| text(row, c::symbol, |symbol| is_name(symbol, 20, "._/-"));
    markets_taker_rate_check [taker_rate]
        "CHECK (((taker_rate >= (0)::numeric) AND (taker_rate <= (1)::numeric)))"
        => |row| row.money(c::taker_rate).is_none_or(|rate| rate >= Money::ZERO && rate <= Money::whole(1));
};

/// Those of `exchange.assets`.
pub const ASSETS: &[Check] = checks! {
    assets:
    assets_amount_check [amount]
        "CHECK (((amount >= (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| not_negative(row, c::amount);
    assets_locked_amount_check [locked_amount]
        "CHECK (((locked_amount >= (0)::numeric) AND (locked_amount < 'NaN'::numeric)))"
        => |row| not_negative(row, c::locked_amount);
    assets_symbol_check [symbol]
        "CHECK ((symbol ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))"
        => |row| text(row, c::symbol, is_asset);
    assets_total_check [amount, locked_amount]
        "CHECK (((amount + locked_amount) < ('1000000000000'::bigint)::numeric))"
        => |row| row.money(c::amount).zip(row.money(c::locked_amount))
            .is_none_or(|(available, locked)| available.plus(locked).is_ok());
};

/// Those of `exchange.trades`.
pub const TRADES: &[Check] = checks! {
    trades:
    trades_amount_check [amount]
        "CHECK (((amount > (0)::numeric) AND (amount < 'NaN'::numeric)))"
        => |row| positive(row, c::amount);
    trades_commission_check [commission, buyer_commission, seller_commission]
        "CHECK (((commission >= (0)::numeric) AND (commission = (buyer_commission + seller_commission))))"
        => |row| {
            let both = sum(row.money(c::buyer_commission), row.money(c::seller_commission));
            not_negative(row, c::commission)
                && both.zip(row.money(c::commission)).is_none_or(|(both, commission)| both == commission.into())
        };
    trades_different_orders [buy_order_id, sell_order_id]
        "CHECK ((buy_order_id <> sell_order_id))"
        => |row| row.int(c::buy_order_id).zip(row.int(c::sell_order_id)).is_none_or(|(buy, sell)| buy != sell);
    trades_price_check [price]
        "CHECK (((price > (0)::numeric) AND (price < 'NaN'::numeric)))"
        => |row| positive(row, c::price);
    trades_sequence_check [sequence]
        "CHECK ((sequence > 0))"
        => |row| row.int(c::sequence).is_none_or(|n| n > 0);
    trades_taker_side_check [taker_side]
        "CHECK ((taker_side = ANY (ARRAY['buy'::text, 'sell'::text])))"
        => |row| word(row, c::taker_side, Side::parse);
};

/// Those of `exchange.order_amendments`.
pub const ORDER_AMENDMENTS: &[Check] = checks! {
    order_amendments:
    order_amendments_sequence_check [start_sequence, end_sequence]
        "CHECK ((end_sequence >= start_sequence))"
        => |row| at_most(row.int(c::start_sequence), row.int(c::end_sequence));
};

/// Those of `exchange.order_commands`.
pub const ORDER_COMMANDS: &[Check] = checks! {
    order_commands:
    order_commands_size_check [
        action, symbol, client_order_id, side, order_type, time_in_force,
        self_trade_prevention, price, amount, stop_price, display_amount, quote_amount
    ]
        "CHECK (((octet_length(action) <= 1000) AND (octet_length(symbol) <= 1000) AND \
         (octet_length(client_order_id) <= 1000) AND (octet_length(side) <= 1000) AND (octet_length(order_type) \
         <= 1000) AND (octet_length(time_in_force) <= 1000) AND (octet_length(self_trade_prevention) <= 1000) AND \
         (pg_column_size(price) <= 512) AND (pg_column_size(amount) <= 512) AND (pg_column_size(stop_price) <= \
         512) AND (pg_column_size(display_amount) <= 512) AND (pg_column_size(quote_amount) <= 512)))"
        => |row| {
            let names = [c::action, c::symbol, c::client_order_id];
            let words = [c::side, c::order_type, c::time_in_force, c::self_trade_prevention];
            let numbers = [c::price, c::amount, c::stop_price, c::display_amount, c::quote_amount];
            names.iter().chain(&words).all(|at| text(row, *at, |text| text.len() <= 1000))
                && numbers.iter().all(|at| row.numeric(*at).is_none_or(|n| n.size() <= 512))
        };
};

/// Those of `exchange.command_attempts`.
pub const COMMAND_ATTEMPTS: &[Check] = checks! {
    command_attempts:
    command_attempts_check [first_id, last_id, tries]
        "CHECK (((first_id <= last_id) AND (tries > 0)))"
        => |row| at_most(row.int(c::first_id), row.int(c::last_id)) && row.int(c::tries).is_none_or(|n| n > 0);
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
