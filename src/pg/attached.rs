//! What others have attached to our tables: triggers, foreign keys and CHECK constraints that are not ours.
//!
//! The engine writes past the executor, and past our own triggers and constraints, which say what it knows already.
//! What an operator, a maintenance or a replication tool has added must see every row: it is looked for once for each
//! change of the table's definition, and costs nothing where there is none.

use std::cell::Cell;
use std::ffi::{CStr, c_char};

use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;
use pgrx::{PgSqlErrorCode, pg_sys};

use super::check::Check;
use super::row::Tid;
use super::{called, owner, session};

/// How the catalogs say it, of triggers and of rules.
const DISABLED: u8 = pg_sys::TRIGGER_DISABLED;

thread_local! {
    /// Whether rows are being written whose triggers fire at the end.
    static OPEN: Cell<bool> = const { Cell::new(false) };
    /// Whether a trigger waits for that end.
    static QUEUED: Cell<bool> = const { Cell::new(false) };
    /// Whether the last error came out of a trigger or a constraint of others.
    static RAISED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the last error of this session came out of what others have attached. Asks once.
pub fn has_raised() -> bool {
    RAISED.take()
}

/// Runs what others have attached, and notes when it raises.
fn foreign<T>(work: impl FnOnce() -> T) -> T {
    struct Note;
    impl Drop for Note {
        fn drop(&mut self) {
            RAISED.set(std::thread::panicking());
        }
    }
    let _note = Note;
    work()
}

/// Does work that writes rows, and then fires the triggers that others have for them, as at the end of a statement:
/// when all of it is written, in the order of the rows, with the rights of `bourse_owner`.
pub fn firing<T>(work: impl FnOnce() -> T) -> T {
    if OPEN.get() {
        return work();
    }
    // SAFETY: opens a level of the queue of triggers; an error on the way ends it with the (sub)transaction.
    unsafe { pg_sys::AfterTriggerBeginQuery() }
    OPEN.set(true);
    let scope = Scope;
    let value = work();
    drop(scope);
    if QUEUED.take() {
        session::as_role(owner::NAME, || foreign(fire));
    } else {
        // SAFETY: ends the level that was opened above; of an empty one nothing is executed.
        unsafe { pg_sys::AfterTriggerEndQuery(std::ptr::null_mut()) }
    }
    value
}

struct Scope;

impl Drop for Scope {
    fn drop(&mut self) {
        OPEN.set(false);
    }
}

fn fire() {
    // SAFETY: the executor state lives for this call; what it has opened and pinned is let go of as COPY does.
    unsafe {
        let estate = pg_sys::CreateExecutorState();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        pg_sys::AfterTriggerEndQuery(estate);
        pg_sys::PopActiveSnapshot();
        pg_sys::ExecResetTupleTable((*estate).es_tupleTable, false);
        pg_sys::ExecCloseResultRelations(estate);
        pg_sys::FreeExecutorState(estate);
    }
}

/// What others have attached to one table.
pub struct Attached {
    /// AFTER … FOR EACH ROW triggers, or null: those of the writer's ResultRelInfo.
    triggers: *mut pg_sys::TriggerDesc,
    /// Those of them that are for an UPDATE OF some columns.
    column_triggers: Vec<ColumnTrigger>,
    has_checks: bool,
}

struct ColumnTrigger {
    /// Its place among the triggers.
    at: usize,
    /// When it is enabled.
    enabled: c_char,
    /// Its columns, from 0.
    columns: Vec<usize>,
}

impl Attached {
    /// Looks at an open table, in the memory that the result lives in. `None` when nothing is attached. Refuses
    /// (55000) what cannot be honoured.
    pub fn to(relation: pg_sys::Relation, table: &str, ours: &[usize], checks: &[Check]) -> Option<Attached> {
        refuse_rules(relation, table);
        let triggers = triggers(relation, table, ours);
        let has_checks = has_foreign_check(relation, table, checks);
        let column_triggers = column_triggers(triggers);
        (!triggers.is_null() || has_checks).then_some(Attached { triggers, column_triggers, has_checks })
    }

    /// Gives a writer's ResultRelInfo what the executor's own would have of them.
    // SAFETY: the caller's ResultRelInfo, of the same table, in the same memory.
    pub(super) unsafe fn equip(&self, result: *mut pg_sys::ResultRelInfo) {
        if self.triggers.is_null() {
            return;
        }
        // SAFETY: one place for each trigger, as InitResultRelInfo makes them; slots of our own, for those that the
        // executor would make hold on to what the server knows of the table.
        unsafe {
            let count = (*self.triggers).numtriggers as usize;
            let relation = (*result).ri_RelationDesc;
            (*result).ri_TrigDesc = self.triggers;
            (*result).ri_TrigFunctions = pg_sys::palloc0(count * size_of::<pg_sys::FmgrInfo>()).cast();
            (*result).ri_TrigWhenExprs = pg_sys::palloc0(count * size_of::<*mut pg_sys::ExprState>()).cast();
            for slot in [&raw mut (*result).ri_TrigOldSlot, &raw mut (*result).ri_TrigNewSlot] {
                let rows = pg_sys::CreateTupleDescCopyConstr((*relation).rd_att);
                *slot = pg_sys::MakeSingleTupleTableSlot(rows, pg_sys::table_slot_callbacks(relation));
            }
        }
    }

    /// Refuses a row that a CHECK constraint says no to.
    // SAFETY: the caller's slot holds a row of the table.
    pub(super) unsafe fn check(
        &self,
        result: *mut pg_sys::ResultRelInfo,
        slot: *mut pg_sys::TupleTableSlot,
        estate: *mut pg_sys::EState,
    ) {
        if self.has_checks {
            // SAFETY: as above; the states of the expressions live with the executor state.
            foreign(|| unsafe { pg_sys::ExecConstraints(result, slot, estate) });
        }
    }

    /// Has the triggers of a change fire at the end of the work.
    // SAFETY: the caller has written the row; the slot of a new version has its tid.
    pub(super) unsafe fn queue(&self, result: *mut pg_sys::ResultRelInfo, estate: *mut pg_sys::EState, change: Change) {
        if self.triggers.is_null() {
            return;
        }
        assert!(OPEN.get(), "rows with triggers are written inside of firing()");
        QUEUED.set(true);
        let (null, nobody) = (std::ptr::null_mut(), std::ptr::null_mut());
        self.choose(if let Change::Update(_, _, columns) = change { Some(columns) } else { None });
        // SAFETY: as above. Nothing captures transition tables, no row moves to another partition.
        unsafe {
            match change {
                Change::Insert(new) => {
                    pg_sys::ExecARInsertTriggers(estate, result, new, std::ptr::null_mut(), null);
                }
                Change::Update(mut old, new, _) => {
                    let (tid, indexes) = (&raw mut old, std::ptr::null_mut());
                    pg_sys::ExecARUpdateTriggers(
                        estate,
                        result,
                        nobody,
                        nobody,
                        tid,
                        std::ptr::null_mut(),
                        new,
                        indexes,
                        null,
                        false,
                    );
                }
                Change::Delete(mut old) => {
                    let tid = &raw mut old;
                    pg_sys::ExecARDeleteTriggers(estate, result, tid, std::ptr::null_mut(), null, false);
                }
            }
            for slot in [(*result).ri_TrigOldSlot, (*result).ri_TrigNewSlot] {
                pg_sys::ExecClearTuple(slot);
            }
        }
    }

    /// Leaves only those UPDATE OF triggers switched on that are about one of the columns that an update sets; for any
    /// other change all of them, which may be for an INSERT as well.
    fn choose(&self, set: Option<&[usize]>) {
        for trigger in &self.column_triggers {
            let fires = set.is_none_or(|set| trigger.columns.iter().any(|column| set.contains(column)));
            // SAFETY: the descriptor is our copy, and `at` one of its triggers.
            unsafe {
                (*(*self.triggers).triggers.add(trigger.at)).tgenabled =
                    if fires { trigger.enabled } else { DISABLED as c_char };
            }
        }
    }
}

/// A row that has been written.
pub enum Change<'a> {
    /// The new row.
    Insert(*mut pg_sys::TupleTableSlot),
    /// Where the old version stands, the new one, and the columns (from 0) that were set.
    Update(Tid, *mut pg_sys::TupleTableSlot, &'a [usize]),
    /// Where the row stood.
    Delete(Tid),
}

/// The triggers of others, as a descriptor of their own in the current memory; null when there are none.
fn triggers(relation: pg_sys::Relation, table: &str, ours: &[usize]) -> *mut pg_sys::TriggerDesc {
    // SAFETY: the relation is open. The copy is changed, not what the server knows of the table: the triggers that stay
    // move to its front, and the flags, which say of what kind there are any, are set anew.
    unsafe {
        let copy = pg_sys::CopyTriggerDesc((*relation).trigdesc);
        if copy.is_null() {
            return copy;
        }
        let all = std::slice::from_raw_parts_mut((*copy).triggers, (*copy).numtriggers as usize);
        let mut kept = 0;
        for at in 0..all.len() {
            if is_foreign(relation, &all[at], ours) {
                require_honoured((*relation).rd_id, &all[at], table);
                // Nothing waits for the commit: then it would run with the rights of whoever commits, and where our
                // processes work not at all.
                (all[at].tgdeferrable, all[at].tginitdeferred) = (false, false);
                all.swap(kept, at);
                kept += 1;
            }
        }
        let fires_on = |event: u32| all[..kept].iter().any(|trigger| is_for(trigger, event));
        let descriptor = pg_sys::TriggerDesc {
            triggers: (*copy).triggers,
            numtriggers: kept as i32,
            trig_insert_after_row: fires_on(pg_sys::TRIGGER_TYPE_INSERT),
            trig_update_after_row: fires_on(pg_sys::TRIGGER_TYPE_UPDATE),
            trig_delete_after_row: fires_on(pg_sys::TRIGGER_TYPE_DELETE),
            ..Default::default()
        };
        *copy = descriptor;
        if kept > 0 { copy } else { std::ptr::null_mut() }
    }
}

/// Those for an UPDATE OF some columns. In the descriptor they become triggers for any column: the executor would ask
/// its range table which columns are updated, and here there is none.
fn column_triggers(triggers: *mut pg_sys::TriggerDesc) -> Vec<ColumnTrigger> {
    let mut found = Vec::new();
    if triggers.is_null() {
        return found;
    }
    // SAFETY: the descriptor is our copy; a trigger has as many columns as it says.
    unsafe {
        for at in 0..(*triggers).numtriggers as usize {
            let trigger = &mut *(*triggers).triggers.add(at);
            if trigger.tgnattr > 0 {
                let numbers = std::slice::from_raw_parts(trigger.tgattr, trigger.tgnattr as usize);
                let columns = numbers.iter().map(|number| *number as usize - 1).collect();
                found.push(ColumnTrigger { at, enabled: trigger.tgenabled, columns });
                trigger.tgnattr = 0;
            }
        }
    }
    found
}

fn is_for(trigger: &pg_sys::Trigger, kind: u32) -> bool {
    trigger.tgtype as u32 & kind != 0
}

/// Whether a trigger is enabled and neither ours nor PostgreSQL's own for a constraint that the engine keeps.
fn is_foreign(relation: pg_sys::Relation, trigger: &pg_sys::Trigger, ours: &[usize]) -> bool {
    let writes = pg_sys::TRIGGER_TYPE_INSERT | pg_sys::TRIGGER_TYPE_UPDATE | pg_sys::TRIGGER_TYPE_DELETE;
    if trigger.tgenabled as u8 == DISABLED || !is_for(trigger, writes) {
        return false;
    }
    // SAFETY: catalog look-ups; what is missing gives InvalidOid.
    unsafe {
        match pg_sys::RI_FKey_trigger_type(trigger.tgfoid) as u32 {
            pg_sys::RI_TRIGGER_PK => !owner::is_ours(trigger.tgconstrrelid),
            pg_sys::RI_TRIGGER_FK => !owner::is_ours(trigger.tgconstrrelid) || !is_of(relation, trigger, ours),
            _ if trigger.tgfoid.to_u32() == pg_sys::F_UNIQUE_KEY_RECHECK => false,
            _ => {
                let extension = pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, trigger.tgfoid);
                extension == pg_sys::InvalidOid || extension != pg_sys::get_extension_oid(c"pg_bourse".as_ptr(), true)
            }
        }
    }
}

