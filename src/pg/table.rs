//! Writing rows as COPY does: straight to the table and its indexes.
//!
//! This goes round the executor, and with it round three things, for which this is the one place to look:
//! - **Foreign keys** are not looked up again: the engine has read every row that it refers to and locked what
//!   keeps it there (orders by their market, users by their balances, which cannot be deleted while they hold
//!   anything). Every other writer, and every delete, is still guarded by them.
//! - **CHECK constraints** are not evaluated: the core's types cannot hold what they refuse.
//! - **Triggers** of the tables do not fire: ours are for other writers.
//!
//! Unique indexes are enforced as always, WAL is written as always, `exchange.verify()` reads what results.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::defaults::{self, ColumnDefault};
use super::scan::Row;
use super::value::Value;

/// A table that is open for reading through indexes and for writing.
pub struct Table {
    pub(super) schema: &'static CStr,
    pub(super) relation: pg_sys::Relation,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// The place of each of our columns in the table's rows.
    columns: Vec<usize>,
    /// Columns that are not ours but have a default, once a row is inserted.
    defaults: Option<Vec<ColumnDefault>>,
    writer: Option<Writer>,
}

/// What writing needs and reading does not.
#[derive(Clone, Copy)]
struct Writer {
    slot: *mut pg_sys::TupleTableSlot,
    estate: *mut pg_sys::EState,
    memory: pg_sys::MemoryContext,
    result: *mut pg_sys::ResultRelInfo,
}

impl Table {
    /// Opens a table; `columns` are the columns that are read and written, by their names.
    pub fn open(schema: &'static CStr, name: &CStr, columns: &[&str]) -> Table {
        let Some(oid) = super::session::relation(schema, name) else {
            super::session::raise_missing(&format!("table {}.{}", schema.to_string_lossy(), name.to_string_lossy()));
        };
        // SAFETY: the oid is a table's; the slot is made for it.
        unsafe {
            let relation = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
            let slot = pg_sys::table_slot_create(relation, std::ptr::null_mut());
            Table { schema, relation, slot, columns: places(relation, columns), defaults: None, writer: None }
        }
    }

    /// Closes the table; its lock stays until the transaction ends.
    pub fn close(self) {
        // SAFETY: everything was opened by this handle and is closed once, for `self` is consumed.
        unsafe {
            if let Some(writer) = self.writer {
                pg_sys::ExecCloseIndices(writer.result);
                pg_sys::ExecDropSingleTupleTableSlot(writer.slot);
                pg_sys::FreeExecutorState(writer.estate);
            }
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            pg_sys::table_close(self.relation, pg_sys::NoLock as i32);
        }
    }

