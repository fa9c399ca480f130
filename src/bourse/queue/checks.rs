//! The CHECK constraint that a queue of the platform may have, in Rust: a claim and a completion write past the executor,
//! and to evaluate it costs a twelfth of what both do.

use super::columns::{Places, at};
use crate::pg::check::{Check, Proposed, mask};

/// Where a queue has these columns that has both.
const STARTED_AT: usize = at::ERROR + 1;
const FINISHED_AT: usize = at::ERROR + 2;
const COLUMNS: &[usize] = &[at::STATUS, at::CLAIMABLE_AT, at::LEASE, FINISHED_AT];

static OF_RUNS: [Check; 1] = [Check {
    name: "schedule_runs_status_check",
    definition: "CHECK (
CASE status
    WHEN 'pending'::text THEN ((claimable_at IS NOT NULL) AND (lease IS NULL) AND (finished_at IS NULL))
    WHEN 'running'::text THEN ((claimable_at IS NOT NULL) AND (lease IS NOT NULL) AND (finished_at IS NULL))
    WHEN 'completed'::text THEN ((claimable_at IS NULL) AND (lease IS NULL) AND (finished_at IS NOT NULL))
    WHEN 'failed'::text THEN ((claimable_at IS NULL) AND (lease IS NULL) AND (finished_at IS NOT NULL))
    WHEN 'cancelled'::text THEN ((claimable_at IS NULL) AND (finished_at IS NOT NULL))
    ELSE false
END)",
    columns: COLUMNS,
    mask: mask(COLUMNS),
    holds,
}];

fn holds(row: &Proposed<'_>) -> bool {
    let [is_due, is_held, has_ended] = [at::CLAIMABLE_AT, at::LEASE, FINISHED_AT].map(|column| !row.is_null(column));
    let fits = |status: &str| match status {
        "pending" => is_due && !is_held && !has_ended,
        "running" => is_due && is_held && !has_ended,
        "completed" | "failed" => !is_due && !is_held && has_ended,
        "cancelled" => !is_due && has_ended,
        _ => false,
    };
    row.text(at::STATUS, fits).unwrap_or(false)
}

/// Those of a queue with its columns at these places. One that the table has not, or has otherwise, is no matter: what
/// is not stated here is evaluated.
pub fn of(places: &Places) -> &'static [Check] {
    if (places.started_at, places.finished_at) == (Some(STARTED_AT), Some(FINISHED_AT)) { &OF_RUNS } else { &[] }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use pgrx::prelude::*;

    use super::*;
    use crate::pg::value::{Timestamp, Uuid, Value};

    /// As the table's own constraint decides on a row with this status, in which these columns are there or not.
    fn decides(expression: &str, status: &str, [is_due, is_held, has_ended]: [bool; 3]) -> bool {
        let or_null = |is_there: bool, value: &str| if is_there { value.to_owned() } else { "NULL".to_owned() };
        let (due, ended) = (or_null(is_due, "now()"), or_null(has_ended, "now()"));
        let lease = or_null(is_held, "gen_random_uuid()");
        let row =
            format!("SELECT '{status}' AS status, {due} AS claimable_at, {lease} AS lease, {ended} AS finished_at");
        Spi::get_one(&format!("SELECT {expression} FROM ({row}) AS row"))
            .expect("it can be evaluated")
            .expect("a truth")
    }

    #[pg_test]
    fn the_check_of_runs_is_that_of_the_catalog_for_every_row() {
        Spi::run("SELECT bourse.install()").expect("tables");
        let ask = |what: &str| {
            let query = format!("SELECT {what} FROM pg_constraint WHERE conname = '{}'", OF_RUNS[0].name);
            Spi::get_one::<String>(&query).expect("a catalog").expect("the constraint")
        };
        assert_eq!(ask("pg_get_constraintdef(oid)"), OF_RUNS[0].definition);
        let expression = ask("pg_get_expr(conbin, conrelid)");
        for status in ["pending", "running", "completed", "failed", "cancelled", "done", ""] {
            for bits in 0..8 {
                let there = [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0];
                let mut values = [Value::Null; FINISHED_AT + 1];
                values[at::STATUS] = Value::Text(status);
                let set = [Value::Time(Timestamp(1)), Value::Uuid(Uuid([1; 16])), Value::Time(Timestamp(1))];
                for (at, column) in [at::CLAIMABLE_AT, at::LEASE, FINISHED_AT].into_iter().enumerate() {
                    values[column] = if there[at] { set[at] } else { Value::Null };
                }
                let is = holds(&Proposed::new(&values));
                assert_eq!(is, decides(&expression, status, there), "{status} {there:?}");
            }
        }
    }
}
