//! The tables of the schema `marketplace` that are read and written past the executor, as far as they are.

use crate::pg::check::{Check, Proposed, mask};
use crate::pg::definition::Definition;
use crate::pg::fields::table;

/// `marketplace.runs`.
pub static RUNS: Definition =
    Definition { schema: c"marketplace", name: c"runs", columns: runs::ALL, checks: &CHECKS_OF_RUNS };
/// `marketplace.subscriptions`.
pub static SUBSCRIPTIONS: Definition =
    Definition { schema: c"marketplace", name: c"subscriptions", columns: subscriptions::ALL, checks: &[] };
/// `marketplace.bot_versions`.
pub static BOT_VERSIONS: Definition =
    Definition { schema: c"marketplace", name: c"bot_versions", columns: bot_versions::ALL, checks: &[] };

table! {
    /// Fields of `marketplace.runs`.
    pub mod runs: read {
        subscription_id: Int, user_id: Int, claimable_at: Option<Time>, next_run_at: Option<Time>,
        last_run_at: Option<Time>, lease: Option<Uuid>, worker: Option<Text>, error_count: Int4, last_error: Option<Text>,
    }
}

table! {
    /// Fields of `marketplace.subscriptions`.
    pub mod subscriptions: read {
        id: Int, user_id: Int, bot_id: Int, exchange_type: Text, trading_pair: Varchar, timeframe: Varchar,
        timeframes: Option<Json>, strategy_config: Json, execution_config: Json, risk_config: Json,
        trade_evaluation_period: Option<Int4>, network_type: Text, trade_mode: Text, status: Text, is_trial: Bool,
        bot_version: Varchar, ends_at: Option<Generated>,
    }
}

table! {
    /// Fields of `marketplace.bot_versions`.
    pub mod bot_versions: read {
        bot_id: Int, version: Varchar, default_config: Json,
    }
}

const LOOKED_AT: &[usize] =
    &[runs::at::claimable_at, runs::at::lease, runs::at::worker, runs::at::error_count, runs::at::last_error];

static CHECKS_OF_RUNS: [Check; 1] = [Check {
    name: "runs_lease_check",
    definition: "CHECK ((((lease IS NULL) = (worker IS NULL)) AND ((lease IS NULL) OR (claimable_at IS NOT NULL)) AND \
                 (error_count >= 0) AND (length(worker) <= 100) AND (length(last_error) <= 2000)))",
    columns: LOOKED_AT,
    mask: mask(LOOKED_AT),
    holds,
}];

fn holds(row: &Proposed<'_>) -> bool {
    use runs::at;
    let is_free = row.is_null(at::lease);
    let fits = |column: usize, most: usize| row.text(column, |text| text.chars().count() <= most).unwrap_or(true);
    is_free == row.is_null(at::worker)
        && (is_free || !row.is_null(at::claimable_at))
        && row.int4(at::error_count).is_none_or(|count| count >= 0)
        && fits(at::worker, 100)
        && fits(at::last_error, 2000)
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;
    use crate::pg::value::{Timestamp, Uuid, Value};

    /// A value as the engine writes it, and as SQL spells it.
    type Given = (Value<'static>, String);

    fn texts(longest: usize) -> [Given; 3] {
        let spelled = |length: usize| format!("repeat('ä', {length})");
        let given = |length: usize| {
            let text: &'static str = Box::leak("ä".repeat(length).into_boxed_str());
            (Value::Text(text), spelled(length))
        };
        [(Value::Null, "NULL".to_owned()), given(longest), given(longest + 1)]
    }

    #[pg_test]
    fn the_check_of_marketplace_runs_is_that_of_the_catalog_for_every_row() {
        Spi::run("SELECT bourse.install()").expect("tables");
        let ask = |what: &str| {
            let query = format!("SELECT {what} FROM pg_constraint WHERE conname = '{}'", CHECKS_OF_RUNS[0].name);
            Spi::get_one::<String>(&query).expect("a catalog").expect("the constraint")
        };
        assert_eq!(ask("pg_get_constraintdef(oid)"), CHECKS_OF_RUNS[0].definition);
        let expression = ask("pg_get_expr(conbin, conrelid)");
        let null = || (Value::Null, "NULL".to_owned());
        let dues: [Given; 2] = [null(), (Value::Time(Timestamp(1)), "now()".to_owned())];
        let leases: [Given; 2] = [null(), (Value::Uuid(Uuid([1; 16])), "gen_random_uuid()".to_owned())];
        let counts: [Given; 2] = [(Value::Int(0), "0".to_owned()), (Value::Int(-1), "-1".to_owned())];
        for (due, lease, count) in dues
            .iter()
            .flat_map(|due| leases.iter().map(move |lease| (due, lease)))
            .flat_map(|(due, lease)| counts.iter().map(move |count| (due, lease, count)))
        {
            for (worker, error) in texts(100).iter().flat_map(|w| texts(2000).map(|e| (w.clone(), e))) {
                let mut values = [Value::Null; runs::ALL.len()];
                values[runs::at::claimable_at] = due.0;
                values[runs::at::lease] = lease.0;
                values[runs::at::error_count] = count.0;
                values[runs::at::worker] = worker.0;
                values[runs::at::last_error] = error.0;
                let row = format!(
                    "SELECT {}::timestamptz AS claimable_at, {}::uuid AS lease, {}::text AS worker, {} AS error_count, \
                     {}::text AS last_error",
                    due.1, lease.1, worker.1, count.1, error.1
                );
                let decided = Spi::get_one::<bool>(&format!("SELECT ({expression}) IS NOT FALSE FROM ({row}) AS row"));
                let decided = decided.expect("it can be evaluated").expect("a truth");
                assert_eq!(holds(&Proposed::new(&values)), decided, "{row}");
            }
        }
    }
}
