//! The partitions of our tables by ranges of one time, for rows that are read and written past the executor: which one
//! takes a row, opened as any other table.

use std::cell::RefCell;
use std::ffi::{CStr, CString};

use pgrx::PgSqlErrorCode;
use pgrx::prelude::*;

use crate::error::{Answer, Failure};
use crate::pg::catalog::{changes, name_of};
use crate::pg::definition::Definition;
use crate::pg::table::Table;
use crate::pg::value::Timestamp;
use crate::pg::{owner, session};

/// A partition as this session knows it.
#[derive(Clone, Copy)]
struct Part {
    /// None: the default one.
    span: Option<(Timestamp, Timestamp)>,
    definition: &'static Definition,
}

/// A partitioned table, with the count of changed definitions when it was looked at.
struct Known {
    parent: &'static Definition,
    changes: u64,
    parts: Vec<Part>,
}

thread_local! {
    static KNOWN: RefCell<Vec<Known>> = const { RefCell::new(Vec::new()) };
    /// What was made for a partition is kept as long as the session, which knows its plan by its place.
    static MADE: RefCell<Vec<&'static Definition>> = const { RefCell::new(Vec::new()) };
}

/// So often a partition that has changed while its lock was waited for is looked for again.
const ATTEMPTS: usize = 100;

/// The definition of the partition that takes rows of this time. Its columns and constraints are those of its parent.
pub fn definition_at(parent: &'static Definition, time: Timestamp) -> Answer<&'static Definition> {
    let now = changes();
    let found = KNOWN.with_borrow(|known| {
        let known = known.iter().find(|known| std::ptr::eq(known.parent, parent) && known.changes == now)?;
        find(&known.parts, time)
    });
    if let Some(definition) = found {
        return Ok(definition);
    }
    let parts = read(parent)?;
    let found = find(&parts, time);
    KNOWN.with_borrow_mut(|known| {
        known.retain(|known| !std::ptr::eq(known.parent, parent));
        known.push(Known { parent, changes: changes(), parts });
    });
    found.ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_CHECK_VIOLATION,
            format!("no partition of {} takes {}", name(parent), time.iso()),
            "Give it a DEFAULT partition: the migrations have made one.",
        )
    })
}

/// The partition that takes rows of this time, open, and its definition.
pub fn open_at(parent: &'static Definition, time: Timestamp) -> Answer<(&'static Definition, Table)> {
    for _ in 0..ATTEMPTS {
        let definition = definition_at(parent, time)?;
        let table = Table::open(definition);
        // What was heard with its lock may say that another one takes them by now.
        if std::ptr::eq(definition_at(parent, time)?, definition) {
            return Ok((definition, table));
        }
        table.close();
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
        format!("the partitions of {} do not stop changing", name(parent)),
        "Try again.",
    ))
}

fn find(parts: &[Part], time: Timestamp) -> Option<&'static Definition> {
    let takes = |part: &&Part| part.span.is_some_and(|(lower, upper)| lower <= time && time < upper);
    let part = parts.iter().find(takes).or_else(|| parts.iter().find(|part| part.span.is_none()));
    part.map(|part| part.definition)
}

fn read(parent: &'static Definition) -> Answer<Vec<Part>> {
    let relation = session::relation(parent.schema, parent.name)
        .unwrap_or_else(|| session::raise_missing(&format!("table {}", name(parent))));
    owner::require(relation, &name(parent))?;
    let query =
        "SELECT p.partition::pg_catalog.oid, p.lower, p.upper, p.is_default FROM bourse_private.partitions($1) p";
    let rows = session::as_role(owner::NAME, || {
        Spi::connect(|client| {
            let rows = client.select(query, None, &[relation.into()])?;
            let time = |row: &spi::SpiHeapTupleData<'_>, column| {
                row.get::<TimestampWithTimeZone>(column).map(|time| time.map(i64::from).map(Timestamp))
            };
            let row = |row: spi::SpiHeapTupleData<'_>| {
                Ok((row.get::<pg_sys::Oid>(1)?, time(&row, 2)?, time(&row, 3)?, row.get::<bool>(4)?))
            };
            rows.map(row).collect::<spi::Result<Vec<_>>>()
        })
    });
    let rows = rows.map_err(|error| Failure::of("XX000", &error.to_string(), ""))?;
    let part = |(partition, lower, upper, is_default): (Option<pg_sys::Oid>, _, _, _)| {
        let (schema, name) = name_of(partition?)?;
        let span = if is_default == Some(true) { None } else { Some((lower?, upper?)) };
        Some(Part { span, definition: made(parent, schema, name) })
    };
    Ok(rows.into_iter().filter_map(part).collect())
}

fn made(parent: &'static Definition, schema: CString, name: CString) -> &'static Definition {
    let is_it = |made: &&&'static Definition| {
        *made.schema == *schema && *made.name == *name && std::ptr::eq(made.columns, parent.columns)
    };
    if let Some(known) = MADE.with_borrow(|all| all.iter().find(is_it).copied()) {
        return known;
    }
    let kept = |text: CString| -> &'static CStr { Box::leak(text.into_boxed_c_str()) };
    let (columns, checks) = (parent.columns, parent.checks);
    let made: &'static Definition =
        Box::leak(Box::new(Definition { schema: kept(schema), name: kept(name), columns, checks }));
    MADE.with_borrow_mut(|all| all.push(made));
    made
}

fn name(of: &Definition) -> String {
    format!("{}.{}", of.schema.to_string_lossy(), of.name.to_string_lossy())
}
