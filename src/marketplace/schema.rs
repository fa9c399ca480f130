//! Configs and their schemas: `sql/marketplace/schema.sql` over `crates/schema`.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgSqlErrorCode, pg_extern, pg_sys};
use schema::{Document, Fault, Kept, NoSchema, Refusal, Schema};

use crate::error::{Answer, Failure};
use crate::pg::arguments::Arguments;
use crate::pg::results::Rows;
use crate::pg::value::{Json, Value};

/// The most schemas that a session keeps compiled.
const MOST_KEPT: usize = 64;
/// The most bytes of them.
const MOST_BYTES: usize = 16 << 20;
/// The most faults that an error names.
const MOST_NAMED: usize = 5;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept::new(MOST_KEPT, MOST_BYTES)) };
}

/// Why a function cannot answer.
enum Unfit {
    Failure(Failure),
    /// The message, the faults, and the hint.
    Faults(&'static str, Vec<Fault>, &'static str),
}

impl From<Failure> for Unfit {
    fn from(failure: Failure) -> Unfit {
        Unfit::Failure(failure)
    }
}

impl From<Unfit> for ErrorReport {
    fn from(unfit: Unfit) -> ErrorReport {
        match unfit {
            Unfit::Failure(failure) => failure.into(),
            Unfit::Faults(message, faults, hint) => {
                let said: Vec<String> = faults.iter().take(MOST_NAMED).map(Fault::to_string).collect();
                ErrorReport::from(Failure::invalid(message, hint)).set_detail(said.join("\n"))
            }
        }
    }
}

/// Called now and then by a check that takes long.
fn hear() {
    pgrx::check_for_interrupts!();
}

fn refused(parameter: &str, refusal: Refusal) -> Failure {
    let code = match refusal {
        Refusal::TooMuch | Refusal::TooNested => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        _ => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
    };
    Failure::new(code, format!("{parameter} {refusal}"), refusal.hint())
}

fn given(arguments: &Arguments, place: usize, parameter: &str) -> Answer<Json> {
    arguments.json(place).ok_or_else(|| Failure::null(parameter))
}

fn document<'a>(parameter: &str, json: &'a Json) -> Answer<Document<'a>> {
    Document::of(json.bytes()).map_err(|refusal| refused(parameter, refusal))
}

/// The schema, compiled, or what is wrong with it.
fn compiled(schema: Document<'_>) -> Answer<Result<Rc<Schema>, Vec<Fault>>> {
    if let Some(known) = KEPT.with_borrow_mut(|kept| kept.get(schema)) {
        return Ok(Ok(known));
    }
    match Schema::compile(schema, hear) {
        Ok(fresh) => Ok(Ok(KEPT.with_borrow_mut(|kept| kept.keep(schema, fresh)))),
        Err(NoSchema::Faults(faults)) => Ok(Err(faults)),
        Err(NoSchema::Refused(refusal)) => Err(refused("schema", refusal)),
    }
}

fn possible(schema: Document<'_>) -> Result<Rc<Schema>, Unfit> {
    compiled(schema)?.map_err(|faults| {
        let hint = if faults.iter().any(Fault::is_elsewhere) {
            "Put what it refers to into the schema itself, below $defs: nothing is fetched, nor read from a file."
        } else {
            "SELECT * FROM marketplace.validate_schema(…) lists what is wrong, each with its place in the schema."
        };
        Unfit::Faults("schema is no JSON Schema", faults, hint)
    })
}

/// What is wrong with the second argument by the schema that is the first.
fn faults_of_config(call: pg_sys::FunctionCallInfo) -> Result<Vec<Fault>, Unfit> {
    let arguments = Arguments::of(call);
    let (schema, config) = (given(&arguments, 0, "schema")?, given(&arguments, 1, "config")?);
    let schema = possible(document("schema", &schema)?)?;
    let faults = schema.faults(document("config", &config)?, hear);
    Ok(faults.map_err(|refusal| refused("config", refusal))?)
}

fn faults_of_schema(call: pg_sys::FunctionCallInfo) -> Answer<Vec<Fault>> {
    let schema = given(&Arguments::of(call), 0, "schema")?;
    Ok(compiled(document("schema", &schema)?)?.err().unwrap_or_default())
}

fn rows(faults: Vec<Fault>) -> Rows<3> {
    let row = |fault: Fault| [fault.path, fault.keyword, fault.reason].map(|text| Value::kept(&text));
    Rows(faults.into_iter().map(row).collect())
}

#[pg_extern(sql = false)]
fn marketplace_validate_schema(call: pg_sys::FunctionCallInfo) -> Result<Rows<3>, ErrorReport> {
    Ok(rows(faults_of_schema(call)?))
}

#[pg_extern(sql = false)]
fn marketplace_validate_config(call: pg_sys::FunctionCallInfo) -> Result<Rows<3>, ErrorReport> {
    Ok(rows(faults_of_config(call)?))
}

#[pg_extern(sql = false)]
fn marketplace_require_schema(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let schema = given(&Arguments::of(call), 0, "schema")?;
    possible(document("schema", &schema)?)?;
    Ok(())
}

#[pg_extern(sql = false)]
fn marketplace_require_config(call: pg_sys::FunctionCallInfo) -> Result<(), ErrorReport> {
    let faults = faults_of_config(call)?;
    if faults.is_empty() {
        return Ok(());
    }
    let hint = "SELECT * FROM marketplace.validate_config(…) lists what is wrong, each with its place in the config.";
    Err(Unfit::Faults("config does not fit its schema", faults, hint).into())
}
