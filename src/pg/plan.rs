//! What a session keeps of a table from one call to the next: oids, the places of columns, slots, and all that
//! writing its indexes needs. To find that out again costs a tenth of a place_order().
//!
//! Any change of any table's definition, by anybody, empties the cache.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;

use pgrx::{pg_guard, pg_sys};

use super::defaults::{self, ColumnDefault};
use super::session;

thread_local! {
    /// The plans that no [`super::table::Table`] is using now.
    static IDLE: RefCell<Vec<Plan>> = const { RefCell::new(Vec::new()) };
    /// Counts the changes of definitions that this session has heard of; 0: it does not listen yet.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// A table as this session knows it.
pub struct Plan {
    schema: &'static CStr,
    name: &'static CStr,
    names: &'static [&'static str],
    changes: u64,
    oid: pg_sys::Oid,
    /// All memory of the plan; deleted with it.
    memory: pg_sys::MemoryContext,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// The place of each of our columns in the table's rows.
    pub(super) columns: Vec<usize>,
    indexes: Vec<(&'static CStr, pg_sys::Oid)>,
    writer: Option<Writer>,
}

/// What writing needs and reading does not.
pub struct Writer {
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    pub(super) estate: *mut pg_sys::EState,
    /// The memory of one row.
    pub(super) row: pg_sys::MemoryContext,
    pub(super) result: *mut pg_sys::ResultRelInfo,
    /// Columns that are not ours but have a default.
    pub(super) defaults: Vec<ColumnDefault>,
    indexes: Vec<pg_sys::Oid>,
    open: bool,
}

impl Plan {
    /// The plan of a table, and the table open with a lock for writing.
    pub fn take(
        schema: &'static CStr,
        name: &'static CStr,
        names: &'static [&'static str],
    ) -> (Box<Plan>, pg_sys::Relation) {
        listen();
        let mine = |plan: &Plan| plan.name == name && plan.schema == schema && std::ptr::eq(plan.names, names);
        let known = IDLE.with_borrow_mut(|idle| idle.iter().position(mine).map(|at| idle.swap_remove(at)));
        // SAFETY: locks are taken after news of changes has been heard, and news that came with the lock is looked
        // at once more; a plan from before a change is not used.
        unsafe {
            pg_sys::AcceptInvalidationMessages();
            if let Some(plan) = known.filter(Plan::holds) {
                let relation = pg_sys::table_open(plan.oid, pg_sys::RowExclusiveLock as i32);
                if plan.holds() {
                    return (Box::new(plan), relation);
                }
                pg_sys::table_close(relation, pg_sys::NoLock as i32);
            }
            let Some(oid) = session::relation(schema, name) else {
                session::raise_missing(&format!("table {}.{}", schema.to_string_lossy(), name.to_string_lossy()));
            };
            let relation = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
            let memory = memory();
            let slot = in_memory(memory, || {
                let rows = pg_sys::CreateTupleDescCopyConstr((*relation).rd_att);
                pg_sys::MakeSingleTupleTableSlot(rows, pg_sys::table_slot_callbacks(relation))
            });
            let changes = CHANGES.get();
            let mut plan = Plan {
                schema,
                name,
                names,
                changes,
                oid,
                memory,
                slot,
                columns: vec![],
                indexes: vec![],
                writer: None,
            };
            plan.columns = places(relation, names);
            (Box::new(plan), relation)
        }
    }

    /// Keeps the plan for the next call.
    pub fn keep(mut self: Box<Plan>) {
        if let Some(writer) = &mut self.writer {
            writer.close();
        }
        if self.holds() {
            IDLE.with_borrow_mut(|idle| idle.push(*self));
        }
    }

    /// The oid of an index.
    pub fn index(&mut self, name: &'static CStr) -> pg_sys::Oid {
        if let Some((_, oid)) = self.indexes.iter().find(|(known, _)| *known == name) {
            return *oid;
        }
        let Some(oid) = session::relation(self.schema, name) else {
            let index = format!("index {}.{}", self.schema.to_string_lossy(), name.to_string_lossy());
            session::raise_missing(&index);
        };
        self.indexes.push((name, oid));
        oid
    }

    /// The writer. Its indexes may be closed: an update that stays on its page needs none of them.
    pub fn writer(&mut self, relation: pg_sys::Relation) -> &mut Writer {
        let (memory, columns) = (self.memory, &self.columns);
        self.writer.get_or_insert_with(|| in_memory(memory, || Writer::new(relation, columns)))
    }

    fn holds(&self) -> bool {
        self.changes == CHANGES.get()
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: everything in it belongs to this plan. What is still open when an error ends the call (relations,
        // buffers) is closed by the abort.
        unsafe { pg_sys::MemoryContextDelete(self.memory) }
    }
}

impl Writer {
    fn new(relation: pg_sys::Relation, ours: &[usize]) -> Writer {
        // SAFETY: the relation is open for writing. The bare ResultRelInfo (no trigger descriptor) is what
        // ExecInsertIndexTuples reads. All of it is made in the memory of the plan.
        unsafe {
            let result = pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            (*result).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            (*result).ri_RelationDesc = relation;
            pg_sys::ExecOpenIndices(result, false);
            let count = (*result).ri_NumIndices as usize;
            let indexes = (0..count).map(|at| (**(*result).ri_IndexRelationDescs.add(at)).rd_id).collect();
            let estate = pg_sys::CreateExecutorState();
            let row = (*pg_sys::MakePerTupleExprContext(estate)).ecxt_per_tuple_memory;
            let rows = pg_sys::CreateTupleDescCopyConstr((*relation).rd_att);
            let slot = pg_sys::MakeSingleTupleTableSlot(rows, &raw const pg_sys::TTSOpsVirtual);
            let defaults = defaults::of_others(relation, ours);
            Writer { slot, estate, row, result, defaults, indexes, open: true }
        }
    }

    /// Opens the indexes again, each with its lock: ALTER INDEX … SET TABLESPACE moves one without its table's.
    pub(super) fn open(&mut self, relation: pg_sys::Relation) {
        if self.open {
            return;
        }
        // SAFETY: the array has a place for each index, as ExecOpenIndices has made it.
        unsafe {
            (*self.result).ri_RelationDesc = relation;
            for (at, oid) in self.indexes.iter().enumerate() {
                let index = pg_sys::index_open(*oid, pg_sys::RowExclusiveLock as i32);
                *(*self.result).ri_IndexRelationDescs.add(at) = index;
            }
        }
        self.open = true;
    }

    fn close(&mut self) {
        if !self.open {
            return;
        }
        // SAFETY: each was opened by this writer in this transaction.
        unsafe {
            for at in 0..self.indexes.len() {
                let index = *(*self.result).ri_IndexRelationDescs.add(at);
                #[cfg(any(feature = "pg17", feature = "pg18"))]
                pg_sys::index_insert_cleanup(index, *(*self.result).ri_IndexRelationInfo.add(at));
                pg_sys::index_close(index, pg_sys::NoLock as i32);
            }
        }
        self.open = false;
    }
}

/// A memory context that lives until it is deleted.
fn memory() -> pg_sys::MemoryContext {
    // SAFETY: the parent lives as long as the session; the name is static.
    unsafe {
        pg_sys::AllocSetContextCreateInternal(
            pg_sys::CacheMemoryContext,
            c"pg_bourse table".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    }
}

fn in_memory<T>(memory: pg_sys::MemoryContext, work: impl FnOnce() -> T) -> T {
    // SAFETY: the context that was current is put back; an error on the way resets it anyway.
    unsafe {
        let back = pg_sys::MemoryContextSwitchTo(memory);
        let value = work();
        pg_sys::MemoryContextSwitchTo(back);
        value
    }
}

/// Has this session hear of changes of definitions, from its first use on.
fn listen() {
    if CHANGES.get() == 0 {
        CHANGES.set(1);
        // SAFETY: registered once; the callback touches nothing but a counter.
        unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(changed), pg_sys::Datum::null()) }
    }
}

