//! Reading the columns of a row, strictly: what cannot be there is an ERROR (XX001) that names table, row, column and
//! value. It is never taken for something else: a row that says nothing would be read as zero, or as a side.
//!
//! `int`, `money`, `text` … are for columns that hold a value in every row, `some_int` and its kin for those that may
//! be NULL.

use std::ffi::CStr;

use money::{Money, Rate};
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;
use pgrx::{FromDatum, PgSqlErrorCode, pg_sys};

use super::column::{Kind, Layout};
use super::numeric::Numeric;
use super::session;
use super::value::{self, Json, Timestamp, Uuid};
use crate::error::clip;

/// Where a version of a row stands.
pub type Tid = pg_sys::ItemPointerData;

/// The current row of a scan. Its columns are read by their place in the list that the table was opened with.
pub struct Row<'a> {
    pub(super) layout: &'a Layout,
    /// The table, open.
    pub(super) relation: pg_sys::Relation,
    /// The slot that the row is in.
    pub(super) slot: *mut pg_sys::TupleTableSlot,
}

impl Row<'_> {
    fn datum(&self, column: usize) -> Option<pg_sys::Datum> {
        let at = self.layout.at[column];
        // SAFETY: the slot holds a row of this table, and `at` is one of its columns.
        unsafe {
            if ((*self.slot).tts_nvalid as usize) <= at {
                pg_sys::slot_getsomeattrs_int(self.slot, at as i32 + 1);
            }
            (!*(*self.slot).tts_isnull.add(at)).then(|| *(*self.slot).tts_values.add(at))
        }
    }

    /// Where the row stands.
    pub fn tid(&self) -> Tid {
        // SAFETY: the slot is this table's.
        unsafe { (*self.slot).tts_tid }
    }

    /// The transaction that wrote this version of the row.
    pub fn writer(&self) -> u32 {
        let (slot, mut is_null) = (self.slot, false);
        // SAFETY: the slot holds a stored row of this table, which has its system columns.
        unsafe {
            let read = (*(*slot).tts_ops).getsysattr;
            let column = pg_sys::MinTransactionIdAttributeNumber;
            read.map_or(0, |read| guarded(|| read(slot, column, &raw mut is_null)).value() as u32)
        }
    }

    /// Whether somebody else, whose transaction has not ended, has locked this version of the row, or is changing it.
    pub fn is_held(&self) -> bool {
        let Some((mask, holder)) = self.last_touch() else { return false };
        let is = |flag: u32| mask & flag != 0;
        if is(pg_sys::HEAP_XMAX_INVALID | pg_sys::HEAP_XMAX_COMMITTED) {
            return false;
        }
        // SAFETY: asks the list of running transactions about a number that it knows.
        unsafe {
            if is(pg_sys::HEAP_XMAX_IS_MULTI) {
                pg_sys::MultiXactIdIsRunning(holder, is(pg_sys::HEAP_XMAX_LOCK_ONLY))
            } else {
                !pg_sys::TransactionIdIsCurrentTransactionId(holder) && pg_sys::TransactionIdIsInProgress(holder)
            }
        }
    }

    /// Whether somebody is just changing this version of the row, or has since: as far as it tells that itself, without
    /// a look at who is at work. Not whether it is locked.
    pub fn is_changing(&self) -> bool {
        let no = pg_sys::HEAP_XMAX_INVALID | pg_sys::HEAP_XMAX_LOCK_ONLY | pg_sys::HEAP_XMAX_IS_MULTI;
        self.last_touch().is_some_and(|(mask, _)| mask & no == 0)
    }

    /// What the version says of who has locked or changed it last; none where the row is no version in a page.
    fn last_touch(&self) -> Option<(u32, pg_sys::TransactionId)> {
        // SAFETY: a slot with these operations holds a tuple of the heap, in a page that it has pinned, or none. Who has
        // locked it is written under a lock of the page that is not taken here: what is read may be the state of before.
        unsafe {
            if !std::ptr::eq((*self.slot).tts_ops, &raw const pg_sys::TTSOpsBufferHeapTuple) {
                return None;
            }
            let tuple = (*self.slot.cast::<pg_sys::BufferHeapTupleTableSlot>()).base.tuple;
            if tuple.is_null() {
                return None;
            }
            let header = (*tuple).t_data;
            Some((u32::from((*header).t_infomask), (*header).t_choice.t_heap.t_xmax))
        }
    }

    /// What the column holds, as the type of the caller's choice.
    fn get<T: FromDatum>(&self, column: usize) -> Option<T> {
        // SAFETY: the caller names a column of that type, which was compared when the table was opened.
        self.datum(column).and_then(|d| unsafe { T::from_datum(d, false) })
    }

    /// What was read of a column that is never NULL.
    pub fn require<T>(&self, column: usize, value: Option<T>) -> T {
        value.unwrap_or_else(|| self.raise_corrupted(column))
    }

    /// Whether the column holds NULL.
    pub fn is_null(&self, column: usize) -> bool {
        self.datum(column).is_none()
    }

    /// A bigint.
    pub fn int(&self, column: usize) -> i64 {
        self.require(column, self.some_int(column))
    }

    /// A bigint that may be NULL.
    pub fn some_int(&self, column: usize) -> Option<i64> {
        self.get(column)
    }

    /// A bigint that is never below zero, or NULL.
    pub fn some_count(&self, column: usize) -> Option<i64> {
        let count = self.some_int(column)?;
        if count < 0 { self.raise_corrupted(column) } else { Some(count) }
    }

    /// An integer that may be NULL.
    pub fn some_int4(&self, column: usize) -> Option<i32> {
        self.get(column)
    }

    /// A smallint that may be NULL.
    pub fn some_int2(&self, column: usize) -> Option<i16> {
        self.get(column)
    }

    /// A uuid that may be NULL.
    pub fn some_uuid(&self, column: usize) -> Option<Uuid> {
        self.get(column).map(|uuid: pgrx::Uuid| Uuid(*uuid.as_bytes()))
    }

    /// An interval that may be NULL, months of 30 days, in microseconds.
    pub fn some_interval(&self, column: usize) -> Option<i64> {
        self.get(column).map(value::microseconds)
    }

    /// A time of day that may be NULL, in microseconds.
    pub fn some_clock(&self, column: usize) -> Option<i64> {
        self.get(column)
    }

    /// A jsonb that may be NULL, copied out of the row.
    pub fn some_json(&self, column: usize) -> Option<Json> {
        self.datum(column).map(Json::kept)
    }

    /// A boolean.
    pub fn bool(&self, column: usize) -> bool {
        self.require(column, self.some_bool(column))
    }

    /// A boolean that may be NULL.
    pub fn some_bool(&self, column: usize) -> Option<bool> {
        self.get(column)
    }

    /// A finite timestamptz.
    pub fn time(&self, column: usize) -> Timestamp {
        self.require(column, self.some_time(column).filter(|t| t.is_finite()))
    }

    /// A timestamptz that may be NULL, or infinite.
    pub fn some_time(&self, column: usize) -> Option<Timestamp> {
        self.some_int(column).map(Timestamp)
    }

    /// A numeric that may be NULL, not looked into; valid until the scan moves on.
    pub fn some_numeric(&self, column: usize) -> Option<Numeric> {
        self.datum(column).map(Numeric::from_raw)
    }

    /// An amount of a NUMERIC(20,8) column.
    pub fn money(&self, column: usize) -> Money {
        self.require(column, self.some_money(column))
    }

    /// An amount of a NUMERIC(20,8) column that may be NULL.
    pub fn some_money(&self, column: usize) -> Option<Money> {
        let read = |n: Numeric| n.money().unwrap_or_else(|_| self.raise_corrupted(column));
        self.some_numeric(column).map(read)
    }

    /// An amount that is never below zero.
    pub fn amount(&self, column: usize) -> Money {
        self.require(column, self.some_amount(column))
    }

    /// An amount that is never below zero, or NULL.
    pub fn some_amount(&self, column: usize) -> Option<Money> {
        let money = self.some_money(column)?;
        if money < Money::ZERO { self.raise_corrupted(column) } else { Some(money) }
    }

    /// A rate of a NUMERIC(9,8) column.
    pub fn rate(&self, column: usize) -> Rate {
        self.require(column, self.some_rate(column))
    }

    /// A rate of a NUMERIC(9,8) column that may be NULL: a fraction of the whole, which no rate exceeds.
    pub fn some_rate(&self, column: usize) -> Option<Rate> {
        let fraction = |money: Money| {
            let rate = i64::try_from(money.units()).ok().and_then(|units| Rate::from_units(units).ok());
            self.require(column, rate)
        };
        self.some_money(column).map(fraction)
    }

    /// A bytea that may be NULL; it stands in the row, so it is valid until the scan moves on.
    pub fn some_bytes(&self, column: usize) -> Option<&[u8]> {
        self.get(column)
    }

    /// The bytes of a text or number, wherever they are stored; nothing is fetched for it.
    pub fn size(&self, column: usize) -> usize {
        // SAFETY: the caller names a column of variable length.
        self.datum(column).map_or(0, |datum| unsafe { pg_sys::toast_raw_datum_size(datum) })
    }

    /// A text; it stands in the row, so it is valid until the scan moves on.
    pub fn text(&self, column: usize) -> &str {
        self.require(column, self.some_text(column))
    }

    /// A text that may be NULL; it stands in the row, so it is valid until the scan moves on.
    pub fn some_text(&self, column: usize) -> Option<&str> {
        self.get(column)
    }

    /// A word out of a fixed list.
    pub fn word<T>(&self, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> T {
        self.require(column, self.some_text(column).and_then(parse))
    }

    /// A word out of a fixed list, or NULL.
    pub fn some_word<T>(&self, column: usize, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.some_text(column).map(|text| parse(text).unwrap_or_else(|| self.raise_corrupted(column)))
    }

    /// Raises the ERROR of a value that cannot be there.
    #[cold]
    #[inline(never)]
    pub fn raise_corrupted(&self, column: usize) -> ! {
        let (name, kind) = self.layout.columns[column];
        let is = self.datum(column).map_or("NULL".to_owned(), |datum| spelled(datum, kind));
        raise_corrupted(&self.layout.table(), &self.identity(), &format!("{name} is {}", clip(&is)));
    }

    /// What tells this row from the others of its table: its primary key, or where it stands when that says nothing.
    pub(super) fn identity(&self) -> String {
        self.primary_key().unwrap_or_else(|| {
            let tid = self.tid();
            let block = u32::from(tid.ip_blkid.bi_hi) << 16 | u32::from(tid.ip_blkid.bi_lo);
            format!("ctid ({block},{})", tid.ip_posid)
        })
    }

    /// The columns of the primary key and their values in the row of the slot; none: there is no such key, or the row
    /// does not say.
    fn primary_key(&self) -> Option<String> {
        let mut parts = Vec::new();
        // SAFETY: the relation is open; its list of indexes is made before the primary key is asked for. Every key
        // column is one of the table's, whose row is in the slot, and has the output function of its type.
        unsafe {
            pg_sys::list_free(pg_sys::RelationGetIndexList(self.relation));
            let key = (*self.relation).rd_pkindex;
            if key == pg_sys::InvalidOid {
                return None;
            }
            let index = pg_sys::index_open(key, pg_sys::AccessShareLock as i32);
            let count = (*(*index).rd_index).indnkeyatts as usize;
            let places = (*(*index).rd_index).indkey.values.as_slice(count);
            let descriptor = pgrx::PgTupleDesc::from_pg_unchecked((*self.relation).rd_att);
            for place in places {
                let (at, attribute) = (*place as usize, descriptor.get((*place as usize).checked_sub(1)?)?);
                pg_sys::slot_getsomeattrs_int(self.slot, at as i32);
                if *(*self.slot).tts_isnull.add(at - 1) {
                    return None;
                }
                let (mut output, mut varies) = (pg_sys::InvalidOid, false);
                pg_sys::getTypeOutputInfo(attribute.atttypid, &raw mut output, &raw mut varies);
                let value = pg_sys::OidOutputFunctionCall(output, *(*self.slot).tts_values.add(at - 1));
                let value = CStr::from_ptr(value).to_string_lossy();
                parts.push(format!("{} {}", pgrx::name_data_to_str(&attribute.attname), clip(&value)));
            }
            pg_sys::index_close(index, pg_sys::NoLock as i32);
        }
        Some(parts.join(", "))
    }
}

