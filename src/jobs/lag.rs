//! How late ticks are: `sql/jobs/declare.sql`.

use std::ops::ControlFlow;
use std::time::Duration;

use pgrx::pg_extern;
use pgrx::pg_sys::panic::ErrorReport;

use crate::bourse::require_tables;
use crate::pg::definition::Definition;
use crate::pg::fields::table;
use crate::pg::results::Rows;
use crate::pg::table::Table;
use crate::pg::value::{Timestamp, Value};

static SCHEDULES: Definition = Definition { schema: c"jobs", name: c"schedules", columns: schedules::ALL, checks: &[] };

table! {
    /// `jobs.schedules`.
    pub mod schedules: read {
        id: Int,
        next_run_at: Option<Time>,
    }
}

/// How long the schedule that is due longest has been due; and of those that somebody has locked, which one and how long:
/// ticks pass them over.
#[pg_extern(sql = false)]
fn jobs_lags() -> Result<Rows<3>, ErrorReport> {
    require_tables()?;
    let now = Timestamp::now();
    let (mut lag, mut held) = (None, None);
    let mut table = Table::open_to_read(&SCHEDULES);
    let index = table.index(c"idx_schedules_next_run_at");
    table.scan(index, &[], |row| {
        let schedule = schedules::of(row);
        let Some(due) = schedule.next_run_at() else { return ControlFlow::Break(()) };
        let late = Duration::from_micros(u64::try_from(now.0 - due.0).unwrap_or_default());
        if !late.is_zero() && row.is_held() {
            held.get_or_insert((schedule.id(), late));
            return ControlFlow::Continue(());
        }
        lag = Some(late);
        ControlFlow::Break(())
    });
    table.close();
    let (id, held) = held.map_or((Value::Null, Value::Null), |(id, late)| (Value::Int(id), Value::from(late)));
    Ok(Rows(vec![[lag.map_or(Value::Null, Value::from), id, held]]))
}
