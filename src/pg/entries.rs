//! Adding a row that has just been stored to the indexes of its table.

use pgrx::pg_sys;

use super::plan::Writer;

/// How many columns an index may have.
const MOST_COLUMNS: usize = pg_sys::INDEX_MAX_KEYS as usize;

impl Writer {
    /// Adds the slot's row, which is new.
    pub(super) fn insert_index_entries(&self) {
        self.each_unique(|_, info| {
            // SAFETY: the writer's own.
            unsafe { (*info).ii_ReadyForInserts = true };
        });
        self.insert(false);
    }

    /// Adds the slot's row, a new version in which these columns may have changed of one that this transaction has
    /// locked.
    ///
    /// A unique index whose key is the very same gets its entry without a look for others: nobody else can have that
    /// key while the old version has it. The look would walk over every version of the row that cannot be cleaned away
    /// yet: the n-th change of a row in one transaction, or beside an old snapshot, would cost n.
    pub(super) fn update_index_entries(&self, changed: &[usize], summarizing: bool) {
        let mut same = Vec::new();
        self.each_unique(|at, info| {
            // SAFETY: the writer's own; the keys are columns, for no index of these has expressions. What is left out
            // here is inserted below.
            unsafe {
                let keys = &(&(*info).ii_IndexAttrNumbers)[..(*info).ii_NumIndexKeyAttrs as usize];
                let is_same = keys.iter().all(|key| !changed.contains(&(*key as usize - 1)));
                (*info).ii_ReadyForInserts = !is_same;
                if is_same {
                    same.push(at);
                }
            }
        });
        self.insert(summarizing);
        if !summarizing {
            same.into_iter().for_each(|at| self.insert_into(at, pg_sys::IndexUniqueCheck::UNIQUE_CHECK_NO));
        }
    }

    /// Every immediate unique B-tree on columns alone.
    fn each_unique(&self, mut look: impl FnMut(usize, *mut pg_sys::IndexInfo)) {
        for at in 0..self.indexes.len() {
            // SAFETY: the indexes are open.
            unsafe {
                let (index, info) =
                    (*(*self.result).ri_IndexRelationDescs.add(at), *(*self.result).ri_IndexRelationInfo.add(at));
                let plain = (*info).ii_Expressions.is_null()
                    && (*info).ii_Predicate.is_null()
                    && (*info).ii_ExclusionOps.is_null();
                let entry = &*(*index).rd_index;
                let is_btree = (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID;
                if plain && is_btree && entry.indisready && entry.indisunique && entry.indimmediate {
                    look(at, info);
                }
            }
        }
    }

    /// Adds the slot's row to one index.
    fn insert_into(&self, at: usize, check: pg_sys::IndexUniqueCheck::Type) {
        let (mut values, mut nulls) = self.key(at);
        // SAFETY: the index is open, the row has just been stored and its tid stands in the slot.
        unsafe {
            let (table, index) = ((*self.result).ri_RelationDesc, *(*self.result).ri_IndexRelationDescs.add(at));
            let (info, tid) = (*(*self.result).ri_IndexRelationInfo.add(at), &raw mut (*self.slot).tts_tid);
            let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::index_insert(index, values, nulls, tid, table, check, false, info);
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

    /// Adds the slot's row to the indexes that are ready. Never as the update of a row whose keys are the same: that
    /// hint has a full page sorted through for old versions, a sixth of a place_order(); our indexes leave room for
    /// them instead.
    fn insert(&self, summarizing: bool) {
        // SAFETY: the row has just been stored and its tid stands in the slot.
        #[cfg(feature = "pg15")]
        let deferred = unsafe {
            let _ = summarizing;
            let (none, list) = (std::ptr::null_mut(), std::ptr::null_mut());
            pg_sys::ExecInsertIndexTuples(self.result, self.slot, self.estate, false, false, none, list)
        };
        // SAFETY: as above.
        #[cfg(not(feature = "pg15"))]
        let deferred = unsafe {
            let (none, list) = (std::ptr::null_mut(), std::ptr::null_mut());
            pg_sys::ExecInsertIndexTuples(self.result, self.slot, self.estate, false, false, none, list, summarizing)
        };
        if !deferred.is_null() {
            self.enforce(deferred);
        }
    }

    /// Enforces at once the DEFERRABLE constraints of these indexes that the slot's row may violate: the check at the
    /// end of the transaction is a trigger's, and no trigger knows of this row.
    fn enforce(&self, deferred: *const pg_sys::List) {
        let result = self.result;
        for (at, _) in self.indexes.iter().enumerate().filter(|(_, oid)| {
            // SAFETY: a list of oids, as it was returned.
            unsafe { pg_sys::list_member_oid(deferred, **oid) }
        }) {
            // SAFETY: the indexes are open, and the row and its index entries have just been stored.
            unsafe {
                let info = *(*result).ri_IndexRelationInfo.add(at);
                if (*info).ii_ExclusionOps.is_null() {
                    self.insert_into(at, pg_sys::IndexUniqueCheck::UNIQUE_CHECK_EXISTING);
                    continue;
                }
                let (table, index) = ((*result).ri_RelationDesc, *(*result).ri_IndexRelationDescs.add(at));
                let ((mut values, mut nulls), tid) = (self.key(at), &raw mut (*self.slot).tts_tid);
                let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
                pg_sys::check_exclusion_constraint(table, index, info, tid, values, nulls, self.estate, false);
            }
        }
    }
}
