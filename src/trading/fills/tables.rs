//! The tables of trading that fills are booked in, read and written past the executor.

use std::ffi::CStr;

use analytics::position::{Direction, Method, Side};

use crate::pg::check::{Check, Proposed, mask};
use crate::pg::column::Column;
use crate::pg::definition::Definition;
use crate::pg::fields::{Words, table};

const fn table(name: &'static CStr, columns: &'static [Column], checks: &'static [Check]) -> Definition {
    Definition { schema: c"trading", name, columns, checks }
}

/// `trading.bot_accounts`.
pub static BOTS: Definition = table(c"bot_accounts", bots::ALL, BOT_CHECKS);
/// `trading.balances`.
pub static BALANCES: Definition = table(c"balances", balances::ALL, &[]);
/// `trading.positions`.
pub static POSITIONS: Definition = table(c"positions", positions::ALL, &[]);
/// `trading.trades`, as its partitions have it.
pub static TRADES: Definition = table(c"trades", trades::ALL, &[]);
/// `trading.fills`.
pub static FILLS: Definition = table(c"fills", fills::ALL, &[]);
/// `trading.fill_commands`.
pub static FILL_COMMANDS: Definition = table(c"fill_commands", fill_commands::ALL, &[]);
/// `trading.fill_rejections`.
pub static FILL_REJECTIONS: Definition = table(c"fill_rejections", fill_rejections::ALL, &[]);

/// The open position of a bot.
pub const OPEN_POSITION: &str = "(bot_id, trade_type, symbol, run_id) WHERE (status = 'open'::text)";
/// A trade, in its partition.
pub const TRADE_KEY: &str = "(id, entry_time)";

impl Words for Direction {
    fn parse(word: &str) -> Option<Direction> {
        match word {
            "long" => Some(Direction::Long),
            "short" => Some(Direction::Short),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Direction::Long => "long",
            Direction::Short => "short",
        }
    }
}

impl Words for Method {
    fn parse(word: &str) -> Option<Method> {
        match word {
            "average" => Some(Method::Average),
            "fifo" => Some(Method::Fifo),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Method::Average => "average",
            Method::Fifo => "fifo",
        }
    }
}

impl Words for Side {
    fn parse(word: &str) -> Option<Side> {
        match word {
            "buy" => Some(Side::Buy),
            "sell" => Some(Side::Sell),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }
}

/// What books are kept for: sums never mix them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TradeType {
    /// Nobody's money.
    Paper,
    /// Real money.
    Live,
    /// The past.
    Backtest,
}

impl Words for TradeType {
    fn parse(word: &str) -> Option<TradeType> {
        match word {
            "paper" => Some(TradeType::Paper),
            "live" => Some(TradeType::Live),
            "backtest" => Some(TradeType::Backtest),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            TradeType::Paper => "paper",
            TradeType::Live => "live",
            TradeType::Backtest => "backtest",
        }
    }
}

table! {
    /// `trading.bot_accounts`, as far as fills are concerned.
    pub mod bots: written {
        id: Int, user_id: Int, status: Text, trade_type: Word<TradeType>, quote: Text, method: Word<Method>,
        starting_balance: Money, current_balance: Money, total_pnl: Money,
        open_positions: Int4, fill_count: Count, trade_count: Count,
    }
}

table! {
    /// `trading.balances`.
    pub mod balances: written {
        bot_id: Int, user_id: Int, trade_type: Word<TradeType>, run_id: Int,
        starting_balance: Money, current_balance: Money, total_pnl: Money,
        open_positions: Int4, fill_count: Count, trade_count: Count,
    }
}

table! {
    /// `trading.positions`.
    pub mod positions: written {
        id: Int, bot_id: Int, user_id: Int, trade_type: Word<TradeType>, symbol: Text, direction: Word<Direction>,
        opened_at: Time, closed_at: Option<Time>, qty_open: Amount, avg_price: Option<Money>, realized_pnl: Money,
        status: Text, run_id: Int, method: Word<Method>, multiplier: Amount, cost: Numeric, gain: Numeric,
        fees: Money, closed_fees: Money, funding: Money, unconverted_fees: Count,
        open_unconverted: Count, low: Money, high: Money,
        lots: Option<Json>, first_fill: Int, last_fill: Int, open_trade_id: Option<Int>,
        open_trade_entry: Option<Time>, strategy_name: Option<Text>, entry_logic_name: Text, interval: Text,
        updated_at: Time,
    }
}

table! {
    /// `trading.trades`.
    pub mod trades: written {
        id: Int, bot_id: Int, user_id: Int, position_id: Option<Int>, trade_type: Word<TradeType>,
        strategy_name: Option<Text>, entry_logic_name: Text, exit_logic_name: Text, symbol: Text, interval: Text,
        entry_time: Time, exit_time: Option<Time>, entry_price: Money, exit_price: Option<Money>, size: Amount,
        direction: Word<Direction>, commission: Money, gross_pnl: Money, net_pnl: Money,
        pnl_percentage: Option<Numeric>, exit_reason: Option<Text>, status: Text, created_at: Time, updated_at: Time,
        run_id: Int, mae: Option<Money>, mfe: Option<Money>, first_fill: Option<Int>, last_fill: Option<Int>,
        unconverted_fees: Count, told_at: Option<Time>,
    }
}

