//! Writing rows as COPY does: straight to the table and its indexes.
//!
//! This goes round the executor, and with it round three things that are *ours*, for which this is the one place to
//! look:
//! - **Our foreign keys** are not looked up again: the engine has read every row that it refers to and locked what
//!   keeps it there (orders by their market, users by their balances, which cannot be deleted while they hold
//!   anything). Every other writer, and every delete, is still guarded by them.
//! - **Our CHECK constraints** are not evaluated: each is stated in Rust ([`super::check`]), and holds for every row that
//!   is written here.
//! - **Our triggers** do not fire: they are for other writers.
//!
//! What others have attached ([`super::attached`]) holds: their CHECKs and foreign keys, their AFTER … FOR EACH ROW
//! triggers; other triggers and rules are refused. NOT NULL, defaults, generated columns and the constraints of domains
//! hold as always. Unique and exclusion constraints are enforced as always, but at once where they are DEFERRABLE, and
//! not looked at by an update that leaves the key; WAL is written as always; `exchange.verify()` reads what results.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;

use super::attached::Change;
use super::check::{self, Proposed};
use super::column;
use super::defaults::Computed;
use super::definition::Definition;
use super::plan::{Plan, Writer};
use super::row::Row;
pub use super::row::Tid;
use super::session;
use super::value::Value;

/// What an attempt to lock a row has come to.
pub enum Locked<T> {
    /// It is locked, and read.
    Row(T),
    /// There is no such row, or no longer.
    Gone,
    /// Somebody else holds it.
    Busy,
}

/// A table that is open for reading through indexes and for writing.
pub struct Table {
    pub(super) relation: pg_sys::Relation,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    pub(super) plan: Box<Plan>,
    /// Its size when it was first asked for.
    blocks: Option<u32>,
}

impl Table {
    /// Opens a table.
    pub fn open(definition: &'static Definition) -> Table {
        Table::open_with(definition, pg_sys::RowExclusiveLock)
    }

    /// Opens a table from which nothing but rows is wanted: it keeps nobody from adding an index.
    pub fn open_to_read(definition: &'static Definition) -> Table {
        Table::open_with(definition, pg_sys::AccessShareLock)
    }

    fn open_with(definition: &'static Definition, lock: u32) -> Table {
        let (plan, relation) = Plan::take(definition, lock);
        Table { relation, slot: plan.slot, plan, blocks: None }
    }

    /// Closes the table; its lock stays until the transaction ends.
    pub fn close(mut self) {
        self.clear();
        self.plan.keep();
        // SAFETY: opened by this handle and closed once, for `self` is consumed.
        unsafe { pg_sys::table_close(self.relation, pg_sys::NoLock as i32) }
    }

