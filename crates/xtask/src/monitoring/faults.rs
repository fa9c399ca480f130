//! Faults that are planted, and the alerts that tell of them.

use crate::failure::Result;
use crate::psql::Database;
use crate::started::Started;

/// What is told once the faults are there.
pub const ALERTS: [&str; 17] = [
    "balance_changes_fail",
    "cancellations_are_unusual",
    "check_has_found_something",
    "chore_is_late",
    "connections_run_out",
    "dead_rows",
    "default_partition_has_rows",
    "inbox_waits",
    "partition_is_missing",
    "queue_lags",
    "replication_lags",
    "sequencer_is_stalled",
    "sessions_wait",
    "slot_holds_wal",
    "transaction_is_long",
    "verify_is_late",
    "wraparound",
];
/// One session holds a market, another waits for it, and so does an order.
const SESSIONS: [(&str, &str); 3] = [
    ("holder", "BEGIN; SELECT FROM exchange.markets WHERE symbol = 'STALL-USD' FOR UPDATE; SELECT pg_sleep(3600)"),
    ("waiter", "SELECT pg_sleep(1); SELECT FROM exchange.markets WHERE symbol = 'STALL-USD' FOR UPDATE"),
    ("order", "SELECT pg_sleep(1); SELECT exchange.submit_order(1, 'STALL-USD', 'buy', 1, 1)"),
];

/// Plants all of them.
pub fn plant(database: &Database, started: &mut Started, sql: &str) -> Result<()> {
    for (name, command) in SESSIONS {
        let mut psql = database.psql();
        started.start(name, psql.args(command.split("; ").flat_map(|statement| ["-c", statement])))?;
    }
    database.run(sql)?;
    started.signal("receivewal", "-STOP")
}
