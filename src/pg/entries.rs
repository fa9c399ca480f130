//! Adding a row that has just been stored to the indexes of its table.
//!
//! As the executor does, but for what it costs: an index that has no place for the row is not opened (a queue has a
//! dozen, most of them for few rows), and none is told that it is the update of a row whose keys are the same: that hint
//! has a full page sorted through for old versions, a sixth of a place_order(); our indexes leave room for them instead.

use pgrx::pg_sys;
use pgrx::pg_sys::IndexUniqueCheck;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;

use super::plan::Writer;

/// How many columns an index may have.
const MOST_COLUMNS: usize = pg_sys::INDEX_MAX_KEYS as usize;

impl Writer {
    /// Adds the slot's row, which is new.
    pub(super) fn insert_index_entries(&mut self, relation: pg_sys::Relation) {
        self.add_entries(relation, None, false);
    }

    /// Adds the slot's row, a new version in which these columns may have changed of one that this transaction has
    /// locked. `summarizing`: to the indexes alone that summarize (BRIN).
    ///
    /// A unique index whose key is the very same gets its entry without a look for others: nobody else can have that
    /// key while the old version has it. The look would walk over every version of the row that cannot be cleaned away
    /// yet: the n-th change of a row in one transaction, or beside an old snapshot, would cost n.
    pub(super) fn update_index_entries(&mut self, relation: pg_sys::Relation, changed: &[usize], summarizing: bool) {
        self.add_entries(relation, Some(changed), summarizing);
    }

    fn add_entries(&mut self, relation: pg_sys::Relation, changed: Option<&[usize]>, summarizing: bool) {
        self.turn_to(relation);
        // SAFETY: the executor state has its context, and the slot a row that is stored; predicates and expressions of
        // indexes read it there.
        unsafe { (*(*self.estate).es_per_tuple_exprcontext).ecxt_scantuple = self.slot }
        for at in 0..self.indexes.len() {
            if self.has_place(at, summarizing) {
                self.add_entry(at, changed);
            }
        }
    }

    /// Whether an index has a place for the slot's row.
    fn has_place(&self, at: usize, summarizing: bool) -> bool {
        // SAFETY: the writer's own; the state of a predicate lives as long as the executor state, and has its function.
        unsafe {
            let info = *(*self.result).ri_IndexRelationInfo.add(at);
            #[cfg(feature = "pg15")]
            let is_left_out = summarizing;
            #[cfg(not(feature = "pg15"))]
            let is_left_out = summarizing && !(*info).ii_Summarizing;
            if is_left_out || !(*info).ii_ReadyForInserts {
                return false;
            }
            if (*info).ii_Predicate.is_null() {
                return true;
            }
            if (*info).ii_PredicateState.is_null() {
                (*info).ii_PredicateState = pg_sys::ExecPrepareQual((*info).ii_Predicate, self.estate);
            }
            let (state, mut is_null) = ((*info).ii_PredicateState, false);
            let Some(evaluate) = (*state).evalfunc else { return true };
            // Behind a pointer: pgrx has not guarded it.
            guarded(|| evaluate(state, (*self.estate).es_per_tuple_exprcontext, &raw mut is_null)).value() != 0
        }
    }

    /// Adds the slot's row to one index, and enforces its constraint at once, also one that is DEFERRABLE: the check at
    /// the end of the transaction is a trigger's, and no trigger knows of this row.
    fn add_entry(&self, at: usize, changed: Option<&[usize]>) {
        let index = self.open(at);
        // SAFETY: the index is open, and has its row of pg_index.
        let (info, entry) = unsafe { (&*(*(*self.result).ri_IndexRelationInfo.add(at)), &*(*index).rd_index) };
        if !info.ii_ExclusionOps.is_null() {
            self.insert_into(at, IndexUniqueCheck::UNIQUE_CHECK_NO);
            self.require_exclusion(at);
        } else if !entry.indisunique || changed.is_some_and(|changed| is_same(index, info, changed)) {
            self.insert_into(at, IndexUniqueCheck::UNIQUE_CHECK_NO);
        } else if entry.indimmediate {
            self.insert_into(at, IndexUniqueCheck::UNIQUE_CHECK_YES);
        } else if !self.insert_into(at, IndexUniqueCheck::UNIQUE_CHECK_PARTIAL) {
            self.insert_into(at, IndexUniqueCheck::UNIQUE_CHECK_EXISTING);
        }
    }

    /// Adds the slot's row to one index; false: another may have its key.
    fn insert_into(&self, at: usize, check: IndexUniqueCheck::Type) -> bool {
        let (mut values, mut nulls) = self.key(at);
        // SAFETY: the index is open, the row has just been stored and its tid stands in the slot.
        unsafe {
            let (table, index) = ((*self.result).ri_RelationDesc, *(*self.result).ri_IndexRelationDescs.add(at));
            let (info, tid) = (*(*self.result).ri_IndexRelationInfo.add(at), &raw mut (*self.slot).tts_tid);
            let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::index_insert(index, values, nulls, tid, table, check, false, info)
        }
    }

    fn require_exclusion(&self, at: usize) {
        let (mut values, mut nulls) = self.key(at);
        // SAFETY: as of `insert_into`, which has added the row.
        unsafe {
            let (table, index) = ((*self.result).ri_RelationDesc, *(*self.result).ri_IndexRelationDescs.add(at));
            let (info, tid) = (*(*self.result).ri_IndexRelationInfo.add(at), &raw mut (*self.slot).tts_tid);
            let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::check_exclusion_constraint(table, index, info, tid, values, nulls, self.estate, false);
        }
    }

    /// What an index has of the slot's row.
    fn key(&self, at: usize) -> ([pg_sys::Datum; MOST_COLUMNS], [bool; MOST_COLUMNS]) {
        let (mut values, mut nulls) = ([pg_sys::Datum::null(); MOST_COLUMNS], [false; MOST_COLUMNS]);
        // SAFETY: an index has no more columns than there is room for.
        unsafe {
            let info = *(*self.result).ri_IndexRelationInfo.add(at);
            pg_sys::FormIndexDatum(info, self.slot, self.estate, values.as_mut_ptr(), nulls.as_mut_ptr());
        }
        (values, nulls)
    }
}

/// Whether the key of an immediate unique B-tree on columns alone is none of what has changed.
fn is_same(index: pg_sys::Relation, info: &pg_sys::IndexInfo, changed: &[usize]) -> bool {
    // SAFETY: the index is open.
    let (is_btree, is_immediate) =
        unsafe { ((*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID, (*(*index).rd_index).indimmediate) };
    let keys = &info.ii_IndexAttrNumbers[..info.ii_NumIndexKeyAttrs as usize];
    is_btree
        && is_immediate
        && info.ii_Expressions.is_null()
        && info.ii_Predicate.is_null()
        && keys.iter().all(|key| !changed.contains(&(*key as usize - 1)))
}