    /// Inserts a row: one value for each of our columns, its default for any that somebody has added.
    pub fn insert(&mut self, values: &[Value<'_>]) {
        assert_eq!(values.len(), self.columns.len(), "one value for each column");
        let writer = self.writer();
        if self.defaults.is_none() {
            self.defaults = Some(defaults::of_others(self.relation, &self.columns));
        }
        // SAFETY: the slot has room for every column of the table; datums live in the row's memory until the
        // table has copied them.
        unsafe {
            let row = writer.begin_row();
            let attributes = (*(*self.relation).rd_att).natts as usize;
            std::ptr::write_bytes((*writer.slot).tts_isnull, 1, attributes);
            self.fill(&writer, values.iter().copied().enumerate());
            for default in self.defaults.iter().flatten() {
                default.fill(writer.slot, writer.estate);
            }
            pg_sys::ExecStoreVirtualTuple(writer.slot);
            pg_sys::simple_table_tuple_insert(self.relation, writer.slot);
            writer.insert_index_entries(false, false);
            writer.end_row(row);
        }
    }

    /// Changes some columns of the row at `tid`, which this transaction has locked.
    pub fn update(&mut self, tid: pg_sys::ItemPointerData, changes: &[(usize, Value<'_>)]) {
        let writer = self.writer();
        // SAFETY: the old row is read from its tid into our slot, its datums are copied into the new one
        // together with the changes, and the table copies that before the memory is reset.
        unsafe {
            let row = writer.begin_row();
            self.fetch(tid);
            pg_sys::slot_getsomeattrs_int(self.slot, (*(*self.relation).rd_att).natts);
            let attributes = (*(*self.relation).rd_att).natts as usize;
            std::ptr::copy_nonoverlapping((*self.slot).tts_values, (*writer.slot).tts_values, attributes);
            std::ptr::copy_nonoverlapping((*self.slot).tts_isnull, (*writer.slot).tts_isnull, attributes);
            self.fill(&writer, changes.iter().copied());
            pg_sys::ExecStoreVirtualTuple(writer.slot);
            let mut tid = tid;
            let (indexes, summarizing) = update_tuple(self.relation, &raw mut tid, writer.slot);
            if indexes {
                writer.insert_index_entries(true, summarizing);
            }
            self.clear();
            writer.end_row(row);
        }
    }

    /// Deletes the row at `tid`, which nobody else is changing.
    pub fn delete(&mut self, tid: pg_sys::ItemPointerData) {
        let mut tid = tid;
        // SAFETY: the tid was read from this table in this transaction; a concurrent change raises an error.
        unsafe { pg_sys::simple_table_tuple_delete(self.relation, &raw mut tid, snapshot_any()) }
    }

    /// Where the row of the slot stands.
    pub(super) fn tid(&self) -> pg_sys::ItemPointerData {
        // SAFETY: the slot is this table's.
        unsafe { (*self.slot).tts_tid }
    }

    /// A column of the row in the slot.
    pub(super) fn column(&self, column: usize) -> Option<pg_sys::Datum> {
        let at = self.columns[column];
        // SAFETY: the slot holds a row of this table, and `at` is one of its columns.
        unsafe {
            if ((*self.slot).tts_nvalid as usize) <= at {
                pg_sys::slot_getsomeattrs_int(self.slot, at as i32 + 1);
            }
            (!*(*self.slot).tts_isnull.add(at)).then(|| *(*self.slot).tts_values.add(at))
        }
    }

    /// Empties the slot, so that it holds no buffer.
    pub(super) fn clear(&mut self) {
        // SAFETY: every slot has its operations.
        unsafe {
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                clear(self.slot);
            }
        }
    }

    /// Locks the newest version of the row at `tid` into the slot; false when it is gone.
    pub(super) fn lock(&mut self, tid: pg_sys::ItemPointerData) -> bool {
        let mut tid = tid;
        // SAFETY: the table access method's own lock, as SELECT … FOR NO KEY UPDATE takes it; the slot is this
        // table's and the snapshot is registered while it is used.
        unsafe {
            let Some(lock) = (*(*self.relation).rd_tableam).tuple_lock else { return false };
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let mut failure = pg_sys::TM_FailureData::default();
            let outcome = lock(
                self.relation,
                &raw mut tid,
                snapshot,
                self.slot,
                pg_sys::GetCurrentCommandId(false),
                pg_sys::LockTupleMode::LockTupleNoKeyExclusive,
                pg_sys::LockWaitPolicy::LockWaitBlock,
                pg_sys::TUPLE_LOCK_FLAG_FIND_LAST_VERSION as u8,
                &raw mut failure,
            );
            pg_sys::UnregisterSnapshot(snapshot);
            match outcome {
                pg_sys::TM_Result::TM_Ok => true,
                pg_sys::TM_Result::TM_Deleted => false,
                other => pgrx::error!("row could not be locked (result {other})"),
            }
        }
    }

    fn fetch(&mut self, tid: pg_sys::ItemPointerData) {
        let mut tid = tid;
        // SAFETY: the slot is this table's; any version of the row may be read, for it is locked.
        unsafe {
            let fetch = (*(*self.relation).rd_tableam).tuple_fetch_row_version;
            if !fetch.is_some_and(|fetch| fetch(self.relation, &raw mut tid, snapshot_any(), self.slot)) {
                pgrx::error!("row to be updated is gone");
            }
        }
    }

    fn fill<'a>(&self, writer: &Writer, values: impl Iterator<Item = (usize, Value<'a>)>) {
        for (column, value) in values {
            let (at, datum) = (self.columns[column], value.datum());
            // SAFETY: `at` is a column of the table, for whose rows the slot was made.
            unsafe {
                *(*writer.slot).tts_values.add(at) = datum.unwrap_or(pg_sys::Datum::null());
                *(*writer.slot).tts_isnull.add(at) = datum.is_none();
            }
        }
    }

