//! The process of one run: it reads as the owner of our tables what is to be done, becomes the role with whose rights
//! it is done, for good, and does it.

use std::ffi::CString;

use pgrx::datum::Uuid;
use pgrx::prelude::*;

use super::slots::{self, Order, Outcome};
use crate::error::{Answer, Failure};
use crate::pg::shared::Text;
use crate::pg::{child, worker};

/// The work of a child.
pub const WORK: child::Work = child::Work { run, leave: slots::leave };

/// What is to be done.
struct Plan {
    owner: pg_sys::Oid,
    procedure: Option<pg_sys::Oid>,
    top_level: bool,
    statements: Vec<CString>,
    task_params: CString,
}

fn run(number: usize) {
    let Some(order) = slots::begin(number) else { return };
    worker::connect(order.database);
    worker::ready_to_write();
    let done = worker::transaction(c"pg_bourse: looking up a task", || plan(&order)).and_then(|plan| carry_out(&plan));
    let outcome = match done {
        Ok(()) => Outcome::Done,
        Err(failure) => Outcome::Failed(Text::new(&format!("{} ({})", failure.message, failure.sqlstate()))),
    };
    slots::tell(number, outcome);
}

fn plan(order: &Order) -> Answer<Plan> {
    let lease = Uuid::from_bytes(order.lease);
    let found = Spi::connect(|client| {
        let query = "SELECT p.owner, p.procedure, p.top_level, p.statements, p.task_params::text
                     FROM jobs_private.plan_task($1, $2) p";
        let row = client.select(query, None, &[lease.into(), order.run.into()])?.first();
        let what = (row.get::<Vec<String>>(4)?, row.get::<String>(5)?);
        Ok::<_, spi::Error>((row.get(1)?, row.get(2)?, row.get(3)?, what))
    });
    let unknown = |error: String| {
        Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("the task cannot be looked up: {error}"), "")
    };
    let (owner, procedure, top_level, (statements, task_params)) = found.map_err(|error| unknown(error.to_string()))?;
    let text = |text: String| CString::new(text).map_err(|error| unknown(error.to_string()));
    Ok(Plan {
        owner: owner.ok_or_else(|| unknown("it has no owner".to_owned()))?,
        procedure,
        top_level: top_level == Some(true),
        statements: statements.unwrap_or_default().into_iter().map(text).collect::<Answer<_>>()?,
        task_params: text(task_params.unwrap_or_else(|| "{}".to_owned()))?,
    })
}

fn carry_out(plan: &Plan) -> Answer<()> {
    child::become_role(plan.owner)?;
    for statement in &plan.statements {
        let takes_one = statement.as_bytes().ends_with(b"($1)");
        let parameter = takes_one.then_some(plan.task_params.as_c_str());
        child::run(statement, plan.procedure, parameter, plan.top_level)?;
    }
    Ok(())
}