/// Whether a foreign key is of our columns alone.
fn is_of(relation: pg_sys::Relation, trigger: &pg_sys::Trigger, ours: &[usize]) -> bool {
    // SAFETY: the relation is open; a constraint that is gone has no name.
    unsafe {
        let name = pg_sys::get_constraint_name(trigger.tgconstraint);
        let mut constraint = pg_sys::InvalidOid;
        if name.is_null() {
            return false;
        }
        let table = (*relation).rd_id;
        let columns = guarded(|| get_relation_constraint_attnos(table, name, true, &raw mut constraint));
        let mut member = -1;
        loop {
            member = pg_sys::bms_next_member(columns, member);
            if member < 0 {
                return constraint == trigger.tgconstraint;
            }
            let column = member + pg_sys::FirstLowInvalidHeapAttributeNumber - 1;
            if !usize::try_from(column).is_ok_and(|column| ours.contains(&column)) {
                return false;
            }
        }
    }
}

/// Refuses a trigger that cannot see, or must not see, what the engine writes.
fn require_honoured(relation: pg_sys::Oid, trigger: &pg_sys::Trigger, table: &str) {
    // SAFETY: a trigger has its name.
    let name = unsafe { CStr::from_ptr(trigger.tgname) }.to_string_lossy();
    let is_after_row = is_for(trigger, pg_sys::TRIGGER_TYPE_ROW) && !is_for(trigger, pg_sys::TRIGGER_TYPE_BEFORE);
    if !is_after_row || !trigger.tgoldtable.is_null() || !trigger.tgnewtable.is_null() {
        session::raise_unfit(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            &format!("trigger {name} on {table} would not see what the engine writes"),
            "Make it an AFTER ... FOR EACH ROW trigger without REFERENCING, or ALTER TABLE ... DISABLE TRIGGER.",
        );
    }
    let what = format!("trigger {name} on {table}");
    called::require_safe_trigger(relation, trigger.tgfoid, &what);
    // SAFETY: the condition of a trigger is an expression, or null.
    unsafe { called::require_safe_text(relation, trigger.tgqual, &what) }
}