/// Raises the ERROR of a row that holds what cannot be there (XX001).
#[cold]
pub fn raise_corrupted(table: &str, row: &str, what: &str) -> ! {
    session::raise_unfit(
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        &format!("row of {table} with {row}: {what}"),
        "No row of the exchange holds that: mend it, or restore it from a backup. Nothing has changed.",
    );
}

/// A value as PostgreSQL spells it. What may be a secret is not spelled.
fn spelled(datum: pg_sys::Datum, kind: Kind) -> String {
    let function = match kind {
        Kind::Int => pg_sys::F_INT8OUT,
        Kind::Int4 => pg_sys::F_INT4OUT,
        Kind::Int2 => pg_sys::F_INT2OUT,
        Kind::Uuid => pg_sys::F_UUID_OUT,
        Kind::Json => pg_sys::F_JSONB_OUT,
        Kind::Interval => pg_sys::F_INTERVAL_OUT,
        Kind::Clock => pg_sys::F_TIME_OUT,
        Kind::Bool => pg_sys::F_BOOLOUT,
        Kind::Time | Kind::Generated => pg_sys::F_TIMESTAMPTZ_OUT,
        Kind::Text | Kind::Varchar => pg_sys::F_TEXTOUT,
        Kind::Name => pg_sys::F_NAMEOUT,
        Kind::Money | Kind::Rate | Kind::Numeric => pg_sys::F_NUMERIC_OUT,
        Kind::Bytes => return "not what it should be".to_owned(),
    };
    // SAFETY: the datum is of the type whose output function this is, which gives a fresh C string.
    let text = unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(function.into(), datum)) };
    if matches!(kind, Kind::Text | Kind::Varchar) {
        format!("{:?}", text.to_string_lossy())
    } else {
        text.to_string_lossy().into_owned()
    }
}
