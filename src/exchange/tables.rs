//! The tables of the schema exchange that the engine reads and writes past the executor.

use std::ffi::CStr;

use super::{checks, fields};
use crate::pg::check::Check;
use crate::pg::column::Column;
use crate::pg::definition::Definition;

const fn table(name: &'static CStr, columns: &'static [Column], checks: &'static [Check]) -> Definition {
    Definition { schema: c"exchange", name, columns, checks }
}

/// `exchange.orders`.
pub static ORDERS: Definition = table(c"orders", fields::orders::ALL, checks::ORDERS);
/// `exchange.markets`.
pub static MARKETS: Definition = table(c"markets", fields::markets::ALL, checks::MARKETS);
/// `exchange.assets`.
pub static ASSETS: Definition = table(c"assets", fields::assets::ALL, checks::ASSETS);
/// `exchange.trades`.
pub static TRADES: Definition = table(c"trades", fields::trades::ALL, checks::TRADES);
/// `exchange.order_amendments`.
pub static ORDER_AMENDMENTS: Definition =
    table(c"order_amendments", fields::order_amendments::ALL, checks::ORDER_AMENDMENTS);
/// `exchange.order_commands`.
pub static ORDER_COMMANDS: Definition = table(c"order_commands", fields::order_commands::ALL, checks::ORDER_COMMANDS);
/// `exchange.command_attempts`.
pub static COMMAND_ATTEMPTS: Definition =
    table(c"command_attempts", fields::command_attempts::ALL, checks::COMMAND_ATTEMPTS);
/// `exchange.command_rejections`.
pub static COMMAND_REJECTIONS: Definition = table(c"command_rejections", fields::command_rejections::ALL, &[]);
/// `exchange.fee_groups`, which the engine does not write.
pub static FEE_GROUPS: Definition = table(c"fee_groups", fields::fee_groups::ALL, &[]);
/// `exchange.fee_schedules`, which the engine does not write.
pub static FEE_SCHEDULES: Definition = table(c"fee_schedules", fields::fee_schedules::ALL, &[]);

/// Those that the engine writes: whatever CHECK constraint they have is stated in [`checks`].
#[cfg(any(test, feature = "pg_test"))]
pub static WRITTEN: [&Definition; 8] =
    [&ORDERS, &MARKETS, &ASSETS, &TRADES, &ORDER_AMENDMENTS, &ORDER_COMMANDS, &COMMAND_ATTEMPTS, &COMMAND_REJECTIONS];