/// Refuses rules that rewrite an INSERT, UPDATE or DELETE: the engine's are not rewritten.
fn refuse_rules(relation: pg_sys::Relation, table: &str) {
    // SAFETY: an open relation has a list of its rules or none.
    let rewrites = unsafe {
        let rules = (*relation).rd_rules;
        !rules.is_null()
            && (0..(*rules).numLocks as usize).any(|at| {
                let rule = &**(*rules).rules.add(at);
                rule.event != pg_sys::CmdType::CMD_SELECT && rule.enabled as u8 != DISABLED
            })
    };
    if rewrites {
        session::raise_unfit(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            &format!("a rule on {table} would not see what the engine writes"),
            "DROP RULE, or ALTER TABLE ... DISABLE RULE; write an AFTER ... FOR EACH ROW trigger.",
        );
    }
}

/// Whether the table has a CHECK constraint that is not ours, or no longer what it was.
fn has_foreign_check(relation: pg_sys::Relation, table: &str, ours: &[Check]) -> bool {
    // SAFETY: an open relation has a tuple descriptor, with constraints or without; a constraint has its name.
    unsafe {
        let constraints = (*(*relation).rd_att).constr;
        if constraints.is_null() {
            return false;
        }
        let is_foreign = |check: &&pg_sys::ConstrCheck| {
            let name = check.ccname;
            let table_oid = (*relation).rd_id;
            let oid = guarded(|| get_relation_constraint_oid(table_oid, name, false));
            let definition = session::spelled_plainly(|| {
                pgrx::direct_function_call::<String>(pg_sys::pg_get_constraintdef, &[Some(oid.into())])
            });
            let name = CStr::from_ptr(name).to_string_lossy();
            !definition.is_some_and(|definition| ours.iter().any(|check| check.is(&name, &definition)))
        };
        let all = std::slice::from_raw_parts((*constraints).check, (*constraints).num_check as usize);
        let foreign: Vec<&pg_sys::ConstrCheck> = all.iter().filter(is_foreign).collect();
        for check in &foreign {
            let what = format!("constraint {} on {table}", CStr::from_ptr(check.ccname).to_string_lossy());
            called::require_safe_text((*relation).rd_id, check.ccbin, &what);
        }
        !foreign.is_empty()
    }
}

// SAFETY: the declarations of `src/include/catalog/pg_constraint.h`, unchanged in 15 to 18; not in pgrx's bindings.
unsafe extern "C-unwind" {
    fn get_relation_constraint_oid(relation: pg_sys::Oid, name: *const c_char, missing_ok: bool) -> pg_sys::Oid;
    fn get_relation_constraint_attnos(
        relation: pg_sys::Oid,
        name: *const c_char,
        missing_ok: bool,
        constraint: *mut pg_sys::Oid,
    ) -> *mut pg_sys::Bitmapset;
}
