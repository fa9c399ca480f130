//! Reading rows through an index.

use std::ffi::CStr;
use std::ops::ControlFlow;

use pgrx::{PgSqlErrorCode, pg_sys};

pub use super::key::Key;
use super::key::{fits, scan_keys};
pub use super::row::Row;
use super::session;
pub use super::table::Locked;
use super::table::{self, Table, Tid};

/// An index of a table.
#[derive(Clone, Copy)]
pub struct Index(pub(super) pg_sys::Oid);

impl Table {
    /// An index of this table by its name.
    pub fn index(&mut self, name: &'static CStr) -> Index {
        Index(self.plan.index(name))
    }

    /// The index of this table that is declared so: `(a, b) WHERE (a IS NOT NULL)`, as `pg_get_indexdef()` ends.
    pub fn index_on(&mut self, definition: &'static str) -> Option<Index> {
        self.plan.index_on(self.relation, definition).map(Index)
    }

    /// Calls `each` with the rows that match, in the order of the index, until it breaks.
    /// Keys compare the leading columns of the index.
    pub fn scan(&mut self, index: Index, keys: &[Key<'_>], mut each: impl FnMut(&Row<'_>) -> ControlFlow<()>) {
        let mut cursor = self.cursor(index, keys, false);
        while let Some(ControlFlow::Continue(())) = cursor.next(self, &mut each) {}
        cursor.close(self);
    }