table! {
    /// `trading.fills`.
    pub mod fills: written {
        bot_id: Int, user_id: Int, fill_id: Text, number: Int, trade_type: Word<TradeType>, run_id: Int,
        symbol: Text, side: Word<Side>, quantity: Amount, price: Amount, fee: Money, fee_currency: Option<Text>,
        fee_rate: Option<Money>, filled_at: Time, multiplier: Amount, strategy_name: Option<Text>,
        entry_logic_name: Option<Text>, exit_logic_name: Option<Text>, interval: Option<Text>,
        exit_reason: Option<Text>, position_id: Int, trade_id: Int, position_quantity: Money,
        average_price: Option<Money>, realized_pnl: Money, commission: Money, balance: Money, created_at: Time,
    }
}

table! {
    /// `trading.fill_commands`. Nothing has been checked of what a row says.
    pub mod fill_commands: read {
        id: Int, bot_id: Option<Int>, fill_id: Option<Text>, symbol: Option<Text>, side: Option<Text>,
        quantity: Option<Numeric>, price: Option<Numeric>, fee: Option<Numeric>, fee_currency: Option<Text>,
        fee_rate: Option<Numeric>, filled_at: Option<Time>, trade_type: Option<Text>, strategy_name: Option<Text>,
        entry_logic_name: Option<Text>, exit_logic_name: Option<Text>, interval: Option<Text>,
        exit_reason: Option<Text>, multiplier: Option<Numeric>, run_id: Option<Int>, created_at: Time,
    }
}

table! {
    /// `trading.fill_rejections`. Why, and the fill as it came.
    pub mod fill_rejections: written {
        command_id: Int, sqlstate: Text, reason: Text, hint: Option<Text>, rejected_at: Time,
        bot_id: Option<Int>, user_id: Option<Int>, fill_id: Option<Text>, symbol: Option<Text>, side: Option<Text>,
        quantity: Option<Numeric>, price: Option<Numeric>, fee: Option<Numeric>, fee_currency: Option<Text>,
        fee_rate: Option<Numeric>, filled_at: Option<Time>, trade_type: Option<Text>, strategy_name: Option<Text>,
        entry_logic_name: Option<Text>, exit_logic_name: Option<Text>, interval: Option<Text>,
        exit_reason: Option<Text>, multiplier: Option<Numeric>, run_id: Option<Int>, created_at: Time,
    }
}

/// A CHECK constraint of `trading.bot_accounts`, as far as fills change what it looks at.
const fn check(
    name: &'static str,
    definition: &'static str,
    columns: &'static [usize],
    holds: fn(&Proposed<'_>) -> bool,
) -> Check {
    Check { name, definition, columns, mask: mask(columns), holds }
}

/// Those of `trading.bot_accounts`: to have its config looked at with every fill would cost more than the fill. What
/// fills do not change has been looked at when it was written; an amount is never NaN.
pub const BOT_CHECKS: &[Check] = &[
    check(
        "bot_accounts_config_check",
        "CHECK (((jsonb_typeof(config) = 'object'::text) AND (octet_length((config)::text) <= 65536)))",
        &[],
        |_| true,
    ),
    check("bot_accounts_current_balance_check", "CHECK ((current_balance < 'NaN'::numeric))", &[], |_| true),
    check("bot_accounts_description_check", "CHECK ((length(description) <= 10000))", &[], |_| true),
    check("bot_accounts_error_count_check", "CHECK ((error_count >= 0))", &[], |_| true),
    check(
        "bot_accounts_extra_metadata_check",
        "CHECK (((jsonb_typeof(extra_metadata) = 'object'::text) AND (octet_length((extra_metadata)::text) <= 65536)))",
        &[],
        |_| true,
    ),
    check("bot_accounts_fill_count_check", "CHECK ((fill_count >= 0))", &[bots::at::fill_count], |row| {
        row.int(bots::at::fill_count).is_none_or(|count| count >= 0)
    }),
    check("bot_accounts_last_error_check", "CHECK ((length(last_error) <= 2000))", &[], |_| true),
    check("bot_accounts_method_check", "CHECK ((method = ANY (ARRAY['average'::text, 'fifo'::text])))", &[], |_| true),
    check("bot_accounts_open_positions_check", "CHECK ((open_positions >= 0))", &[bots::at::open_positions], |row| {
        row.int4(bots::at::open_positions).is_none_or(|count| count >= 0)
    }),
    check("bot_accounts_quote_check", "CHECK ((quote ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'::text))", &[], |_| true),
    check(
        "bot_accounts_starting_balance_check",
        "CHECK (((starting_balance >= (0)::numeric) AND (starting_balance < 'NaN'::numeric)))",
        &[],
        |_| true,
    ),
    check(
        "bot_accounts_status_check",
        "CHECK ((status = ANY (ARRAY['created'::text, 'starting'::text, 'running'::text, 'paused'::text, 'stopping'::text, 'stopped'::text, 'error'::text, 'disabled'::text])))",
        &[],
        |_| true,
    ),
    check("bot_accounts_total_pnl_check", "CHECK ((total_pnl < 'NaN'::numeric))", &[], |_| true),
    check("bot_accounts_trade_count_check", "CHECK ((trade_count >= 0))", &[bots::at::trade_count], |row| {
        row.int(bots::at::trade_count).is_none_or(|count| count >= 0)
    }),
    check(
        "bot_accounts_trade_type_check",
        "CHECK ((trade_type = ANY (ARRAY['paper'::text, 'live'::text, 'backtest'::text])))",
        &[],
        |_| true,
    ),
    check("bot_accounts_type_check", "CHECK ((btrim((type)::text) <> ''::text))", &[], |_| true),
];
