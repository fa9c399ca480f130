//! What a session keeps of a table from one call to the next: oids, the places of columns, slots, and all that
//! writing its indexes needs. To find that out again costs a tenth of a place_order().
//!
//! Any change of the definition of any table, function, type or constraint, by anybody, empties the cache: defaults,
//! generated columns and indexes hold expressions that call functions and cast to domains.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;

use pgrx::{PgSqlErrorCode, pg_guard, pg_sys};

use super::attached::Attached;
use super::check::Check;
use super::column::{Layout, qualified};
use super::defaults::{self, Computed};
use super::definition::Definition;
use super::{called, owner, session};

thread_local! {
    /// The plans that no [`super::table::Table`] is using now.
    #[expect(clippy::vec_box, reason = "a plan is lent and taken back without being moved")]
    static IDLE: RefCell<Vec<Box<Plan>>> = const { RefCell::new(Vec::new()) };
    /// Counts the changes of definitions that this session has heard of; 0: it does not listen yet.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
}

/// A table as this session knows it.
pub struct Plan {
    pub(super) definition: &'static Definition,
    changes: u64,
    oid: pg_sys::Oid,
    /// All memory of the plan; deleted with it.
    memory: pg_sys::MemoryContext,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// Where our columns stand in the table's rows.
    pub(super) layout: Layout,
    indexes: Vec<(&'static CStr, pg_sys::Oid)>,
    defined: Vec<(&'static str, Option<pg_sys::Oid>)>,
    writer: Option<Writer>,
}

/// What writing needs and reading does not.
pub struct Writer {
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    pub(super) estate: *mut pg_sys::EState,
    /// The memory of one row.
    pub(super) row: pg_sys::MemoryContext,
    pub(super) result: *mut pg_sys::ResultRelInfo,
    /// Columns that are not ours but have a default; `None` until the first row is inserted.
    pub(super) defaults: Option<Vec<Computed>>,
    /// Columns that are generated from others and stored.
    pub(super) generated: Vec<Computed>,
    pub(super) indexes: Vec<pg_sys::Oid>,
    /// What others have attached to the table.
    pub(super) attached: Option<Attached>,
}

impl Plan {
    /// The plan of a table, and the table open with a lock.
    pub fn take(definition: &'static Definition, lock: u32) -> (Box<Plan>, pg_sys::Relation) {
        listen();
        let mine = |plan: &Plan| std::ptr::eq(plan.definition, definition);
        let known = IDLE.with_borrow_mut(|idle| idle.iter().position(|plan| mine(plan)).map(|at| idle.swap_remove(at)));
        // SAFETY: locks are taken after news of changes has been heard, and news that came with the lock is looked
        // at once more; a plan from before a change is not used.
        unsafe {
            pg_sys::AcceptInvalidationMessages();
            if let Some(plan) = known.filter(|plan| plan.holds()) {
                let relation = pg_sys::table_open(plan.oid, lock as i32);
                if plan.holds() {
                    return (plan, relation);
                }
                pg_sys::table_close(relation, pg_sys::NoLock as i32);
            }
            let Some(oid) = session::relation(definition.schema, definition.name) else {
                session::raise_missing(&format!("table {}", qualified(definition.schema, definition.name)));
            };
            let relation = pg_sys::table_open(oid, lock as i32);
            // Under its lock, before anything of it is used: what stands under this name may be a view.
            let layout = layout(relation, definition);
            let memory = memory();
            let slot = in_memory(memory, || {
                let rows = pg_sys::CreateTupleDescCopyConstr((*relation).rd_att);
                pg_sys::MakeSingleTupleTableSlot(rows, pg_sys::table_slot_callbacks(relation))
            });
            let changes = CHANGES.get();
            let (indexes, defined) = (vec![], vec![]);
            let plan = Plan { definition, changes, oid, memory, slot, layout, indexes, defined, writer: None };
            (Box::new(plan), relation)
        }
    }

    /// Keeps the plan for the next call.
    pub fn keep(mut self: Box<Plan>) {
        if let Some(writer) = &mut self.writer {
            writer.close();
        }
        if self.holds() {
            IDLE.with_borrow_mut(|idle| idle.push(self));
        }
    }

    /// The oid of an index that can be searched.
    pub fn index(&mut self, name: &'static CStr) -> pg_sys::Oid {
        if let Some((_, oid)) = self.indexes.iter().find(|(known, _)| *known == name) {
            return *oid;
        }
        let Some(oid) = session::relation(self.definition.schema, name) else {
            session::raise_missing(&format!("index {}", qualified(self.definition.schema, name)));
        };
        if !is_searchable(oid, self.oid) {
            let index = qualified(self.definition.schema, name);
            session::raise_unfit(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                &format!("{index} is not a valid B-tree index of {}", self.layout.table()),
                &format!("A CREATE INDEX CONCURRENTLY may have failed or still run: wait, or REINDEX INDEX {index}."),
            );
        }
        self.indexes.push((name, oid));
        oid
    }

    /// The oid of the index that is declared so.
    pub fn index_on(&mut self, relation: pg_sys::Relation, definition: &'static str) -> Option<pg_sys::Oid> {
        if let Some((_, oid)) = self.defined.iter().find(|(known, _)| *known == definition) {
            return *oid;
        }
        let ends = format!(" USING btree {definition}");
        // SAFETY: the relation is open; the definition of each of its indexes is a fresh string.
        let found = unsafe {
            let list = pgrx::PgList::<pg_sys::Oid>::from_pg(pg_sys::RelationGetIndexList(relation));
            list.iter_oid().find(|oid| {
                let text = session::spelled_plainly(|| pg_sys::pg_get_indexdef_string(*oid));
                let text = CStr::from_ptr(text).to_string_lossy();
                text.ends_with(&ends) && is_searchable(*oid, self.oid)
            })
        };
        self.defined.push((definition, found));
        found
    }

    /// The writer. Its indexes may be closed: an update that stays on its page needs none of them.
    pub fn writer(&mut self, relation: pg_sys::Relation) -> &mut Writer {
        let Plan { memory, definition, layout, writer, .. } = self;
        let new = || Writer::new(relation, &layout.table(), &layout.at, definition.checks);
        writer.get_or_insert_with(|| in_memory(*memory, new))
    }

    /// The writer, with the defaults of columns that are not ours.
    pub fn inserter(&mut self, relation: pg_sys::Relation) -> &mut Writer {
        if self.writer(relation).defaults.is_none() {
            let find = || defaults::of_others(relation, &self.layout.table(), &self.layout.at);
            let found = in_memory(self.memory, find);
            self.writer(relation).defaults = Some(found);
        }
        self.writer(relation)
    }

    /// Puts the defaults of columns that are not ours into the writer's row.
    pub fn compute_defaults(&self) {
        let Some(writer) = &self.writer else { return };
        for default in writer.defaults.iter().flatten() {
            // SAFETY: the state and the slot are the writer's, of this table.
            unsafe { default.fill(&self.layout, writer.slot, writer.estate) }
        }
    }

    /// Puts the generated columns into the writer's row, from the others.
    pub fn compute_generated(&self) {
        let Some(writer) = &self.writer else { return };
        for column in &writer.generated {
            // SAFETY: the state, its context and the slot are the writer's, of this table.
            unsafe {
                (*(*writer.estate).es_per_tuple_exprcontext).ecxt_scantuple = writer.slot;
                column.fill(&self.layout, writer.slot, writer.estate);
            }
        }
    }

    fn holds(&self) -> bool {
        self.changes == CHANGES.get()
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: everything in it belongs to this plan. What is still open when an error ends the call (relations,
        // buffers) is closed by the abort.
        unsafe {
            // An error in the middle of a row leaves us inside of it, and what tells of the error allocates there.
            let mut at = pg_sys::CurrentMemoryContext;
            while !at.is_null() && at != self.memory {
                at = (*at).parent;
            }
            if !at.is_null() {
                pg_sys::MemoryContextSwitchTo(pg_sys::ErrorContext);
            }
            pg_sys::MemoryContextDelete(self.memory);
        }
    }
}

impl Writer {
    fn new(relation: pg_sys::Relation, table: &str, ours: &[usize], checks: &[Check]) -> Writer {
        let attached = Attached::to(relation, table, ours, checks);
        // SAFETY: the relation is open for writing. The bare ResultRelInfo (with the triggers of others, not with ours)
        // is what ExecInsertIndexTuples reads. All of it is made in the memory of the plan.
        unsafe {
            let result = pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
            (*result).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            (*result).ri_RelationDesc = relation;
            let list = pgrx::PgList::<pg_sys::Oid>::from_pg(pg_sys::RelationGetIndexList(relation));
            list.iter_oid().for_each(|index| called::require_safe_index((*relation).rd_id, index, table));
            pg_sys::ExecOpenIndices(result, false);
            let count = (*result).ri_NumIndices as usize;
            (0..count).for_each(|at| forget(*(*result).ri_IndexRelationInfo.add(at)));
            let indexes = (0..count).map(|at| {
                let (index, info) = (*(*result).ri_IndexRelationDescs.add(at), *(*result).ri_IndexRelationInfo.add(at));
                called::require_safe_keys((*relation).rd_id, index, info, table);
                (*index).rd_id
            });
            let indexes = indexes.collect();
            let estate = pg_sys::CreateExecutorState();
            let row = (*pg_sys::MakePerTupleExprContext(estate)).ecxt_per_tuple_memory;
            let rows = pg_sys::CreateTupleDescCopyConstr((*relation).rd_att);
            let slot = pg_sys::MakeSingleTupleTableSlot(rows, &raw const pg_sys::TTSOpsVirtual);
            (*slot).tts_tableOid = (*relation).rd_id;
            let generated = defaults::generated(relation, table);
            attached.iter().for_each(|attached| attached.equip(result));
            Writer { slot, estate, row, result, defaults: None, generated, indexes, attached }
        }
    }

    /// Works with the table as it is open now.
    pub(super) fn turn_to(&mut self, relation: pg_sys::Relation) {
        // SAFETY: the ResultRelInfo is this writer's.
        unsafe { (*self.result).ri_RelationDesc = relation }
    }

    /// Opens an index again, with its lock: ALTER INDEX … SET TABLESPACE moves one without its table's.
    pub(super) fn open(&self, at: usize) -> pg_sys::Relation {
        // SAFETY: the array has a place for each index, as ExecOpenIndices has made it; null: it is closed.
        unsafe {
            let index = (*self.result).ri_IndexRelationDescs.add(at);
            if (*index).is_null() {
                *index = pg_sys::index_open(self.indexes[at], pg_sys::RowExclusiveLock as i32);
                forget(*(*self.result).ri_IndexRelationInfo.add(at));
            }
            *index
        }
    }

    fn close(&mut self) {
        // SAFETY: each was opened by this writer in this transaction.
        unsafe {
            for at in 0..self.indexes.len() {
                let index = std::mem::replace(&mut *(*self.result).ri_IndexRelationDescs.add(at), std::ptr::null_mut());
                if !index.is_null() {
                    #[cfg(any(feature = "pg17", feature = "pg18"))]
                    pg_sys::index_insert_cleanup(index, *(*self.result).ri_IndexRelationInfo.add(at));
                    pg_sys::index_close(index, pg_sys::NoLock as i32);
                }
            }
        }
    }
}

/// Has an index keep what it remembers from row to row (BRIN: its descriptor) no longer than the transaction: it points
/// into what the server knows of the index, which may be thrown away once the index is closed.
fn forget(index: *mut pg_sys::IndexInfo) {
    // SAFETY: the caller's own; the context lives until the (sub)transaction ends, in which the index is closed.
    unsafe {
        (*index).ii_AmCache = std::ptr::null_mut();
        (*index).ii_Context = pg_sys::CurTransactionContext;
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

/// How many changes of definitions this session has heard of: what was found out before the last is found out again.
pub(super) fn changes() -> u64 {
    listen();
    CHANGES.get()
}

/// Has this session hear of changes of definitions, from its first use on.
fn listen() {
    if CHANGES.get() == 0 {
        CHANGES.set(1);
        use pg_sys::SysCacheIdentifier::{CONSTROID, PROCOID, TYPEOID};
        // SAFETY: registered once; the callbacks touch nothing but a counter.
        unsafe {
            pg_sys::CacheRegisterRelcacheCallback(Some(changed), pg_sys::Datum::null());
            for cache in [PROCOID, TYPEOID, CONSTROID] {
                pg_sys::CacheRegisterSyscacheCallback(cache as i32, Some(changed_entry), pg_sys::Datum::null());
            }
        }
    }
}

#[pg_guard]
extern "C-unwind" fn changed(_argument: pg_sys::Datum, _relation: pg_sys::Oid) {
    CHANGES.set(CHANGES.get() + 1);
}

#[pg_guard]
extern "C-unwind" fn changed_entry(_argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    CHANGES.set(CHANGES.get() + 1);
}

/// Finds our columns in what stands under the name of a table, and refuses (55000) what is not one.
fn layout(relation: pg_sys::Relation, definition: &Definition) -> Layout {
    let Definition { schema, name, columns, .. } = *definition;
    let table = &qualified(schema, name);
    // SAFETY: an open relation has its row of pg_class.
    if unsafe { (*(*relation).rd_rel).relkind } as u8 != pg_sys::RELKIND_RELATION {
        session::raise_unfit(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            &format!("{table} is not an ordinary table"),
            "The exchange reads and writes files of its own tables: give the table back its name.",
        );
    }
    // SAFETY: as above.
    if let Err(failure) = owner::require(unsafe { (*relation).rd_id }, table) {
        session::raise_unfit(failure.code, &failure.message, &failure.hint);
    }
    Layout::of(relation, schema, name, columns)
}

/// Whether an index is of this table and complete: one that CREATE INDEX CONCURRENTLY has not finished lacks rows.
fn is_searchable(index: pg_sys::Oid, table: pg_sys::Oid) -> bool {
    // SAFETY: the index is looked at while it is open; what is no index is an ERROR. Its table is locked.
    unsafe {
        let index = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let entry = &*(*index).rd_index;
        let complete = entry.indisvalid && entry.indisready && entry.indislive;
        let fits = complete && entry.indrelid == table && (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID;
        pg_sys::index_close(index, pg_sys::NoLock as i32);
        fits
    }
}