    /// As [`Table::scan`], as the running statement sees the table.
    pub fn scan_in_statement(
        &mut self,
        index: Index,
        keys: &[Key<'_>],
        mut each: impl FnMut(&Row<'_>) -> ControlFlow<()>,
    ) {
        // SAFETY: a statement is running, and has its snapshot.
        let snapshot = unsafe { pg_sys::GetActiveSnapshot() };
        let mut cursor = self.cursor_by(snapshot, index, keys, false);
        while let Some(ControlFlow::Continue(())) = cursor.next(self, &mut each) {}
        cursor.close(self);
    }

    /// The last row in the order of the index.
    pub fn last<T>(&mut self, index: Index, read: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        let mut cursor = self.cursor(index, &[], true);
        let found = cursor.next(self, read);
        cursor.close(self);
        found
    }

    /// A scan of the rows that match, in the order of the index or against it. Whoever opens it closes it.
    pub fn cursor(&mut self, index: Index, keys: &[Key<'_>], backward: bool) -> Cursor {
        // SAFETY: the cursor registers the snapshot at once.
        let snapshot = unsafe { pg_sys::GetLatestSnapshot() };
        self.cursor_by(snapshot, index, keys, backward)
    }

    fn cursor_by(&mut self, snapshot: pg_sys::Snapshot, index: Index, keys: &[Key<'_>], backward: bool) -> Cursor {
        // SAFETY: relation, index, snapshot and scan are opened here and closed by `Cursor::close`. An error in between
        // aborts the transaction, which closes them.
        unsafe {
            let relation = pg_sys::index_open(index.0, pg_sys::AccessShareLock as i32);
            if !fits(relation, keys) {
                refuse(relation);
            }
            let snapshot = pg_sys::RegisterSnapshot(snapshot);
            let mut scan_keys = scan_keys(keys);
            let scan = begin_scan(self.relation, relation, snapshot, keys.len() as i32);
            pg_sys::index_rescan(scan, scan_keys.as_mut_ptr(), keys.len() as i32, std::ptr::null_mut(), 0);
            Cursor { scan, relation, snapshot, backward, ended: false }
        }
    }

    /// The first row that matches.
    pub fn find<T>(&mut self, index: Index, keys: &[Key<'_>], read: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        let (mut read, mut found) = (Some(read), None);
        self.scan(index, keys, |row| {
            found = read.take().map(|read| read(row));
            ControlFlow::Break(())
        });
        found
    }

    /// As [`Table::find`], as the running statement sees the table: a statement reads the same from its beginning to its
    /// end, and a transaction that reads one snapshot from its own.
    pub fn find_in_statement<T>(
        &mut self,
        index: Index,
        keys: &[Key<'_>],
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Option<T> {
        // SAFETY: a statement is running, and has its snapshot.
        let snapshot = unsafe { pg_sys::GetActiveSnapshot() };
        let mut cursor = self.cursor_by(snapshot, index, keys, false);
        let found = cursor.next(self, read);
        cursor.close(self);
        found
    }

    /// The newest committed version of the first row that matches, locked against every other writer.
    /// Waits for a transaction that holds it. `None` when there is no row, or no longer.
    pub fn find_locked<T>(&mut self, index: Index, keys: &[Key<'_>], read: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        let tid = self.find(index, keys, |row| row.tid())?;
        let value = self.lock(tid).then(|| read(&self.row()));
        // Also a row that is gone: its page is not kept past the subtransaction that has looked at it.
        self.clear();
        value
    }
}

/// A scan that goes on where it was left. Several may be open on one table.
pub struct Cursor {
    scan: pg_sys::IndexScanDesc,
    relation: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    backward: bool,
    /// At its end a scan would begin anew.
    ended: bool,
}

impl Cursor {
    /// Reads the next row of the table on which the cursor was opened.
    pub fn next<T>(&mut self, table: &mut Table, read: impl FnOnce(&Row<'_>) -> T) -> Option<T> {
        pgrx::check_for_interrupts!();
        let direction = if self.backward {
            pg_sys::ScanDirection::BackwardScanDirection
        } else {
            pg_sys::ScanDirection::ForwardScanDirection
        };
        // SAFETY: the scan is open, and the slot belongs to its relation.
        let found = !self.ended && unsafe { pg_sys::index_getnext_slot(self.scan, direction, table.slot) };
        self.ended = !found;
        found.then(|| read(&table.row()))
    }

    /// Ends the scan.
    pub fn close(self, table: &mut Table) {
        // SAFETY: opened by `Table::cursor` and closed once, for `self` is consumed.
        unsafe {
            pg_sys::index_endscan(self.scan);
            table.clear();
            pg_sys::UnregisterSnapshot(self.snapshot);
            pg_sys::index_close(self.relation, pg_sys::NoLock as i32);
        }
    }
}

impl Table {
    /// As [`Table::find`], of a row that once stood at `tid`: nothing is looked up in an index. `None` when it is not
    /// found that way, wherever it stands.
    pub fn find_at<T>(
        &mut self,
        tid: Tid,
        is_it: impl Fn(&Row<'_>) -> bool,
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Option<T> {
        if !self.reaches(tid) {
            return None;
        }
        // SAFETY: the snapshot is registered while it is used. One version of a row at most is visible to it.
        let visible = unsafe {
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let visible = self.fetch(tid, snapshot);
            pg_sys::UnregisterSnapshot(snapshot);
            visible
        };
        let value = (visible && is_it(&self.row())).then(|| read(&self.row()));
        self.clear();
        value
    }

    /// As [`Table::find_at`], of a row that is about to be changed: its page has room for that if it can be made, as a scan
    /// of an index would see to it. Without, every change would take another page, and an entry in each index.
    pub fn find_at_to_change<T>(
        &mut self,
        tid: Tid,
        is_it: impl Fn(&Row<'_>) -> bool,
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Option<T> {
        self.clear();
        if self.reaches(tid) {
            self.prune(tid);
        }
        self.find_at(tid, is_it, read)
    }

    /// As [`Table::relock`], if nobody else holds the row now.
    pub fn try_lock<T>(
        &mut self,
        tid: Tid,
        is_it: impl Fn(&Row<'_>) -> bool,
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Locked<T> {
        let mut locked = Locked::Gone;
        if self.look(tid) && is_it(&self.row()) {
            locked = self.lock_row(tid, pg_sys::LockWaitPolicy::LockWaitSkip);
        }
        let found = match locked {
            Locked::Row(()) if is_it(&self.row()) => Locked::Row(read(&self.row())),
            Locked::Busy => Locked::Busy,
            Locked::Row(()) | Locked::Gone => Locked::Gone,
        };
        self.clear();
        found
    }

    /// As [`Table::find_locked`], of a row that once stood at `tid`: nothing is looked up in an index. `None` when it
    /// is not found that way, wherever it stands.
    pub fn relock<T>(
        &mut self,
        tid: Tid,
        is_it: impl Fn(&Row<'_>) -> bool,
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Option<T> {
        // The slot pins the page until the row is locked: what has been looked at is not taken away meanwhile.
        let found = self.look(tid) && is_it(&self.row()) && self.lock(tid) && is_it(&self.row());
        let value = found.then(|| read(&self.row()));
        self.clear();
        value
    }

    /// Reads what stands at `tid`, on a page that has room for a change if it can be made.
    fn look(&mut self, tid: Tid) -> bool {
        self.clear();
        if !self.reaches(tid) {
            return false;
        }
        self.prune(tid);
        self.fetch(tid, table::snapshot_any())
    }
}

/// `index_beginscan`, whose arguments grew in PostgreSQL 18.
fn begin_scan(
    heap: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    keys: i32,
) -> pg_sys::IndexScanDesc {
    // SAFETY: the caller has opened both relations and registered the snapshot.
    #[cfg(not(feature = "pg18"))]
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, keys, 0)
    }
    // SAFETY: as above; no instrumentation is asked for.
    #[cfg(feature = "pg18")]
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, std::ptr::null_mut(), keys, 0)
    }
}

fn refuse(index: pg_sys::Relation) -> ! {
    // SAFETY: an open relation has its row of pg_class.
    let name = unsafe { pgrx::name_data_to_str(&(*(*index).rd_rel).relname) }.to_owned();
    session::raise_unfit(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        &format!("index {name} does not stand on the columns that the exchange looks for in it"),
        "Give it another name, and create the index of this name as the migrations did.",
    );
}