    /// Inserts a row: one value for each of our columns, its default for any that somebody has added. Returns where
    /// it stands.
    pub fn insert(&mut self, values: &[Value<'_>]) -> Tid {
        assert_eq!(values.len(), self.plan.layout.at.len(), "one value for each column");
        self.require_writable();
        check::require(self.plan.definition.checks, &self.plan.layout, &Proposed::new(values));
        let relation = self.relation;
        let writer = self.plan.inserter(relation);
        let slot = writer.slot;
        // SAFETY: the slot has room for every column of the table; datums live in the row's memory until the
        // table has copied them.
        unsafe {
            let back = writer.begin_row();
            let attributes = (*(*relation).rd_att).natts as usize;
            std::ptr::write_bytes((*slot).tts_isnull, 1, attributes);
            fill(slot, &self.plan, values.iter().copied().enumerate());
            self.plan.compute_defaults();
            pg_sys::ExecStoreVirtualTuple(slot);
            self.plan.compute_generated();
            let writer = self.plan.writer(relation);
            writer.check(relation);
            pg_sys::simple_table_tuple_insert(relation, slot);
            let tid = (*slot).tts_tid;
            writer.insert_index_entries(relation);
            writer.queue(Change::Insert(slot));
            writer.end_row(back);
            tid
        }
    }

    /// Changes some columns of the row at `tid`, which this transaction has locked. Returns where it stands now.
    pub fn update(&mut self, tid: Tid, changes: &[(usize, Value<'_>)]) -> Tid {
        self.change(tid, changes, true).unwrap_or_else(|| pgrx::error!("row to be updated is gone"))
    }

    /// As [`Table::update`], of a row that nobody has locked: none, and nothing is changed, when somebody else has, or
    /// has changed it meanwhile.
    pub fn try_update(&mut self, tid: Tid, changes: &[(usize, Value<'_>)]) -> Option<Tid> {
        self.change(tid, changes, false)
    }

    fn change(&mut self, tid: Tid, changes: &[(usize, Value<'_>)], is_locked: bool) -> Option<Tid> {
        self.require_writable();
        let (relation, slot) = self.writing();
        let back = self.plan.writer(relation).begin_row();
        // SAFETY: the old row is read from its tid into our slot, its datums are copied into the new one
        // together with the changes, and the table copies that before the memory is reset.
        unsafe {
            if !self.fetch(tid, snapshot_any()) {
                self.plan.writer(relation).end_row(back);
                return None;
            }
            let Plan { definition, layout, .. } = &*self.plan;
            check::require(definition.checks, layout, &Proposed::changed(self.row(), changes));
            let attributes = (*(*relation).rd_att).natts;
            pg_sys::slot_getsomeattrs_int(self.slot, attributes);
            std::ptr::copy_nonoverlapping((*self.slot).tts_values, (*slot).tts_values, attributes as usize);
            std::ptr::copy_nonoverlapping((*self.slot).tts_isnull, (*slot).tts_isnull, attributes as usize);
            fill(slot, &self.plan, changes.iter().copied());
            pg_sys::ExecStoreVirtualTuple(slot);
            self.plan.compute_generated();
            self.plan.writer(relation).check(relation);
            let (old, mut tid) = (tid, tid);
            let written = if is_locked {
                Some(update_tuple(relation, &raw mut tid, slot))
            } else {
                try_update_tuple(relation, &raw mut tid, slot)
            };
            let Some((indexes, summarizing)) = written else {
                self.plan.writer(relation).end_row(back);
                self.clear();
                return None;
            };
            tid = (*slot).tts_tid;
            let set = if indexes || self.has_attached() { self.set_by(changes) } else { Vec::new() };
            let writer = self.plan.writer(relation);
            if indexes {
                writer.update_index_entries(relation, &set, summarizing);
            }
            writer.queue(Change::Update(old, slot, &set));
            writer.end_row(back);
            self.clear();
            Some(tid)
        }
    }

    /// Deletes the row at `tid`, which nobody else is changing.
    pub fn delete(&mut self, tid: Tid) {
        self.require_writable();
        let mut gone = tid;
        // SAFETY: the tid was read from this table in this transaction; a concurrent change raises an error.
        unsafe { pg_sys::simple_table_tuple_delete(self.relation, &raw mut gone, snapshot_any()) }
        let relation = self.relation;
        let writer = self.plan.writer(relation);
        writer.turn_to(relation);
        writer.queue(Change::Delete(tid));
    }

    /// The row in the slot.
    pub(super) fn row(&self) -> Row<'_> {
        Row { layout: &self.plan.layout, relation: self.relation, slot: self.slot }
    }

    /// Refuses in a read-only transaction and on a standby (25006), where the executor would.
    fn require_writable(&self) {
        if session::is_read_only() {
            session::refuse_read_only(&format!("a change of {}", self.plan.layout.table()));
        }
    }

    /// Empties the slot, so that it holds no buffer.
    pub(super) fn clear(&mut self) {
        // SAFETY: every slot has its flags and its operations.
        unsafe {
            let is_empty = u32::from((*self.slot).tts_flags) & pg_sys::TTS_FLAG_EMPTY != 0;
            if let Some(clear) = (*(*self.slot).tts_ops).clear.filter(|_| !is_empty) {
                guarded(|| clear(self.slot));
            }
        }
    }

    /// Locks the newest version of the row at `tid` into the slot, once nobody else holds it; false when it is gone.
    pub(super) fn lock(&mut self, tid: Tid) -> bool {
        matches!(self.lock_row(tid, pg_sys::LockWaitPolicy::LockWaitBlock), Locked::Row(()))
    }

    /// Locks the newest version of the row at `tid` into the slot.
    pub(super) fn lock_row(&mut self, tid: Tid, wait: pg_sys::LockWaitPolicy::Type) -> Locked<()> {
        self.require_writable();
        let mut tid = tid;
        // SAFETY: the table access method's own lock, as SELECT … FOR NO KEY UPDATE takes it; the slot is this
        // table's and the snapshot is registered while it is used.
        unsafe {
            let Some(lock) = (*(*self.relation).rd_tableam).tuple_lock else { return Locked::Gone };
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let mut failure = pg_sys::TM_FailureData::default();
            let command = pg_sys::GetCurrentCommandId(false);
            // A function behind a pointer has no guard of pgrx's own: what it raises must not jump over our frames.
            let outcome = guarded(|| {
                lock(
                    self.relation,
                    &raw mut tid,
                    snapshot,
                    self.slot,
                    command,
                    pg_sys::LockTupleMode::LockTupleNoKeyExclusive,
                    wait,
                    pg_sys::TUPLE_LOCK_FLAG_FIND_LAST_VERSION as u8,
                    &raw mut failure,
                )
            });
            pg_sys::UnregisterSnapshot(snapshot);
            match outcome {
                pg_sys::TM_Result::TM_Ok => Locked::Row(()),
                pg_sys::TM_Result::TM_Deleted | pg_sys::TM_Result::TM_Invisible => Locked::Gone,
                pg_sys::TM_Result::TM_WouldBlock => Locked::Busy,
                other => pgrx::error!("row could not be locked (result {other})"),
            }
        }
    }

    /// Reads what stands at `tid` into the slot, whether it is visible or not; false when nothing does.
    pub(super) fn fetch(&mut self, tid: Tid, snapshot: pg_sys::Snapshot) -> bool {
        let mut tid = tid;
        // SAFETY: the slot is this table's, and `tid` lies within it.
        unsafe {
            let fetch = (*(*self.relation).rd_tableam).tuple_fetch_row_version;
            fetch.is_some_and(|fetch| guarded(|| fetch(self.relation, &raw mut tid, snapshot, self.slot)))
        }
    }

    /// Whether `tid` lies within the table. The lock on the table keeps it from shrinking.
    pub(super) fn reaches(&mut self, tid: Tid) -> bool {
        // SAFETY: the relation is open; asking for its size asks the file system.
        let blocks = *self.blocks.get_or_insert_with(|| unsafe {
            pg_sys::RelationGetNumberOfBlocksInFork(self.relation, pg_sys::ForkNumber::MAIN_FORKNUM)
        });
        block(tid) < blocks
    }

    /// Frees what nobody can see any more on the page of `tid`, if the page is full, as every scan of an index does:
    /// a row that is found and changed without one would take a new page each time. The slot must be empty.
    pub(super) fn prune(&self, tid: Tid) {
        // SAFETY: the page lies within the table, and is pinned while it is looked at.
        unsafe {
            if (*(*self.relation).rd_rel).relam == pg_sys::HEAP_TABLE_AM_OID {
                let buffer = pg_sys::ReadBuffer(self.relation, block(tid));
                pg_sys::heap_page_prune_opt(self.relation, buffer);
                pg_sys::ReleaseBuffer(buffer);
            }
        }
    }

    /// Whether the table has no rows, as its file tells: it may have no live ones when it is not.
    pub fn is_empty(&mut self) -> bool {
        !self.reaches(Tid::default())
    }

    /// Whether others have attached anything to the table.
    fn has_attached(&mut self) -> bool {
        self.plan.writer(self.relation).attached.is_some()
    }

    /// The places of the columns that an update sets, generated ones included.
    fn set_by(&mut self, changes: &[(usize, Value<'_>)]) -> Vec<usize> {
        let mut set: Vec<usize> = changes.iter().map(|(column, _)| self.plan.layout.at[*column]).collect();
        set.extend(self.plan.writer(self.relation).generated.iter().map(Computed::column));
        set
    }

    /// The table and the slot of the row that is being written.
    fn writing(&mut self) -> (pg_sys::Relation, *mut pg_sys::TupleTableSlot) {
        (self.relation, self.plan.writer(self.relation).slot)
    }
}

/// Puts values into the columns of a row.
fn fill<'a>(slot: *mut pg_sys::TupleTableSlot, plan: &Plan, values: impl Iterator<Item = (usize, Value<'a>)>) {
    for (column, value) in values {
        let (at, datum) = (plan.layout.at[column], value.datum());
        if datum.is_none() && plan.layout.required[column] {
            column::raise_null(&plan.layout.table(), plan.layout.columns[column].0);
        }
        // SAFETY: `at` is a column of the table, for whose rows the slot was made.
        unsafe {
            *(*slot).tts_values.add(at) = datum.unwrap_or(pg_sys::Datum::null());
            *(*slot).tts_isnull.add(at) = datum.is_none();
        }
    }
}

impl Writer {
    /// Refuses the slot's row if a CHECK constraint of somebody else does.
    fn check(&mut self, relation: pg_sys::Relation) {
        self.turn_to(relation);
        if let Some(attached) = &self.attached {
            // SAFETY: the slot holds a whole row of the table.
            unsafe { attached.check(self.result, self.slot, self.estate) }
        }
    }

    /// Has the triggers of others fire for a change, at the end of the work.
    fn queue(&self, change: Change<'_>) {
        if let Some(attached) = &self.attached {
            // SAFETY: the change has just been made in the table of the ResultRelInfo.
            unsafe { attached.queue(self.result, self.estate, change) }
        }
    }

    /// Turns to the memory of one row; returns what to go back to.
    fn begin_row(&self) -> pg_sys::MemoryContext {
        // SAFETY: the context lives as long as the writer.
        unsafe { pg_sys::MemoryContextSwitchTo(self.row) }
    }

    /// Frees the memory of the row.
    fn end_row(&self, back: pg_sys::MemoryContext) {
        // SAFETY: the slot is emptied before its datums are freed.
        unsafe {
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                guarded(|| clear(self.slot));
            }
            pg_sys::MemoryContextSwitchTo(back);
            pg_sys::MemoryContextReset(self.row);
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

/// Updates a row if nobody else has locked or changed it; returns the same, none: somebody has.
fn try_update_tuple(
    relation: pg_sys::Relation,
    tid: pg_sys::ItemPointer,
    slot: *mut pg_sys::TupleTableSlot,
) -> Option<(bool, bool)> {
    #[cfg(feature = "pg15")]
    let mut indexes = false;
    #[cfg(not(feature = "pg15"))]
    let mut indexes = pg_sys::TU_UpdateIndexes::TU_None;
    // SAFETY: as of `update_tuple`; the table's own method, told not to wait.
    let outcome = unsafe {
        let update = (*(*relation).rd_tableam).tuple_update?;
        let (mut failure, mut mode) = (pg_sys::TM_FailureData::default(), 0);
        let command = pg_sys::GetCurrentCommandId(true);
        let none = std::ptr::null_mut();
        guarded(|| {
            update(relation, tid, slot, command, none, none, false, &raw mut failure, &raw mut mode, &raw mut indexes)
        })
    };
    if outcome != pg_sys::TM_Result::TM_Ok {
        return None;
    }
    #[cfg(feature = "pg15")]
    return Some((indexes, false));
    #[cfg(not(feature = "pg15"))]
    Some((indexes != pg_sys::TU_UpdateIndexes::TU_None, indexes == pg_sys::TU_UpdateIndexes::TU_Summarizing))
}

fn block(tid: Tid) -> u32 {
    u32::from(tid.ip_blkid.bi_hi) << 16 | u32::from(tid.ip_blkid.bi_lo)
}

pub(super) fn snapshot_any() -> pg_sys::Snapshot {
    &raw mut pg_sys::SnapshotAnyData
}
