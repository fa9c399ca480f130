//! What the kernel knows of a queue: where its columns stand, those that it must have and those that it may.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::Oid;

use crate::error::{Answer, Failure};
use crate::pg::catalog::{changes, has_column, is_table, name_of};
use crate::pg::check::Check;
use crate::pg::column::{Column, Kind};
use crate::pg::definition::Definition;
use crate::pg::owner;

/// The places of the columns that every queue has.
#[allow(missing_docs, reason = "the name of the column")]
pub mod at {
    pub const ID: usize = 0;
    pub const STATUS: usize = 1;
    pub const PRIORITY: usize = 2;
    pub const CLAIMABLE_AT: usize = 3;
    pub const ATTEMPT: usize = 4;
    pub const MAX_ATTEMPTS: usize = 5;
    pub const LEASE: usize = 6;
    pub const WORKER: usize = 7;
    pub const ERROR: usize = 8;
}

/// Where the columns stand that a queue may have; the kernel fills them in.
#[derive(Default)]
pub struct Places {
    pub started_at: Option<usize>,
    pub finished_at: Option<usize>,
    pub heartbeat_at: Option<usize>,
    pub next_retry_at: Option<usize>,
    pub timeout: Option<usize>,
    pub deadline: Option<usize>,
    pub concurrency_key: Option<usize>,
    pub keep_only_failures: Option<usize>,
    /// The first of the module's own columns.
    pub own: usize,
}

/// The CHECK constraints of a queue that are stated in Rust, by where its columns stand.
pub type Checks = fn(&Places) -> &'static [Check];

/// A queue as this session knows it.
pub struct Known {
    queue: Oid,
    changes: Cell<u64>,
    own: &'static [Column],
    pub definition: &'static Definition,
    pub places: Places,
}

/// The same, not kept yet.
struct Shape {
    schema: CString,
    name: CString,
    columns: Vec<Column>,
    places: Places,
}

thread_local! {
    static KNOWN: RefCell<Vec<&'static Known>> = const { RefCell::new(Vec::new()) };
}

impl Known {
    /// The queue, and these further columns of it. What is kept lives as long as the session: there are few queues.
    pub fn of(queue: Oid, own: &'static [Column], checks: Checks) -> Answer<&'static Known> {
        let changes = changes();
        let is_it = |known: &Known| known.queue == queue && std::ptr::eq(known.own, own);
        let known = KNOWN.with_borrow(|all| all.iter().copied().find(|known| is_it(known)));
        if let Some(known) = known.filter(|known| known.changes.get() == changes) {
            return Ok(known);
        }
        let shape = Shape::of(queue, own)?;
        // A change of anything is heard of: most are of something else.
        if let Some(known) = known.filter(|known| shape.is(known.definition)) {
            known.changes.set(changes);
            return Ok(known);
        }
        let known = Box::leak(Box::new(shape.kept(queue, own, changes, checks)));
        KNOWN.with_borrow_mut(|all| {
            all.retain(|known| !is_it(known));
            all.push(known);
        });
        Ok(known)
    }

    /// Schema and table, for messages.
    pub fn name(&self) -> String {
        named(self.definition.schema, self.definition.name)
    }
}

impl Shape {
    fn of(queue: Oid, own: &'static [Column]) -> Answer<Shape> {
        let Some((schema, name)) = name_of(queue).filter(|_| is_table(queue) && owner::is_ours(queue)) else {
            return Err(no_queue(queue));
        };
        let has = |column: &str| CString::new(column).is_ok_and(|column| has_column(queue, &column));
        let either = |one: &'static str, other: &'static str| if has(other) && !has(one) { other } else { one };
        let mut columns: Vec<Column> = vec![
            ("id", Kind::Int),
            ("status", Kind::Text),
            ("priority", Kind::Int2),
            ("claimable_at", Kind::Time),
            ("attempt", Kind::Int4),
            ("max_attempts", Kind::Int4),
            ("lease", Kind::Uuid),
            (either("locked_by", "worker_id"), Kind::Text),
            (either("last_error", "error"), Kind::Text),
        ];
        let mut optional = |column: &'static str, kind| {
            has(column).then(|| {
                columns.push((column, kind));
                columns.len() - 1
            })
        };
        let mut places = Places {
            started_at: optional("started_at", Kind::Time),
            finished_at: optional("finished_at", Kind::Time),
            heartbeat_at: optional("heartbeat_at", Kind::Time),
            next_retry_at: optional("next_retry_at", Kind::Time),
            timeout: optional("timeout", Kind::Interval),
            deadline: optional("deadline", Kind::Time),
            concurrency_key: optional("concurrency_key", Kind::Text),
            keep_only_failures: optional("keep_only_failures", Kind::Bool),
            own: 0,
        };
        places.own = columns.len();
        columns.extend(own);
        Ok(Shape { schema, name, columns, places })
    }

    fn is(&self, known: &Definition) -> bool {
        *self.schema == *known.schema && *self.name == *known.name && self.columns == known.columns
    }

    fn kept(self, queue: Oid, own: &'static [Column], changes: u64, checks: Checks) -> Known {
        let kept = |text: CString| &*Box::leak(text.into_boxed_c_str());
        let definition = Definition {
            schema: kept(self.schema),
            name: kept(self.name),
            columns: Box::leak(self.columns.into_boxed_slice()),
            checks: checks(&self.places),
        };
        let definition = Box::leak(Box::new(definition));
        Known { queue, changes: Cell::new(changes), own, definition, places: self.places }
    }
}

fn named(schema: &CStr, name: &CStr) -> String {
    format!("{}.{}", schema.to_string_lossy(), name.to_string_lossy())
}

fn no_queue(queue: Oid) -> Failure {
    let name = name_of(queue).map_or_else(|| queue.to_u32().to_string(), |(schema, name)| named(&schema, &name));
    Failure::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("{name} is no queue of the platform"),
        "A queue is a table that belongs to bourse_owner.",
    )
}