    /// The writer, opened with all indexes at the first write.
    fn writer(&mut self) -> Writer {
        let relation = self.relation;
        // SAFETY: the relation is open for writing. The bare ResultRelInfo (no trigger descriptor) is what
        // ExecInsertIndexTuples reads; it is closed with the table.
        *self.writer.get_or_insert_with(|| unsafe {
            let result = pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            (*result).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            (*result).ri_RelationDesc = relation;
            pg_sys::ExecOpenIndices(result, false);
            let estate = pg_sys::CreateExecutorState();
            let memory = (*pg_sys::MakePerTupleExprContext(estate)).ecxt_per_tuple_memory;
            let slot = pg_sys::MakeSingleTupleTableSlot((*relation).rd_att, &raw const pg_sys::TTSOpsVirtual);
            Writer { slot, estate, memory, result }
        })
    }
}

impl Row<'_> {
    /// Where the row stands.
    pub fn tid(&self) -> pg_sys::ItemPointerData {
        self.table.tid()
    }
}

impl Writer {
    /// Turns to the memory of one row; returns what to go back to.
    fn begin_row(&self) -> pg_sys::MemoryContext {
        // SAFETY: the context lives as long as the writer.
        unsafe { pg_sys::MemoryContextSwitchTo(self.memory) }
    }

    /// Frees the memory of the row.
    fn end_row(&self, back: pg_sys::MemoryContext) {
        // SAFETY: the slot is emptied before its datums are freed.
        unsafe {
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                clear(self.slot);
            }
            pg_sys::MemoryContextSwitchTo(back);
            pg_sys::MemoryContextReset(self.memory);
        }
    }

    /// Adds the slot's row to the indexes.
    fn insert_index_entries(&self, update: bool, summarizing: bool) {
        // SAFETY: the row has just been stored and its tid stands in the slot.
        #[cfg(feature = "pg15")]
        unsafe {
            let _ = summarizing;
            let (none, list) = (std::ptr::null_mut(), std::ptr::null_mut());
            pg_sys::ExecInsertIndexTuples(self.result, self.slot, self.estate, update, false, none, list);
        }
        // SAFETY: as above.
        #[cfg(not(feature = "pg15"))]
        unsafe {
            let (none, list) = (std::ptr::null_mut(), std::ptr::null_mut());
            pg_sys::ExecInsertIndexTuples(self.result, self.slot, self.estate, update, false, none, list, summarizing);
        }
    }
}

/// Updates a row; returns whether indexes need entries, and whether only the summarizing ones (BRIN) do.
fn update_tuple(
    relation: pg_sys::Relation,
    tid: pg_sys::ItemPointer,
    slot: *mut pg_sys::TupleTableSlot,
) -> (bool, bool) {
    // SAFETY: the caller passes its own relation, a tid of it and a filled slot.
    #[cfg(feature = "pg15")]
    unsafe {
        let mut indexes = false;
        pg_sys::simple_table_tuple_update(relation, tid, slot, std::ptr::null_mut(), &raw mut indexes);
        (indexes, false)
    }
    // SAFETY: as above.
    #[cfg(not(feature = "pg15"))]
    unsafe {
        let mut indexes = pg_sys::TU_UpdateIndexes::TU_None;
        pg_sys::simple_table_tuple_update(relation, tid, slot, std::ptr::null_mut(), &raw mut indexes);
        (indexes != pg_sys::TU_UpdateIndexes::TU_None, indexes == pg_sys::TU_UpdateIndexes::TU_Summarizing)
    }
}

fn snapshot_any() -> pg_sys::Snapshot {
    &raw mut pg_sys::SnapshotAnyData
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
        .map(|column| place(column).unwrap_or_else(|| super::session::raise_missing(&format!("column {}", column.1))))
        .collect()
}

/// Whether a catalog name, a zero-ended array of bytes, spells `name`.
fn is_name(stored: &pg_sys::NameData, name: &str) -> bool {
    let spelled = stored.data.iter().map(|c| *c as u8).take_while(|c| *c != 0);
    spelled.eq(name.bytes())
}