#[pg_guard]
extern "C-unwind" fn changed(_argument: pg_sys::Datum, _relation: pg_sys::Oid) {
    CHANGES.set(CHANGES.get() + 1);
}

/// The place of each named column in the rows of a table.
fn places(relation: pg_sys::Relation, columns: &[&str]) -> Vec<usize> {
    // SAFETY: an open relation has a tuple descriptor; the copy of the pointer is only read here.
    let descriptor = unsafe { pgrx::PgTupleDesc::from_pg_unchecked((*relation).rd_att) };
    let named = |at: usize, name: &str| {
        descriptor.get(at).is_some_and(|column| !column.attisdropped && is_name(&column.attname, name))
    };
    let place = |(at, name): (usize, &&str)| {
        // Columns mostly stand where the migration put them.
        if named(at, name) { Some(at) } else { (0..descriptor.len()).find(|i| named(*i, name)) }
    };
    columns
        .iter()
        .enumerate()
        .map(|column| place(column).unwrap_or_else(|| session::raise_missing(&format!("column {}", column.1))))
        .collect()
}

/// Whether a catalog name, a zero-ended array of bytes, spells `name`.
fn is_name(stored: &pg_sys::NameData, name: &str) -> bool {
    let spelled = stored.data.iter().map(|c| *c as u8).take_while(|c| *c != 0);
    spelled.eq(name.bytes())
}
